/** Two families of plain networks that grow: convolutions of 3 x 3, and dense layers. */
import { createGraph } from "./graph.ts";

/** A network of a family. */
export interface FamilyMember {
  readonly onnx: Uint8Array;
  /** Elements of its input. */
  readonly inputs: readonly number[];
  /** Multiply-adds of one run, exactly. */
  readonly macs: number;
}

/** A family: the member whose multiply-adds come closest to a number. */
export type Family = (macs: number) => FamilyMember;

const LAYERS = 4;
const KERNEL = 3;
/** Widest dense layer: larger networks take more rows instead. */
const MAX_WIDTH = 1024;

/** Four convolutions with as many channels in as out, Relu between; channels and picture grow together. */
export const convolutions: Family = (macs) => {
  const channels = 8 * Math.max(1, Math.round((macs / 1e5) ** 0.25));
  const perPixel = LAYERS * KERNEL ** 2 * channels ** 2;
  const size = Math.max(1, Math.round(Math.sqrt(macs / perPixel)));
  const graph = createGraph(3);
  let x = graph.input("x", [1, channels, size, size]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const weights = graph.random([channels, channels, KERNEL, KERNEL], {
      deviation: Math.sqrt(2 / (channels * KERNEL ** 2)),
    });
    const bias = graph.random([channels], { deviation: 0.1 });
    const y = graph.add("Conv", [x, weights, bias], { kernel_shape: [KERNEL, KERNEL], pads: [1, 1, 1, 1] });
    x = graph.add("Relu", [y]);
  }
  return { onnx: graph.encode([x]), inputs: [channels * size ** 2], macs: perPixel * size ** 2 };
};

/** Four dense layers of one width, Relu between; one row until the widest, then more rows. */
export const denseLayers: Family = (macs) => {
  const width = Math.min(MAX_WIDTH, 8 * Math.max(1, Math.round(Math.sqrt(macs / LAYERS) / 8)));
  const perRow = LAYERS * width ** 2;
  const rows = Math.max(1, Math.round(macs / perRow));
  const graph = createGraph(5);
  let x = graph.input("x", [rows, width]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const weights = graph.random([width, width], { deviation: Math.sqrt(2 / width) });
    const bias = graph.random([width], { deviation: 0.1 });
    x = graph.add("Relu", [graph.add("Gemm", [x, weights, bias])]);
  }
  return { onnx: graph.encode([x]), inputs: [rows * width], macs: rows * perRow };
};

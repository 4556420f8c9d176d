/** Residual networks of bottlenecks, the layout of ResNet-50 (He et al. 2015, table 1), with random weights. */
import { createGraph, type GraphBuilder } from "./graph.ts";

/** The network's sizes. */
export interface ResnetSizes {
  /** Height and width of the picture. */
  readonly size: number;
  /** Channels of the stem; bottlenecks of stage s have width x 2^s inside and four times as many outside. */
  readonly width: number;
  /** Bottlenecks of each stage. */
  readonly blocks: readonly number[];
  readonly classes: number;
  readonly seed: number;
}

/** ResNet-50: 25.6 million parameters, 4.1 G multiply-adds at 224 x 224. */
export const RESNET_50: ResnetSizes = { size: 224, width: 64, blocks: [3, 4, 6, 3], classes: 1000, seed: 50 };

const EXPANSION = 4;
/** Scale of a block's last normalisation: sums of many blocks stay of the size of their terms. */
const RESIDUAL_SCALE = 0.5;

/** The ONNX file: input [1,3,size,size], output [1,classes] logits; a batch normalisation behind every convolution. */
export function resnetOnnx(sizes: ResnetSizes): Uint8Array {
  const graph = createGraph(sizes.seed);
  const picture = graph.input("image", [1, 3, sizes.size, sizes.size]);
  const stem = relu(graph, convolution(graph, picture, { from: 3, to: sizes.width, kernel: 7, stride: 2 }));
  let x = graph.add("MaxPool", [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let channels = sizes.width;
  for (const [stage, count] of sizes.blocks.entries()) {
    const inner = sizes.width * 2 ** stage;
    for (let block = 0; block < count; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      x = bottleneck(graph, x, { from: channels, inner, stride });
      channels = EXPANSION * inner;
    }
  }
  const pooled = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])], { axis: 1 });
  const weights = graph.random([sizes.classes, channels], { deviation: 1 / Math.sqrt(channels) });
  const bias = graph.random([sizes.classes], { deviation: 0.1 });
  return graph.encode([graph.add("Gemm", [pooled, weights, bias], { transB: 1 })]);
}

function bottleneck(
  graph: GraphBuilder,
  x: string,
  of: { readonly from: number; readonly inner: number; readonly stride: number },
): string {
  const { from, inner, stride } = of;
  const to = EXPANSION * inner;
  const first = relu(graph, convolution(graph, x, { from, to: inner, kernel: 1 }));
  const second = relu(graph, convolution(graph, first, { from: inner, to: inner, kernel: 3, stride }));
  const last = convolution(graph, second, { from: inner, to, kernel: 1, scale: RESIDUAL_SCALE });
  const same = from === to && stride === 1;
  const shortcut = same ? x : convolution(graph, x, { from, to, kernel: 1, stride });
  return relu(graph, graph.add("Add", [last, shortcut]));
}

/** A convolution without bias and the normalisation behind it; rows of weights keep the variance of their input. */
function convolution(
  graph: GraphBuilder,
  x: string,
  of: {
    readonly from: number;
    readonly to: number;
    readonly kernel: number;
    readonly stride?: number;
    readonly scale?: number;
  },
): string {
  const { from, to, kernel, stride = 1, scale = 1 } = of;
  const pad = kernel >> 1;
  const weights = graph.random([to, from, kernel, kernel], {
    deviation: Math.sqrt(2 / (from * kernel * kernel)),
  });
  const y = graph.add("Conv", [x, weights], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
  const norm = [
    graph.random([to], { mean: scale, deviation: scale / 10 }),
    graph.random([to], { deviation: 0.1 }),
    graph.random([to], { deviation: 0.1 }),
    graph.random([to], { mean: 1, deviation: 0.1 }),
  ];
  return graph.add("BatchNormalization", [y, ...norm]);
}

function relu(graph: GraphBuilder, x: string): string {
  return graph.add("Relu", [x]);
}

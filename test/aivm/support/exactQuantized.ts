/**
 * A quantised graph beside its compiled program, operator by operator: the integers that the program gave are fed into
 * the graph's own formula in doubles (dequantise, operate, quantise half to even, saturate), and the result is compared
 * with the integers that the program gave next. So an operator answers for its own rounding alone.
 */
import type { OnnxNode, OnnxTensor } from "../../../aivm/import/onnx/graph.ts";
import { intAttribute } from "../../../aivm/import/onnx/graph.ts";
import type { CalibratedModel, LoweredModel } from "../../../aivm/import/onnx/lowerModel.ts";
import { roundHalfEven } from "../../../aivm/quantize/scheme.ts";
import type { Tensor } from "../../../aivm/tensor/tensor.ts";
import { permuted, type RealTensor, realValue } from "./exactOps.ts";

/** How the elements of one operator's outputs compare. */
export interface QuantizedRow {
  /** Operators between the DequantizeLinear nodes and the QuantizeLinear, the last one last: "Conv Relu". */
  readonly op: string;
  readonly elements: number;
  readonly offByOne: number;
  readonly offByMore: number;
}

/** What one run gave. */
export interface QuantizedRun {
  readonly lowered: Pick<CalibratedModel, "graph" | "calibration"> & Pick<LoweredModel, "placed">;
  readonly inputs: readonly Tensor[];
  readonly ops: readonly Tensor[];
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** One row per QuantizeLinear that something is computed in front of. @throws RangeError for a graph of another kind. */
export function compareQuantized(run: QuantizedRun): QuantizedRow[] {
  const { graph } = run.lowered;
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const rows: QuantizedRow[] = [];
  for (const node of graph.nodes) {
    if (node.opType !== "QuantizeLinear" || !producers.has(node.inputs[0] ?? "")) continue;
    const cone = createCone(run, producers);
    const real = cone.value(node.inputs[0] ?? "");
    rows.push({ op: cone.ops.join(" "), ...differences(node, real, run) });
  }
  return rows;
}

function differences(
  node: OnnxNode,
  real: RealTensor,
  run: QuantizedRun,
): Pick<QuantizedRow, "elements" | "offByOne" | "offByMore"> {
  const { constants } = run.lowered.calibration;
  const [scale = 1] = numbers(constants.get(node.inputs[1] ?? ""));
  const zero = constants.get(node.inputs[2] ?? "");
  const [lo, hi] = RANGES[zero?.dtype ?? "uint8"] ?? [0, 255];
  const got = integersOf(run, node.outputs[0] ?? "");
  let offByOne = 0;
  let offByMore = 0;
  for (let i = 0; i < real.data.length; i++) {
    const want = Math.min(
      Math.max(roundHalfEven(snapped((real.data[i] ?? 0) / scale)) + (numbers(zero)[0] ?? 0), lo),
      hi,
    );
    const off = Math.abs(want - (got.data[i] ?? 0));
    if (off === 1) offByOne++;
    else if (off !== 0) offByMore++;
  }
  return { elements: real.data.length, offByOne, offByMore };
}

/** Doubles are off by some 1e-12 here: what is that close to half a step is a tie. */
function snapped(value: number): number {
  const halves = Math.round(value * 2);
  return Math.abs(value * 2 - halves) < 1e-9 ? halves / 2 : value;
}

/** Values between DequantizeLinear nodes and one QuantizeLinear, and the operators met on the way. */
function createCone(
  run: QuantizedRun,
  producers: ReadonlyMap<string, OnnxNode>,
): { readonly ops: string[]; readonly value: (name: string) => RealTensor } {
  const ops: string[] = [];
  const value = (name: string): RealTensor => {
    const constant = run.lowered.calibration.constants.get(name);
    const computed = producers.get(name)?.opType;
    if (constant !== undefined && computed !== "DequantizeLinear")
      return { shape: constant.shape, data: Float64Array.from(numbers(constant)) };
    const node = producers.get(name);
    if (node === undefined) throw new RangeError(`nothing computes ${name}`);
    if (node.opType === "DequantizeLinear") return dequantized(run, node);
    const inputs = node.inputs.map((input) => (input === "" ? undefined : value(input)));
    ops.push(node.opType);
    return realValue(
      node,
      inputs.flatMap((x) => (x === undefined ? [] : [x])),
    );
  };
  return { ops, value };
}

/** scale x (integers - zero), one scale or one per index of the axis. */
function dequantized(run: QuantizedRun, node: OnnxNode): RealTensor {
  const { constants } = run.lowered.calibration;
  const [name = "", scaleName = "", zeroName = ""] = node.inputs;
  const constant = constants.get(name);
  const x: RealTensor =
    constant === undefined
      ? integersOf(run, name)
      : { shape: constant.shape, data: Float64Array.from(numbers(constant)) };
  const scales = numbers(constants.get(scaleName));
  const zeros = numbers(constants.get(zeroName));
  const axis = intAttribute(node, "axis", 1);
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const data = x.data.map((v, i) => {
    const at = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length;
    return (scales[at] ?? 1) * (v - (zeros[at] ?? zeros[0] ?? 0));
  });
  return { shape: x.shape, data };
}

/** A quantised tensor as the program computed it, in the file's own integers and axis order. */
function integersOf(run: QuantizedRun, name: string): RealTensor {
  const placed = run.lowered.placed.get(name);
  if (placed === undefined) throw new RangeError(`the program holds no ${name}`);
  const { value, perm } = placed;
  const tensor = (value.ref.kind === "input" ? run.inputs : run.ops)[value.ref.index];
  if (tensor === undefined) throw new RangeError(`${name} is no tensor of this run`);
  const stored = {
    shape: value.shape,
    data: Float64Array.from(tensor.data, (v) => v - value.q.zero),
  };
  if (perm === undefined) return stored;
  return permuted(
    stored,
    perm.map((_, axis) => perm.indexOf(axis)),
  );
}

function numbers(tensor: OnnxTensor | undefined): number[] {
  return tensor === undefined ? [] : Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Rows of the same operators added up, in order of first appearance. */
export function summedRows(rows: readonly QuantizedRow[]): QuantizedRow[] {
  const sums = new Map<string, QuantizedRow>();
  for (const row of rows) {
    const sum = sums.get(row.op) ?? { op: row.op, elements: 0, offByOne: 0, offByMore: 0 };
    sums.set(row.op, {
      op: row.op,
      elements: sum.elements + row.elements,
      offByOne: sum.offByOne + row.offByOne,
      offByMore: sum.offByMore + row.offByMore,
    });
  }
  return [...sums.values()];
}

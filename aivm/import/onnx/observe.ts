/**
 * Beside the float model: which tensors of a graph tell how close a program is, and how their values are read from the
 * program, whatever layout it keeps them in.
 */
import type { Engine } from "../../engine/engine.ts";
import type { Program } from "../../program/program.ts";
import { quantizeInput } from "../../quantize/fidelity.ts";
import { stridesOf } from "../../tensor/shape.ts";
import type { OnnxGraph, OnnxTensor } from "./graph.ts";
import type { Placed } from "./lowering/lowering.ts";
import type { LoweredModel } from "./lowerModel.ts";

/** Operators whose output says less than their input: probabilities hide what logits show. */
const ENDS: ReadonlySet<string> = new Set([
  "Softmax",
  "LogSoftmax",
  "Sigmoid",
  "ArgMax",
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
]);

/** The graph's outputs, each followed back through such operators. */
export function observedTensors(graph: OnnxGraph): readonly string[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const behind = (name: string): string => {
    const node = producers.get(name);
    const input = node?.inputs[0];
    const known = input !== undefined && producers.has(input);
    return node !== undefined && known && ENDS.has(node.opType) ? behind(input) : name;
  };
  return [...new Set(graph.outputs.map((value) => behind(value.name)))];
}

/** A program with an engine for it. */
export interface Running {
  readonly lowered: LoweredModel;
  readonly engine: Engine;
}

/** Real values of tensors of the graph, by name, in the ONNX axis order. Tensors that were folded away are left out. */
export async function readTensors(
  running: Running,
  feeds: readonly OnnxTensor[],
  names: readonly string[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const { program } = running.lowered;
  const inputs = inputsOf(program, feeds);
  const out = new Map<string, Float64Array>();
  const wanted = new Map<number, (readonly [string, Placed])[]>();
  for (const name of names) {
    const placed = running.lowered.placed.get(name);
    if (placed === undefined) continue;
    const { ref } = placed.value;
    if (ref.kind === "op") wanted.set(ref.index, [...(wanted.get(ref.index) ?? []), [name, placed]]);
    else if (ref.kind === "input") out.set(name, realValues(placed, inputs[ref.index]?.data ?? []));
  }
  await running.engine.run({
    inputs,
    onOp: (index, output) => {
      for (const [name, placed] of wanted.get(index) ?? []) out.set(name, realValues(placed, output.data));
    },
  });
  return out;
}

function inputsOf(program: Program, feeds: readonly OnnxTensor[]): ReturnType<typeof quantizeInput>[] {
  return program.inputs.map((port, i) =>
    quantizeInput(port, feeds[i]?.data ?? [], feeds[i]?.dtype === "float32"),
  );
}

/** Dequantised, in the axis order of the graph. */
function realValues(placed: Placed, data: ArrayLike<number>): Float64Array {
  const { shape, q } = placed.value;
  const real = (at: number): number => q.scale * ((data[at] ?? 0) - q.zero);
  const { perm } = placed;
  if (perm === undefined) return Float64Array.from({ length: data.length }, (_, i) => real(i));
  const strides = stridesOf(shape);
  const logical: { readonly size: number; readonly stride: number }[] = [];
  for (const [i, axis] of perm.entries()) logical[axis] = { size: shape[i] ?? 1, stride: strides[i] ?? 1 };
  const out = new Float64Array(data.length);
  let at = 0;
  const walk = (axis: number, from: number): void => {
    const { size, stride } = logical[axis] ?? { size: 1, stride: 0 };
    for (let i = 0; i < size; i++) {
      if (axis === logical.length - 1) out[at++] = real(from + i * stride);
      else walk(axis + 1, from + i * stride);
    }
  };
  walk(0, 0);
  return out;
}

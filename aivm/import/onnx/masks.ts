/** Masks: -infinity added to scores so that a softmax gives 0. Integers have no infinity; a value far below does the same. */
import type { Calibration } from "../../quantize/calibrate.ts";
import type { OnnxGraph } from "./graph.ts";

/** How far below the lowest score a masked one lies: e^-32 is 0 at any scale of a softmax. */
export const MASK_DEPTH = 32;

/** Operators that hand a masked score on to the softmax. */
const PASSES: ReadonlySet<string> = new Set([
  ...["Add", "Where", "Cast", "CastLike", "Identity", "Concat", "Sub", "ReduceMax", "Max"],
  ...["Reshape", "Transpose", "Expand", "Unsqueeze", "Squeeze", "Slice", "Flatten", "Gather"],
]);

/** Operators behind which a masked score is 0. */
const ENDS: ReadonlySet<string> = new Set(["Softmax", "Exp"]);

/** Names of the tensors that hold -infinity and reach nothing but a softmax. */
export function masksOf(graph: OnnxGraph, calibration: Calibration): ReadonlySet<string> {
  const masked = new Set<string>();
  for (const [name, stats] of calibration.stats) if (stats.masked) masked.add(name);
  for (const [name, { data }] of calibration.constants) {
    if (data instanceof Float32Array && data.some((v) => v === Number.NEGATIVE_INFINITY)) masked.add(name);
  }
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const harmless = (name: string): boolean => {
    if (outputs.has(name)) return false;
    const readers = graph.nodes.filter((node) => node.inputs.includes(name));
    return readers.every((node) => ENDS.has(node.opType) || (PASSES.has(node.opType) && node.outputs.every(harmless)));
  };
  return new Set([...masked].filter(harmless));
}

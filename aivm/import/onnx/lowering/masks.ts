/** Masks: -infinity added to scores so that a softmax gives 0. Integers have no infinity; a value far below does the same. */
import type { Calibration } from "../../../quantize/calibrate.ts";
import type { OnnxGraph, OnnxNode } from "../graph.ts";

/** How far below the lowest score a masked one lies: e^-32 is 0 at any scale of a softmax. */
export const MASK_DEPTH = 32;

/** Operators that hand a masked score on to the softmax. */
const PASSES: ReadonlySet<string> = new Set([
  ...["Add", "Where", "Cast", "CastLike", "Identity", "Concat", "Sub", "ReduceMax", "Max"],
  ...["Reshape", "Transpose", "Expand", "Unsqueeze", "Squeeze", "Slice", "Flatten", "Gather", "Pad"],
]);

/** Operators behind which a masked score is 0, or is told from the others. */
const ENDS: ReadonlySet<string> = new Set(["Softmax", "Exp", "Equal"]);

/**
 * The tensors that hold -infinity and reach nothing but a softmax or an equality, with how many sums lie between: each
 * sum must find its operand twice as deep, so that whatever is added the result is still the lowest value.
 */
export function masksOf(graph: OnnxGraph, calibration: Calibration): ReadonlyMap<string, number> {
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const live = graph.nodes.filter((node) => node.outputs.some((name) => !calibration.constants.has(name)));
  const known = new Map<string, number | undefined>();
  const sumsAhead = (name: string): number | undefined => {
    if (known.has(name)) return known.get(name);
    const readers = live.filter((node) => node.inputs.includes(name));
    const counts = outputs.has(name) ? [undefined] : readers.map((node) => through(node, sumsAhead));
    const result = counts.reduce<number | undefined>(
      (a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)),
      0,
    );
    known.set(name, result);
    return result;
  };
  const masks = new Map<string, number>();
  for (const name of maskedNames(calibration)) {
    const sums = sumsAhead(name);
    if (sums !== undefined) masks.set(name, sums);
  }
  return masks;
}

/** Sums from a reader on, or undefined when it, or what reads it, is something that a mask must not reach. */
function through(node: OnnxNode, ahead: (name: string) => number | undefined): number | undefined {
  if (ENDS.has(node.opType)) return 0;
  if (!PASSES.has(node.opType)) return undefined;
  const [sums] = node.outputs.map(ahead);
  return sums === undefined ? undefined : sums + (node.opType === "Add" || node.opType === "Sub" ? 1 : 0);
}

/**
 * True when what is no number in a tensor is never looked at: every reader chooses between it and something else, and
 * the choice was finite in every sample. A softmax of a row that is masked throughout is NaN to a float runtime; models
 * that allow for such rows replace the result.
 */
export function isNeverChosen(graph: OnnxGraph, calibration: Calibration, name: string): boolean {
  if (graph.outputs.some((value) => value.name === name)) return false;
  const readers = graph.nodes.filter((node) => node.inputs.includes(name));
  return readers.every((node) => {
    if (node.opType === "Cast" || node.opType === "Identity" || node.opType === "Where") {
      const [output = ""] = node.outputs;
      const stats = calibration.stats.get(output);
      const finite = stats?.finite === true && !stats.masked;
      return finite ? node.opType === "Where" : isNeverChosen(graph, calibration, output);
    }
    return false;
  });
}

function maskedNames(calibration: Calibration): string[] {
  const computed = [...calibration.stats].filter(([, stats]) => stats.masked).map(([name]) => name);
  const given = [...calibration.constants]
    .filter(([, { data }]) => data instanceof Float32Array && data.includes(Number.NEGATIVE_INFINITY))
    .map(([name]) => name);
  return [...computed, ...given];
}

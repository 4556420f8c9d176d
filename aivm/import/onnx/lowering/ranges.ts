/** Ranges that decide scales: as calibrated, with room for masks, or as a constant has them. */
import type { Calibration } from "../../../quantize/calibrate.ts";
import type { Range } from "../../../quantize/scheme.ts";
import type { OnnxTensor } from "../graph.ts";
import type { LoweringOptions } from "./lowering.ts";
import { MASK_DEPTH } from "./masks.ts";

/** Range of each float tensor as calibrated; masks (-infinity) become finite values that a softmax still turns into 0. */
export function maskedRanges(
  calibration: Calibration,
  masked: ReadonlyMap<string, number>,
  options: LoweringOptions,
): (name: string) => Range | undefined {
  const constants = new Map(
    [...calibration.constants].map(([name, tensor]) => [name, constantRange(tensor)] as const),
  );
  const clips = options.precision === "a8" && options.choices?.clipped === true;
  const finite = (name: string): Range | undefined => {
    const stats = calibration.stats.get(name);
    return (clips ? stats?.clipped?.range : undefined) ?? stats ?? constants.get(name);
  };
  const span = [...masked.keys()].reduce((widest, name) => {
    const range = finite(name);
    return range === undefined ? widest : Math.max(widest, range.max - range.min);
  }, 0);
  return (name) => {
    const range = finite(name);
    const sums = masked.get(name);
    if (range === undefined || sums === undefined) return range;
    return { min: range.min - (MASK_DEPTH + span) * 2 ** sums, max: range.max };
  };
}

/** Smallest and largest finite value of a float constant, 0 among them; undefined for any other tensor. */
export function constantRange(tensor: OnnxTensor | undefined): Range | undefined {
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) return undefined;
  let min = 0;
  let max = 0;
  for (const value of tensor.data) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/**
 * One set of scales for several graphs: a decoder is compiled once for each length of a piece of the prompt, and only
 * programs with the same scales hand each other a cache and agree on every token.
 */
import type { Calibration } from "./calibrate.ts";
import { emptyCalibration } from "./errors.ts";

/**
 * What `own` saw, with the statistics of `other` for every tensor, and every quantity inside an operator, that has the
 * same name there. A mean over a tensor of another size is that of its last axis, repeated; where the last axes differ
 * the own mean stays. Tensors that only `own` has keep what was seen of them.
 * @throws AIVM_CALIBRATION_EMPTY when `own` has no samples: of those tensors nothing would be known.
 */
export function withScalesOf(own: Calibration, other: Calibration): Calibration {
  if (own.sampleCount === 0) throw emptyCalibration();
  const stats = new Map(own.stats);
  for (const [name, seen] of own.stats) {
    const shared = other.stats.get(name);
    const last = own.types.get(name)?.shape.at(-1) ?? 1;
    const same = last === (other.types.get(name)?.shape.at(-1) ?? 1);
    if (shared === undefined) stats.set(name, seen);
    else
      stats.set(name, { ...shared, mean: same ? resized(shared.mean, seen.mean.length, last) : seen.mean });
  }
  return { ...own, stats, probed: new Map([...own.probed, ...other.probed]), sampleCount: other.sampleCount };
}

function resized(mean: Float64Array, length: number, last: number): Float64Array {
  if (mean.length === length) return mean;
  const rows = mean.length / last;
  const row = new Float64Array(last);
  for (const [i, value] of mean.entries()) row[i % last] = (row[i % last] ?? 0) + value / rows;
  return Float64Array.from({ length }, (_, i) => row[i % last] ?? 0);
}

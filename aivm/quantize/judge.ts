/** The judgement of a calibration set by itself: held-out samples beside the ranges that the others span. */
import { constantInput, saturated, unseenRange } from "./errors.ts";
import { shareBeyond } from "./histogram.ts";
import type { Seen } from "./tensorStats.ts";

/** What a set may do at worst. */
export interface JudgeLimits {
  /** How far a held-out value may leave the range of the others, as a share of that range. Default 0.5. */
  readonly unseenLimit?: number;
  /** Largest share of a tensor's held-out values well outside the range of the others. Default 0.01. */
  readonly saturationLimit?: number;
}

const UNSEEN_LIMIT = 0.5;
const SATURATION_LIMIT = 0.01;
/** Well outside: by more than this share of the range. The largest of a few values is often a little too large. */
const MARGIN = 0.1;
/** Fewer values than this say nothing. */
const FEW = 16;

/**
 * Fails on a set that can not be trusted.
 * @param inputs names of the program's inputs
 * @throws AIVM_CALIBRATION_CONSTANT (an input that never varies), AIVM_CALIBRATION_UNSEEN_RANGE (a held-out value far
 * outside), AIVM_CALIBRATION_SATURATION (many held-out values outside)
 */
export function judgeCalibration(
  seen: ReadonlyMap<string, Seen>,
  inputs: readonly string[],
  limits: JudgeLimits,
): void {
  for (const name of inputs) {
    const entry = seen.get(name);
    if (entry === undefined) continue;
    const min = Math.min(entry.range.min, entry.heldRange.min);
    if (min === Math.max(entry.range.max, entry.heldRange.max)) throw constantInput(name, min);
  }
  const unseenLimit = limits.unseenLimit ?? UNSEEN_LIMIT;
  const saturationLimit = limits.saturationLimit ?? SATURATION_LIMIT;
  for (const [item, { range, heldRange, heldHistogram }] of seen) {
    const width = range.max - range.min;
    const excess = Math.max(heldRange.max - range.max, range.min - heldRange.min) / (width > 0 ? width : 1);
    if (Number.isFinite(excess) && excess > unseenLimit)
      throw unseenRange({ item, excess, limit: unseenLimit });
    const margin = MARGIN * width;
    const share = shareBeyond(heldHistogram, { min: range.min - margin, max: range.max + margin });
    if (share > saturationLimit && share * heldHistogram.total >= FEW)
      throw saturated({ item, share, limit: saturationLimit });
  }
}

/** Multipliers and shifts for generated ops: mostly such that results fill their range, sometimes anything valid. */
import { DTYPE_RANGE, type DType, MAX_MULTIPLIER } from "../../../../aivm/index.ts";
import type { Random } from "../../support/random.ts";

/** A multiplier, a shift and a zero point. */
export interface Factors {
  readonly multiplier: number;
  readonly shift: number;
  readonly zero: number;
}

/**
 * Factors for an accumulator of at most `accumulator`: the product stays within 2^53, and in four of five cases a
 * typical accumulator lands near the end of `dtype`, so that both clamps and the rounding show.
 */
export function factorsFor(random: Random, accumulator: bigint, dtype: DType): Factors {
  const most = accumulator === 0n ? MAX_MULTIPLIER : Number(2n ** 53n / accumulator);
  const limit = Math.max(0, Math.min(MAX_MULTIPLIER, most));
  const multiplier = random.pick([
    limit,
    random.int(0, limit),
    random.int(0, limit),
    Math.min(limit, random.int(0, 9)),
  ]);
  const zero = random.pick([0, 0, random.int(-9, 9), random.int(-128, 127), random.int(-32_768, 32_767)]);
  return { multiplier, shift: shiftFor(random, Number(accumulator) * multiplier, dtype), zero };
}

/** Shift that brings a product, or a typical part of it, to the size of `dtype`. */
export function shiftFor(random: Random, product: number, dtype: DType): number {
  if (random.int(0, 4) === 0) return random.pick([0, 1, 62, random.int(0, 62)]);
  const typical = product / random.pick([1, 4, 30, 200]);
  const bits = Math.round(Math.log2(Math.max(1, typical / DTYPE_RANGE[dtype].hi)));
  return Math.max(0, Math.min(62, bits));
}

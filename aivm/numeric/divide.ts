/**
 * Rounded division of exact integers: zero + round(a x multiplier / (b x 2^shift)). A divisor of 0 gives what the
 * quotient tends to as the divisor goes to 0 from above: the end of the range that the dividend's sign points to, and
 * `zero` for 0 / 0. So every division is defined and no run can stop at one.
 */
import { clamp } from "./clamp.ts";
import { powerOfTwo } from "./requant.ts";

/** How a quotient becomes an integer: 0 half to even, 1 toward zero, 2 toward minus infinity. */
export type DivisionRounding = 0 | 1 | 2;

/** Most binary places that a dividend is lifted by: shift is in [-MAX_LIFT, 62]. */
export const MAX_LIFT = 52;

/** Parameters of one division. lo <= hi; zero in i16. */
export interface Division {
  /** In [0, 2^21). */
  readonly multiplier: number;
  /** In [-52, 62]: the divisor is multiplied by 2^shift, or the dividend by 2^-shift. */
  readonly shift: number;
  readonly rounding: DivisionRounding;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * clamp(zero + round(a x multiplier / (b x 2^shift)), lo, hi), exact for every integer |a|, |b| <= 2^53. The compiler
 * proves |a x multiplier x 2^-shift| <= 2^52 and |b x 2^shift| <= 2^53; what lies beyond goes through BigInt.
 */
export function divide(a: number, b: number, by: Division): number {
  const dividend = a * by.multiplier * powerOfTwo(Math.max(0, -by.shift));
  const divisor = b * powerOfTwo(Math.max(0, by.shift));
  // Rounding is monotone: a product computed below 2^53 is the exact one, and powers of two are exact.
  if (Math.abs(dividend) < Number.MAX_SAFE_INTEGER && Math.abs(divisor) < Number.MAX_SAFE_INTEGER) {
    if (divisor === 0) return atZero(Math.sign(dividend), by);
    return clamp(by.zero + divideRound(dividend, divisor, by.rounding), by.lo, by.hi);
  }
  const lift = BigInt(Math.max(0, -by.shift));
  const exactDivisor = BigInt(b) << BigInt(Math.max(0, by.shift));
  const exactDividend = (BigInt(a) * BigInt(by.multiplier)) << lift;
  if (exactDivisor === 0n) return atZero(Math.sign(dividend), by);
  const exact = BigInt(by.zero) + divideRoundBig(exactDividend, exactDivisor, by.rounding);
  if (exact < BigInt(by.lo)) return by.lo;
  return exact > BigInt(by.hi) ? by.hi : Number(exact);
}

/**
 * dividend / divisor rounded, exactly.
 * @param dividend integer, |dividend| < 2^53
 * @param divisor integer other than 0, |divisor| < 2^53
 */
export function divideRound(dividend: number, divisor: number, rounding: DivisionRounding): number {
  // The remainder of f64 integers is exact; so is the difference, a multiple of the divisor, and its quotient.
  const rest = dividend % divisor;
  const towardZero = (dividend - rest) / divisor;
  if (rest === 0 || rounding === 1) return towardZero;
  const away = rest < 0 === divisor < 0 ? 1 : -1;
  if (rounding === 2) return away < 0 ? towardZero - 1 : towardZero;
  const twice = Math.abs(rest) * 2 - Math.abs(divisor);
  return twice > 0 || (twice === 0 && towardZero % 2 !== 0) ? towardZero + away : towardZero;
}

/** The same for bigints of any size; divisor other than 0. */
export function divideRoundBig(dividend: bigint, divisor: bigint, rounding: DivisionRounding): bigint {
  const towardZero = dividend / divisor;
  const rest = dividend - towardZero * divisor;
  if (rest === 0n || rounding === 1) return towardZero;
  const away = rest < 0n === divisor < 0n ? 1n : -1n;
  if (rounding === 2) return away < 0n ? towardZero - 1n : towardZero;
  const twice = 2n * (rest < 0n ? -rest : rest) - (divisor < 0n ? -divisor : divisor);
  return twice > 0n || (twice === 0n && (towardZero & 1n) === 1n) ? towardZero + away : towardZero;
}

/** The value of a division by 0 for a dividend of this sign. */
function atZero(sign: number, by: Division): number {
  if (sign === 0) return clamp(by.zero, by.lo, by.hi);
  return sign < 0 ? by.lo : by.hi;
}

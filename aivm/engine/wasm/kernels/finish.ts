/**
 * Requantisation in f64 (AssemblyScript): clamp(zero + RNE(v), lo, hi) of v = acc x multiplier / 2^shift, which f64
 * holds exactly by the bounds that loading has proven. Clamped before it is rounded: the limits are integers. Adding
 * 1.5 x 2^52 then rounds half to even, by the rounding of f64 addition itself, and leaves the integer, two's
 * complement, in the low 32 bits.
 */

/** 1.5 x 2^52. */
export const MAGIC: f64 = 6755399441055744;

/** lo - zero, hi - zero and zero of the step at hand. */
export let low: f64 = 0;
export let high: f64 = 0;
export let zero: i32 = 0;

/** lo and hi of the step at hand. */
export let least: i32 = 0;
export let most: i32 = 0;

/** Sets the end of the step at hand. */
export function setFinish(newZero: i32, lo: i32, hi: i32): void {
  zero = newZero;
  least = lo;
  most = hi;
  low = <f64>lo - <f64>newZero;
  high = <f64>hi - <f64>newZero;
}

/** multiplier / 2^shift, exactly; shift in [-1022, 1022]. */
export function factorOf(multiplier: i32, shift: i32): f64 {
  return <f64>multiplier * reinterpret<f64>(<u64>(1023 - shift) << 52);
}

/** Element of one value, which may not be NaN. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function finish(value: f64): i32 {
  let bounded = value < low ? low : value;
  bounded = high < bounded ? high : bounded;
  return <i32>reinterpret<i64>(bounded + MAGIC) + zero;
}

/** Elements (i32x4) of two pairs of values, none of them NaN; the limits are splats of `low`, `high`, `zero`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function finish4(p: v128, q: v128, lows: v128, highs: v128, zeros: v128): v128 {
  const magic = f64x2.splat(MAGIC);
  const a = f64x2.add(f64x2.pmin(f64x2.pmax(p, lows), highs), magic);
  const b = f64x2.add(f64x2.pmin(f64x2.pmax(q, lows), highs), magic);
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), zeros);
}

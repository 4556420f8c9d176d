/** Rows of div and isqrt (AssemblyScript) on i32 buffers, in f64: division and roots there are exact IEEE. */
import { finish4, high, low, zero } from "../finish";
import { highPair, lowPair } from "../lanes";

/**
 * y = finish(round((a - zeroA) x lift / ((b - zeroB) x scale))); rounding 0 half to even, 1 toward zero, 2 floor. The
 * dividend is at most 2^52 and the divisor at most 2^53: the f64 quotient lies on the same side of every integer and
 * of every half as the exact one. By 0 it is an infinity, which the clamp takes to the end of the range, or NaN for
 * 0 / 0, which counts as 0. Rows, of at least one element, are computed in fours:
 * buffers have room for a multiple.
 */
export function divide(
  y: usize,
  a: usize,
  b: usize,
  n: i32,
  zeroA: i32,
  zeroB: i32,
  lift: f64,
  scale: f64,
  rounding: i32,
): void {
  const zA = f64x2.splat(<f64>zeroA);
  const zB = f64x2.splat(<f64>zeroB);
  const up = f64x2.splat(lift);
  const down = f64x2.splat(scale);
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const zeros = i32x4.splat(zero);
  const end = <usize>n << 2;
  let i: usize = 0;
  do {
    const left = v128.load(a + i);
    const right = v128.load(b + i);
    let p = quotient(lowPair(left), lowPair(right), zA, zB, up, down);
    let q = quotient(highPair(left), highPair(right), zA, zB, up, down);
    if (rounding != 0) {
      p = whole(f64x2.pmin(f64x2.pmax(p, lows), highs), rounding);
      q = whole(f64x2.pmin(f64x2.pmax(q, lows), highs), rounding);
    }
    v128.store(y + i, finish4(p, q, lows, highs, zeros));
    i += 16;
  } while (i < end);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function quotient(a: v128, b: v128, zeroA: v128, zeroB: v128, lift: v128, scale: v128): v128 {
  const ratio = f64x2.div(f64x2.mul(f64x2.sub(a, zeroA), lift), f64x2.mul(f64x2.sub(b, zeroB), scale));
  return v128.and(ratio, f64x2.eq(ratio, ratio));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function whole(value: v128, rounding: i32): v128 {
  return rounding == 1 ? f64x2.trunc(value) : f64x2.floor(value);
}

/**
 * y = finish(r x factor), r the integer nearest to the square root of (a - zeroX) x lift, which is at most 2^53; a
 * negative one counts as 0. In fours.
 */
export function squareRoot(y: usize, a: usize, n: i32, zeroX: i32, lift: f64, factor: f64): void {
  const zX = f64x2.splat(<f64>zeroX);
  const up = f64x2.splat(lift);
  const k = f64x2.splat(factor);
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const zeros = i32x4.splat(zero);
  const end = <usize>n << 2;
  let i: usize = 0;
  do {
    const x = v128.load(a + i);
    const p = f64x2.mul(root(f64x2.mul(f64x2.sub(lowPair(x), zX), up)), k);
    const q = f64x2.mul(root(f64x2.mul(f64x2.sub(highPair(x), zX), up)), k);
    v128.store(y + i, finish4(p, q, lows, highs, zeros));
    i += 16;
  } while (i < end);
}

/**
 * The f64 root is off by less than one. (r - 1/2)^2 = r x (r - 1) + 1/4 and (r + 1/2)^2 = r x (r + 1) + 1/4 tell which
 * integer is nearest; r x (r - 1) and r x (r + 1) are even and below 2^54, so they are exact.
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function root(value: v128): v128 {
  const one = f64x2.splat(1);
  const argument = f64x2.pmax(f64x2.splat(0), value);
  const r = f64x2.nearest(f64x2.sqrt(argument));
  const tooHigh = f64x2.ge(f64x2.mul(r, f64x2.sub(r, one)), argument);
  const tooLow = f64x2.lt(f64x2.mul(r, f64x2.add(r, one)), argument);
  const lowered = f64x2.sub(r, v128.and(v128.and(tooHigh, f64x2.gt(r, f64x2.splat(0))), one));
  return f64x2.add(lowered, v128.and(tooLow, one));
}

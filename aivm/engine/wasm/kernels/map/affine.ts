/**
 * Rows of add, mul and rescale (AssemblyScript), compiled for every dtype: elements of y, a and b lie one behind the
 * other. Factors hold the multiplier and the power of two; all values are exact in f64 (../finish.ts). The condition of
 * the loops stands behind their bodies: only then do hosts take the making of constant vectors out of them.
 */
import { finish, finish4, high, low, zero } from "../finish";
import { high4, highPair, low4, lowPair, store8 } from "../lanes";

/** y = finish(a x factor + constant), for dtype numbers of y and a. */
export function affine(y: usize, yType: i32, a: usize, aType: i32, n: i32, factor: f64, constant: f64): void {
  if (yType == 0) affineTo<i8>(y, a, aType, n, factor, constant);
  else if (yType == 1) affineTo<i16>(y, a, aType, n, factor, constant);
  else affineTo<i32>(y, a, aType, n, factor, constant);
}

function affineTo<Y>(y: usize, a: usize, aType: i32, n: i32, factor: f64, constant: f64): void {
  if (aType == 0) affineRow<Y, i8>(y, a, n, factor, constant);
  else if (aType == 1) affineRow<Y, i16>(y, a, n, factor, constant);
  else affineRow<Y, i32>(y, a, n, factor, constant);
}

function affineRow<Y, A>(y: usize, a: usize, n: i32, factor: f64, constant: f64): void {
  const k = f64x2.splat(factor);
  const c = f64x2.splat(constant);
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const zeros = i32x4.splat(zero);
  if (n >= 8) {
    do {
      const a0 = low4<A>(a);
      const a1 = high4<A>(a);
      const y0 = finish4(scaled(lowPair(a0), k, c), scaled(highPair(a0), k, c), lows, highs, zeros);
      const y1 = finish4(scaled(lowPair(a1), k, c), scaled(highPair(a1), k, c), lows, highs, zeros);
      store8<Y>(y, y0, y1);
      a += 8 * sizeof<A>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  for (; n > 0; n--) {
    store<Y>(y, <Y>finish(<f64>load<A>(a) * factor + constant));
    a += sizeof<A>();
    y += sizeof<Y>();
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function scaled(pair: v128, factor: v128, constant: v128): v128 {
  return f64x2.add(f64x2.mul(pair, factor), constant);
}

/** y = finish(a x factorA + b x factorB + constant). */
export function sumRow<Y, A, B>(y: usize, a: usize, b: usize, n: i32, factorA: f64, factorB: f64, constant: f64): void {
  const kA = f64x2.splat(factorA);
  const kB = f64x2.splat(factorB);
  const c = f64x2.splat(constant);
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const zeros = i32x4.splat(zero);
  if (n >= 8) {
    do {
      const a0 = low4<A>(a);
      const b0 = low4<B>(b);
      const p0 = f64x2.add(scaled(lowPair(a0), kA, c), f64x2.mul(lowPair(b0), kB));
      const q0 = f64x2.add(scaled(highPair(a0), kA, c), f64x2.mul(highPair(b0), kB));
      const a1 = high4<A>(a);
      const b1 = high4<B>(b);
      const p1 = f64x2.add(scaled(lowPair(a1), kA, c), f64x2.mul(lowPair(b1), kB));
      const q1 = f64x2.add(scaled(highPair(a1), kA, c), f64x2.mul(highPair(b1), kB));
      store8<Y>(y, finish4(p0, q0, lows, highs, zeros), finish4(p1, q1, lows, highs, zeros));
      a += 8 * sizeof<A>();
      b += 8 * sizeof<B>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  for (; n > 0; n--) {
    store<Y>(y, <Y>finish(<f64>load<A>(a) * factorA + constant + <f64>load<B>(b) * factorB));
    a += sizeof<A>();
    b += sizeof<B>();
    y += sizeof<Y>();
  }
}

/**
 * y = finish((a - zeroA) x (b - zeroB) x factor). P is f64, or i32 for products that fit it, of operands of i8 and i16.
 */
export function productRow<Y, A, B, P>(y: usize, a: usize, b: usize, n: i32, zeroA: i32, zeroB: i32, factor: f64): void {
  const k = f64x2.splat(factor);
  const zA = offsetOf<A>(zeroA);
  const zB = offsetOf<B>(zeroB);
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const zeros = i32x4.splat(zero);
  if (n >= 8) {
    do {
      const a0 = low4<A>(a);
      const b0 = low4<B>(b);
      const a1 = high4<A>(a);
      const b1 = high4<B>(b);
      const whole0 = isInteger<P>() ? i32x4.mul(i32x4.sub(a0, zA), i32x4.sub(b0, zB)) : a0;
      const whole1 = isInteger<P>() ? i32x4.mul(i32x4.sub(a1, zA), i32x4.sub(b1, zB)) : a1;
      const p0 = f64x2.mul(isInteger<P>() ? lowPair(whole0) : f64x2.mul(lowFrom<A>(a0, zA), lowFrom<B>(b0, zB)), k);
      const q0 = f64x2.mul(isInteger<P>() ? highPair(whole0) : f64x2.mul(highFrom<A>(a0, zA), highFrom<B>(b0, zB)), k);
      const p1 = f64x2.mul(isInteger<P>() ? lowPair(whole1) : f64x2.mul(lowFrom<A>(a1, zA), lowFrom<B>(b1, zB)), k);
      const q1 = f64x2.mul(isInteger<P>() ? highPair(whole1) : f64x2.mul(highFrom<A>(a1, zA), highFrom<B>(b1, zB)), k);
      store8<Y>(y, finish4(p0, q0, lows, highs, zeros), finish4(p1, q1, lows, highs, zeros));
      a += 8 * sizeof<A>();
      b += 8 * sizeof<B>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  for (; n > 0; n--) {
    const product = (<f64>load<A>(a) - <f64>zeroA) * (<f64>load<B>(b) - <f64>zeroB);
    store<Y>(y, <Y>finish(product * factor));
    a += sizeof<A>();
    b += sizeof<B>();
    y += sizeof<Y>();
  }
}

/** A zero point as lanes: of f64 where the difference might leave i32. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function offsetOf<T>(zero: i32): v128 {
  return sizeof<T>() == 4 ? f64x2.splat(<f64>zero) : i32x4.splat(zero);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function lowFrom<T>(lanes: v128, zero: v128): v128 {
  return sizeof<T>() == 4 ? f64x2.sub(lowPair(lanes), zero) : lowPair(i32x4.sub(lanes, zero));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function highFrom<T>(lanes: v128, zero: v128): v128 {
  return sizeof<T>() == 4 ? f64x2.sub(highPair(lanes), zero) : highPair(i32x4.sub(lanes, zero));
}

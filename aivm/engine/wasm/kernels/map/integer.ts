/**
 * Rows of add and rescale in 32-bit integers (AssemblyScript), for operands and multipliers that leave room: twice as many
 * lanes as f64 has. RNE(v / 2^shift) is (v + half) >> shift, made even at a tie.
 */
import { finish, least, most, zero } from "../finish";
import { high4, low4, store8 } from "../lanes";

/** How the step at hand rounds: shift, half of 2^shift and 2^shift - 1; 0 all without a shift. */
let shift: i32 = 0;
let half: i32 = 0;
let mask: i32 = 0;

/** Sets the shift, 0 to 30. */
export function setShift(newShift: i32): void {
  shift = newShift;
  half = (1 << newShift) >> 1;
  mask = (1 << newShift) - 1;
}

/** Whether sums of magnitude `most` stay in i32 while they are rounded by `shift` and moved by `zero`. */
export function fitsInteger(magnitude: f64, newShift: i32, newZero: i32): bool {
  return newShift <= 30 && magnitude + <f64>(1 << newShift) + abs(<f64>newZero) < 2147483648;
}

/** A tie, whose sum with half has no bit of the mask, goes to the even neighbour below. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function rounded(sum: v128, by: i32, halves: v128, masks: v128, ones: v128, zeros: v128): v128 {
  const moved = i32x4.add(sum, halves);
  const tie = v128.and(i32x4.eq(v128.and(moved, masks), i32x4.splat(0)), ones);
  return i32x4.add(v128.andnot(i32x4.shr_s(moved, by), tie), zeros);
}

/** Clamps eight lanes and stores them. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function storeClamped<Y>(y: usize, low: v128, high: v128, leasts: v128, mosts: v128): void {
  if (sizeof<Y>() == 4) {
    v128.store(y, i32x4.min_s(i32x4.max_s(low, leasts), mosts));
    v128.store(y, i32x4.min_s(i32x4.max_s(high, leasts), mosts), 16);
  } else {
    const narrow = i16x8.min_s(i16x8.max_s(i16x8.narrow_i32x4_s(low, high), leasts), mosts);
    if (sizeof<Y>() == 2) v128.store(y, narrow);
    else v128.store64_lane(y, i8x16.narrow_i16x8_s(narrow, narrow), 0);
  }
}

/** A limit as lanes of the width that storeClamped clamps in. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function limit<Y>(value: i32): v128 {
  return sizeof<Y>() == 4 ? i32x4.splat(value) : i16x8.splat(<i16>value);
}

/** One element. */
function single(sum: i32): i32 {
  const moved = sum + half;
  const tie = <i32>((moved & mask) == 0 && shift > 0);
  return min(max(((moved >> shift) & ~tie) + zero, least), most);
}

/** y = the element of a x multiplier + constant. */
export function affineInteger<Y, A>(y: usize, a: usize, n: i32, multiplier: i32, constant: i32): void {
  const m = i32x4.splat(multiplier);
  const c = i32x4.splat(constant);
  const by = shift;
  const halves = i32x4.splat(half);
  const masks = i32x4.splat(mask);
  const ones = i32x4.splat(by > 0 ? 1 : 0);
  const zeros = i32x4.splat(zero);
  const leasts = limit<Y>(least);
  const mosts = limit<Y>(most);
  if (n >= 8) {
    do {
      const sum0 = i32x4.add(i32x4.mul(low4<A>(a), m), c);
      const sum1 = i32x4.add(i32x4.mul(high4<A>(a), m), c);
      const y0 = rounded(sum0, by, halves, masks, ones, zeros);
      storeClamped<Y>(y, y0, rounded(sum1, by, halves, masks, ones, zeros), leasts, mosts);
      a += 8 * sizeof<A>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  for (; n > 0; n--) {
    store<Y>(y, <Y>single(<i32>load<A>(a) * multiplier + constant));
    a += sizeof<A>();
    y += sizeof<Y>();
  }
}

/** y = the element of a x multiplierA + b x multiplierB + constant. */
export function sumInteger<Y, A, B>(
  y: usize,
  a: usize,
  b: usize,
  n: i32,
  multiplierA: i32,
  multiplierB: i32,
  constant: i32,
): void {
  const mA = i32x4.splat(multiplierA);
  const mB = i32x4.splat(multiplierB);
  const c = i32x4.splat(constant);
  const by = shift;
  const halves = i32x4.splat(half);
  const masks = i32x4.splat(mask);
  const ones = i32x4.splat(by > 0 ? 1 : 0);
  const zeros = i32x4.splat(zero);
  const leasts = limit<Y>(least);
  const mosts = limit<Y>(most);
  if (n >= 8) {
    do {
      const a0 = i32x4.add(i32x4.mul(low4<A>(a), mA), c);
      const a1 = i32x4.add(i32x4.mul(high4<A>(a), mA), c);
      const y0 = rounded(i32x4.add(a0, i32x4.mul(low4<B>(b), mB)), by, halves, masks, ones, zeros);
      const y1 = rounded(i32x4.add(a1, i32x4.mul(high4<B>(b), mB)), by, halves, masks, ones, zeros);
      storeClamped<Y>(y, y0, y1, leasts, mosts);
      a += 8 * sizeof<A>();
      b += 8 * sizeof<B>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  for (; n > 0; n--) {
    store<Y>(y, <Y>single(<i32>load<A>(a) * multiplierA + <i32>load<B>(b) * multiplierB + constant));
    a += sizeof<A>();
    b += sizeof<B>();
    y += sizeof<Y>();
  }
}

/** Bits of the low part of a multiplier that is taken in two. */
const SPLIT: i32 = 11;

/** The least shift that sumSplit takes: a bit of the quotient beyond what the low parts can reach. */
export const LEAST_SPLIT_SHIFT: i32 = 12;

/** Multipliers that sumSplit takes are below this. */
export const MOST_SPLIT: i32 = 1 << 21;

/** Parts of both multipliers as pairs of i16. */
function pairOf(a: i32, b: i32): v128 {
  return i32x4.splat((a & 0xffff) | (b << 16));
}

/**
 * The same for operands of i8 and i16, multipliers below MOST_SPLIT and a shift of at least LEAST_SPLIT_SHIFT. Multipliers are
 * high x 2^11 + low, so the sum is w x 2^11 + r with |w| below 2^27 and 0 <= r < 2^11. What is rounded is
 * 2w + (r != 0): below the half that decides, it only matters whether there is a rest.
 */
export function sumSplit<Y, A, B>(
  y: usize,
  a: usize,
  b: usize,
  n: i32,
  multiplierA: i32,
  multiplierB: i32,
  constant: i32,
  wholeShift: i32,
): void {
  const lowMask = (1 << SPLIT) - 1;
  const lows = pairOf(multiplierA & lowMask, multiplierB & lowMask);
  const highs = pairOf(multiplierA >> SPLIT, multiplierB >> SPLIT);
  const lowConstant = i32x4.splat(constant & lowMask);
  const highConstant = i32x4.splat(constant >> SPLIT);
  // Of 2w, below 2^28, nothing is left after 30 bits.
  const by = min(wholeShift - SPLIT + 1, 30);
  const halves = i32x4.splat(1 << (by - 1));
  const masks = i32x4.splat((1 << by) - 1);
  const ones = i32x4.splat(1);
  const zeros = i32x4.splat(zero);
  const leasts = limit<Y>(least);
  const mosts = limit<Y>(most);
  if (n >= 8) {
    do {
      const left = words8<A>(a);
      const right = words8<B>(b);
      const pairs0 = v128.shuffle<i16>(left, right, 0, 8, 1, 9, 2, 10, 3, 11);
      const pairs1 = v128.shuffle<i16>(left, right, 4, 12, 5, 13, 6, 14, 7, 15);
      const sum0 = splitSum(pairs0, lows, highs, lowConstant, highConstant);
      const sum1 = splitSum(pairs1, lows, highs, lowConstant, highConstant);
      const y0 = rounded(sum0, by, halves, masks, ones, zeros);
      storeClamped<Y>(y, y0, rounded(sum1, by, halves, masks, ones, zeros), leasts, mosts);
      a += 8 * sizeof<A>();
      b += 8 * sizeof<B>();
      y += 8 * sizeof<Y>();
      n -= 8;
    } while (n >= 8);
  }
  const unit = reinterpret<f64>(<u64>(1023 - wholeShift) << 52);
  for (; n > 0; n--) {
    const sum = <i64>load<A>(a) * <i64>multiplierA + <i64>load<B>(b) * <i64>multiplierB + <i64>constant;
    store<Y>(y, <Y>finish(<f64>sum * unit));
    a += sizeof<A>();
    b += sizeof<B>();
    y += sizeof<Y>();
  }
}

/** Elements 0..7 as i16. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function words8<T>(at: usize): v128 {
  return sizeof<T>() == 1 ? v128.load8x8_s(at) : v128.load(at);
}

/** 2w + (r != 0) of sumSplit. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function splitSum(pairs: v128, lows: v128, highs: v128, lowConstant: v128, highConstant: v128): v128 {
  const small = i32x4.add(i32x4.dot_i16x8_s(pairs, lows), lowConstant);
  const carried = i32x4.add(i32x4.shr_s(small, SPLIT), highConstant);
  const whole = i32x4.add(i32x4.dot_i16x8_s(pairs, highs), carried);
  const rest = i32x4.gt_s(v128.and(small, i32x4.splat((1 << SPLIT) - 1)), i32x4.splat(0));
  return i32x4.sub(i32x4.add(whole, whole), rest);
}

/** Sums along an axis (AssemblyScript). */

/** Vectors whose pairwise sums of i16 fit i32 lanes: 2^31 / 2^16. */
const BLOCK: i32 = 32767;

/** Sum of n elements that are `step` bytes apart. */
export function sumOf<T>(x: usize, n: i32, step: i32): i64 {
  if (step == sizeof<T>()) return sizeof<T>() == 4 ? sumOfWords(x, n) : sumOfNarrow<T>(x, n);
  let sum: i64 = 0;
  for (; n > 0; n--) {
    sum += <i64>load<T>(x);
    x += step;
  }
  return sum;
}

function sumOfWords(x: usize, n: i32): i64 {
  let sums = i64x2.splat(0);
  for (; n >= 4; n -= 4) {
    const lanes = v128.load(x);
    sums = i64x2.add(sums, i64x2.add(i64x2.extend_low_i32x4_s(lanes), i64x2.extend_high_i32x4_s(lanes)));
    x += 16;
  }
  let sum = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
  for (; n > 0; n--) {
    sum += <i64>load<i32>(x);
    x += 4;
  }
  return sum;
}

/** i8 and i16: i32 lanes, widened before they can overflow. */
function sumOfNarrow<T>(x: usize, n: i32): i64 {
  const lanes: i32 = 16 / sizeof<T>();
  let sum: i64 = 0;
  while (n >= lanes) {
    let sums = i32x4.splat(0);
    for (let left = min(n / lanes, BLOCK); left > 0; left--) {
      sums = i32x4.add(sums, pairSums<T>(v128.load(x)));
      x += 16;
      n -= lanes;
    }
    sum += laneSum(sums);
  }
  for (; n > 0; n--) {
    sum += <i64>load<T>(x);
    x += sizeof<T>();
  }
  return sum;
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function pairSums<T>(lanes: v128): v128 {
  if (sizeof<T>() == 1) return i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(lanes));
  return i32x4.extadd_pairwise_i16x8_s(lanes);
}

function laneSum(v: v128): i64 {
  const pairs = i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

/** Steps along the axis whose sums fit i32 lanes, whatever the elements of i8 or i16. */
export const MOST_STEPS: i32 = 65535;

/**
 * Sums of n neighbouring lanes over `size` steps of `step` bytes each, as i32 at `to`; for i8 and i16, at most
 * MOST_STEPS steps.
 */
export function sumLanes<T>(to: usize, x: usize, n: i32, size: i32, step: i32): void {
  for (; n >= 8; n -= 8) {
    sumEight<T>(to, x, size, step);
    to += 32;
    x += 8 * sizeof<T>();
  }
  for (; n > 0; n--) {
    store<i32>(to, <i32>sumOf<T>(x, size, step));
    to += 4;
    x += sizeof<T>();
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function sumEight<T>(to: usize, x: usize, size: i32, step: i32): void {
  let low = i32x4.splat(0);
  let high = i32x4.splat(0);
  if (sizeof<T>() == 1) {
    while (size > 0) {
      // 255 x 128 fits i16.
      const steps = min(size, 255);
      let sums = i16x8.splat(0);
      for (let i = 0; i < steps; i++) {
        sums = i16x8.add(sums, v128.load8x8_s(x));
        x += step;
      }
      low = i32x4.add(low, i32x4.extend_low_i16x8_s(sums));
      high = i32x4.add(high, i32x4.extend_high_i16x8_s(sums));
      size -= steps;
    }
  } else {
    for (; size > 0; size--) {
      low = i32x4.add(low, v128.load16x4_s(x));
      high = i32x4.add(high, v128.load16x4_s(x, 8));
      x += step;
    }
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}

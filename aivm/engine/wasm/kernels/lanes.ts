/** Elements of each dtype as i32x4 lanes, and back (AssemblyScript; `sizeof<T>()` is known when a row is compiled). */

/** Elements 0..3 at `at`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function low4<T>(at: usize): v128 {
  if (sizeof<T>() == 1) return i32x4.extend_low_i16x8_s(v128.load8x8_s(at));
  if (sizeof<T>() == 2) return v128.load16x4_s(at);
  return v128.load(at);
}

/** Elements 4..7 at `at`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function high4<T>(at: usize): v128 {
  if (sizeof<T>() == 1) return i32x4.extend_high_i16x8_s(v128.load8x8_s(at));
  if (sizeof<T>() == 2) return v128.load16x4_s(at, 8);
  return v128.load(at, 16);
}

/** Stores eight lanes, which fit T, at `at`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function store8<T>(at: usize, low: v128, high: v128): void {
  if (sizeof<T>() == 4) {
    v128.store(at, low);
    v128.store(at, high, 16);
  } else {
    const narrow = i16x8.narrow_i32x4_s(low, high);
    if (sizeof<T>() == 2) v128.store(at, narrow);
    else v128.store64_lane(at, i8x16.narrow_i16x8_s(narrow, narrow), 0);
  }
}

/** Lanes 0 and 1 of an i32x4 as f64x2. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function lowPair(lanes: v128): v128 {
  return f64x2.convert_low_i32x4_s(lanes);
}

/** Lanes 2 and 3 of an i32x4 as f64x2. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function highPair(lanes: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
}

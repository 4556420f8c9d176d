/** Largest along an axis, and where it is (AssemblyScript). */

/** Largest of n elements that are `step` bytes apart. */
export function largestOf<T>(x: usize, n: i32, step: i32): i32 {
  let best = <i32>load<T>(x);
  if (step == sizeof<T>()) {
    const lanes: i32 = 16 / sizeof<T>();
    if (n >= lanes) {
      best = lineLargest<T>(x, n);
      const done = n - (n % lanes);
      n -= done;
      x += done * sizeof<T>();
    }
  }
  for (; n > 0; n--) {
    best = max(best, <i32>load<T>(x));
    x += step;
  }
  return best;
}

/** Largest of the whole vectors of a line, of which there is at least one. */
function lineLargest<T>(x: usize, n: i32): i32 {
  const lanes: i32 = 16 / sizeof<T>();
  let best = v128.load(x);
  for (x += 16, n -= lanes; n >= lanes; n -= lanes, x += 16) best = v128.max<T>(best, v128.load(x));
  best = v128.max<T>(best, v128.shuffle<i64>(best, best, 1, 0));
  best = v128.max<T>(best, v128.shuffle<i32>(best, best, 1, 0, 3, 2));
  if (sizeof<T>() == 4) return i32x4.extract_lane(best, 0);
  best = v128.max<T>(best, v128.shuffle<i16>(best, best, 1, 0, 3, 2, 5, 4, 7, 6));
  if (sizeof<T>() == 2) return i16x8.extract_lane_s(best, 0);
  return max(i8x16.extract_lane_s(best, 0), i8x16.extract_lane_s(best, 1));
}

/** Index of the first of the largest of n elements that are `step` bytes apart. */
export function firstLargest<T>(x: usize, n: i32, step: i32): i32 {
  const best = <T>largestOf<T>(x, n, step);
  let i = 0;
  for (; load<T>(x) != best; i++) x += step;
  return i;
}

/** Largest of n neighbouring lanes over `size` steps of `step` bytes each, at `to`. */
export function largestLanes<T>(to: usize, x: usize, n: i32, size: i32, step: i32): void {
  const lanes: i32 = 16 / sizeof<T>();
  if (n >= lanes) {
    const last = <usize>(n - lanes) * sizeof<T>();
    // The last vector reaches back over lanes that are done.
    for (let i: usize = 0; i < last; i += 16) largestVector<T>(to + i, x + i, size, step);
    largestVector<T>(to + last, x + last, size, step);
    return;
  }
  for (let i = 0; i < n; i++) {
    store<T>(to, <T>largestOf<T>(x, size, step));
    to += sizeof<T>();
    x += sizeof<T>();
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function largestVector<T>(to: usize, x: usize, size: i32, step: i32): void {
  let best = v128.load(x);
  for (let i = 1; i < size; i++) {
    x += step;
    best = v128.max<T>(best, v128.load(x));
  }
  v128.store(to, best);
}

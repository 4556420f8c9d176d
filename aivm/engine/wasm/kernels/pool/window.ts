/**
 * What a window holds (AssemblyScript): channels at `x` of its first position, `rows` of it `rowStep` bytes apart, each
 * of `columns` positions `columnStep` bytes apart.
 */

/** y = the largest of `least` and the positions, of each of n channels. */
export function largestOfWindow<T>(
  y: usize,
  x: usize,
  n: i32,
  rows: i32,
  columns: i32,
  rowStep: i32,
  columnStep: i32,
  least: i32,
): void {
  const bytes = n * sizeof<T>();
  if (bytes >= 16) {
    // The last vector reaches back over channels that are done.
    for (let i = 0; i < bytes; i += 16) {
      const at = min(i, bytes - 16);
      v128.store(y + at, largest16<T>(x + at, rows, columns, rowStep, columnStep, least));
    }
  } else if (bytes >= 8) {
    for (let i = 0; i < bytes; i += 8) {
      const at = min(i, bytes - 8);
      v128.store64_lane(y + at, largest8<T>(x + at, rows, columns, rowStep, columnStep, least), 0);
    }
  } else {
    for (let i = 0; i < bytes; i += sizeof<T>()) {
      store<T>(y + i, largest1<T>(x + i, rows, columns, rowStep, columnStep, least));
    }
  }
}

function largest16<T>(x: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32, least: i32): v128 {
  let best = v128.splat<T>(<T>least);
  for (; rows > 0; rows--) {
    let at = x;
    for (let i = 0; i < columns; i++) {
      best = v128.max<T>(best, v128.load(at));
      at += columnStep;
    }
    x += rowStep;
  }
  return best;
}

function largest8<T>(x: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32, least: i32): v128 {
  let best = v128.splat<T>(<T>least);
  for (; rows > 0; rows--) {
    let at = x;
    for (let i = 0; i < columns; i++) {
      best = v128.max<T>(best, v128.load64_zero(at));
      at += columnStep;
    }
    x += rowStep;
  }
  return best;
}

function largest1<T>(x: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32, least: i32): T {
  let best = <T>least;
  for (; rows > 0; rows--) {
    let at = x;
    for (let i = 0; i < columns; i++) {
      best = max(best, load<T>(at));
      at += columnStep;
    }
    x += rowStep;
  }
  return best;
}

/** Sums of n channels as i32 at `to`; they fit. */
export function sumWindow<T>(
  to: usize,
  x: usize,
  n: i32,
  rows: i32,
  columns: i32,
  rowStep: i32,
  columnStep: i32,
): void {
  for (; n >= 8; n -= 8) {
    sumEight<T>(to, x, rows, columns, rowStep, columnStep);
    to += 32;
    x += 8 * sizeof<T>();
  }
  for (; n > 0; n--) {
    store<i32>(to, <i32>sumOne<T>(x, rows, columns, rowStep, columnStep));
    to += 4;
    x += sizeof<T>();
  }
}

function sumEight<T>(to: usize, x: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32): void {
  let low = i32x4.splat(0);
  let high = i32x4.splat(0);
  for (; rows > 0; rows--) {
    let at = x;
    for (let i = 0; i < columns; i++) {
      const lanes = sizeof<T>() == 1 ? v128.load8x8_s(at) : v128.load(at);
      low = i32x4.add(low, i32x4.extend_low_i16x8_s(lanes));
      high = i32x4.add(high, i32x4.extend_high_i16x8_s(lanes));
      at += columnStep;
    }
    x += rowStep;
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** Sum of one channel. */
export function sumOne<T>(x: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32): i64 {
  let sum: i64 = 0;
  for (; rows > 0; rows--) {
    let at = x;
    for (let i = 0; i < columns; i++) {
      sum += <i64>load<T>(at);
      at += columnStep;
    }
    x += rowStep;
  }
  return sum;
}

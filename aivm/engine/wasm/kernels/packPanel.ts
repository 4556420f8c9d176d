/**
 * Rows of an activation as a panel (AssemblyScript): i16 [pair][8 rows][2], as sums.ts takes it. Rows beyond the last
 * one hold anything; the second half of an odd last pair holds 0.
 */
import { loadElement } from "./step";

/** Packs `lanes` <= 8 rows of k elements, i8 or i16, to `to`. `b`: first row's first element; strides in elements. */
export function packPanel(
  b: usize,
  dtype: i32,
  rowStride: i32,
  kStride: i32,
  lanes: i32,
  k: i32,
  to: usize,
): void {
  let done = 0;
  if (kStride == 1) done = dtype == 0 ? packRows<i8>(b, rowStride, lanes, k, to) : packRows<i16>(b, rowStride, lanes, k, to);
  else if (rowStride == 1 && lanes == 8) {
    done = dtype == 0 ? packColumns<i8>(b, kStride, k, to) : packColumns<i16>(b, kStride, k, to);
  }
  for (let lane = 0; lane < lanes; lane++) {
    let at = to + (<usize>lane << 2) + (<usize>(done >> 1) << 5);
    for (let i = done; i < k; i++) {
      const value = loadElement(b, dtype, lane * rowStride + i * kStride);
      if ((i & 1) == 0) store<i32>(at, value & 0xffff);
      else {
        store<i16>(at, <i16>value, 2);
        at += 32;
      }
    }
  }
}

/** 8 elements as i16. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function load8<T>(from: usize): v128 {
  return sizeof<T>() == 1 ? v128.load8x8_s(from) : v128.load(from);
}

/** Rows whose elements are neighbours, 8 at a time: pairs of 4 rows are transposed as 32-bit words. @returns elements done of each. */
function packRows<T>(b: usize, rowStride: i32, lanes: i32, k: i32, to: usize): i32 {
  const whole = k & ~7;
  for (let half = 0; half < lanes; half += 4, to += 16) {
    let r0 = rowAt<T>(b, half, lanes, rowStride);
    let r1 = rowAt<T>(b, half + 1, lanes, rowStride);
    let r2 = rowAt<T>(b, half + 2, lanes, rowStride);
    let r3 = rowAt<T>(b, half + 3, lanes, rowStride);
    let at = to;
    for (let i = 0; i < whole; i += 8, at += 128) {
      const a = load8<T>(r0);
      const c = load8<T>(r1);
      const d = load8<T>(r2);
      const e = load8<T>(r3);
      const ac = i8x16.shuffle(a, c, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const de = i8x16.shuffle(d, e, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const ac2 = i8x16.shuffle(a, c, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      const de2 = i8x16.shuffle(d, e, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      v128.store(at, i8x16.shuffle(ac, de, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
      v128.store(at, i8x16.shuffle(ac, de, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 32);
      v128.store(at, i8x16.shuffle(ac2, de2, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 64);
      v128.store(at, i8x16.shuffle(ac2, de2, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 96);
      r0 += 8 * sizeof<T>();
      r1 += 8 * sizeof<T>();
      r2 += 8 * sizeof<T>();
      r3 += 8 * sizeof<T>();
    }
  }
  return whole;
}

/** Address of row `row`, or of the last one. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function rowAt<T>(b: usize, row: i32, lanes: i32, stride: i32): usize {
  return b + <isize>(min(row, lanes - 1) * stride) * sizeof<T>();
}

/** 8 rows that lie side by side: two neighbours in k are interleaved. @returns elements done of each row. */
function packColumns<T>(b: usize, kStride: i32, k: i32, to: usize): i32 {
  const step = <isize>kStride * sizeof<T>();
  for (let i = 1; i < k; i += 2, to += 32) {
    const first = load8<T>(b);
    b += step;
    const second = load8<T>(b);
    b += step;
    v128.store(to, i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23));
    v128.store(to, i8x16.shuffle(first, second, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31), 16);
  }
  return k & ~1;
}

/** Splits a panel of `pairs` pairs: high bytes (-128..127) to `high`, low bytes (0..255) stay in its place; both i16. */
export function splitPanel(panel: usize, pairs: i32, high: usize): void {
  const mask = i16x8.splat(255);
  const end = panel + (<usize>pairs << 5);
  for (; panel < end; panel += 16, high += 16) {
    const v = v128.load(panel);
    v128.store(high, i16x8.shr_s(v, 8));
    v128.store(panel, v128.and(v, mask));
  }
}

/** Sum of a row. */
export function columnSum(from: usize, dtype: i32, stride: i32, k: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < k; i++) sum += <i64>loadElement(from, dtype, i * stride);
  return sum;
}

/** Rows of an activation as a panel (AssemblyScript): [pair][8 rows][2] of i16, or a plane of high bytes and one of low bytes. */
import { loadElement } from "./step";

/**
 * Packs `lanes` <= 8 rows of k elements to `to`, zeros beyond them. `b`: first row's first element; strides in elements.
 * `split`: high bytes (i8) [pairs][8][2], then low bytes (u8) of the same shape, in place of i16.
 */
export function packPanel(
  b: usize,
  dtype: i32,
  rowStride: i32,
  kStride: i32,
  lanes: i32,
  k: i32,
  split: bool,
  to: usize,
): void {
  const pairs = (k + 1) >> 1;
  if (split) packSplit(b, dtype, rowStride, kStride, lanes, k, to);
  else {
    if (lanes < 8 || (k & 1) != 0) memory.fill(to, 0, <usize>pairs << 5);
    for (let lane = 0; lane < lanes; lane++) {
      let at = to + (<usize>lane << 2);
      const row = lane * rowStride;
      for (let i = 0; i < k; i++) {
        store<i16>(at + (<usize>(i & 1) << 1), <i16>loadElement(b, dtype, row + i * kStride));
        if ((i & 1) != 0) at += 32;
      }
    }
  }
}

function packSplit(b: usize, dtype: i32, rowStride: i32, kStride: i32, lanes: i32, k: i32, to: usize): void {
  const plane = <usize>((k + 1) >> 1) << 4;
  memory.fill(to, 0, plane << 1);
  for (let lane = 0; lane < lanes; lane++) {
    for (let i = 0; i < k; i++) {
      const value = loadElement(b, dtype, lane * rowStride + i * kStride);
      const at = to + (<usize>(i >> 1) << 4) + (<usize>lane << 1) + <usize>(i & 1);
      store<i8>(at, <i8>(value >> 8));
      store<u8>(at + plane, <u8>value);
    }
  }
}

/** Sum of a row. */
export function columnSums(from: usize, dtype: i32, stride: i32, k: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < k; i++) sum += <i64>loadElement(from, dtype, i * stride);
  return sum;
}

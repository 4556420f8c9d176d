/** Transposed planes (AssemblyScript): y[r x yStride + c] = x[r + c x xStride], r in rows, c in columns; strides in bytes. */

/** Transposes one plane of elements of 1 << dtype bytes. */
export function transpose(
  dtype: i32,
  y: usize,
  x: usize,
  rows: i32,
  columns: i32,
  yStride: i32,
  xStride: i32,
): void {
  if (dtype == 2) tiles<i32>(y, x, rows, columns, yStride, xStride);
  else if (dtype == 1) tiles<i16>(y, x, rows, columns, yStride, xStride);
  else if (columns == 3 && yStride == 3) interleaveThree(y, x, rows, xStride);
  else if (rows == 3 && xStride == 3) separateThree(y, x, columns, yStride);
  else tiles<i8>(y, x, rows, columns, yStride, xStride);
}

/** Tiles of one vector of rows by a few columns; the last ones reach back over what is done, so that few are cut. */
function tiles<T>(y: usize, x: usize, rows: i32, columns: i32, yStride: i32, xStride: i32): void {
  const height: i32 = 16 / sizeof<T>();
  const width: i32 = sizeof<T>() == 1 ? 8 : 4;
  if (rows < height || columns < width) {
    singly<T>(y, x, rows, columns, yStride, xStride);
    return;
  }
  for (let r = 0; r < rows; r += height) {
    const row = min(r, rows - height);
    const to = y + row * yStride;
    const from = x + row * sizeof<T>();
    for (let c = 0; c < columns; c += width) {
      const column = min(c, columns - width);
      tile<T>(to + column * sizeof<T>(), from + column * xStride, yStride, xStride);
    }
  }
}

function singly<T>(y: usize, x: usize, rows: i32, columns: i32, yStride: i32, xStride: i32): void {
  for (let r = 0; r < rows; r++) {
    let from = x + r * sizeof<T>();
    let to = y + r * yStride;
    for (let c = 0; c < columns; c++) {
      store<T>(to, load<T>(from));
      to += sizeof<T>();
      from += xStride;
    }
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function tile<T>(y: usize, x: usize, yStride: i32, xStride: i32): void {
  if (sizeof<T>() == 1) tile16By8(y, x, yStride, xStride);
  else if (sizeof<T>() == 2) tile8By4(y, x, yStride, xStride);
  else tile4By4(y, x, yStride, xStride);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function lower<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  if (sizeof<T>() == 2) return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function upper<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  if (sizeof<T>() == 2) return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

/** 16 rows by 8 columns of bytes: columns 0, 4 and 2, 6 and so on are interleaved until rows come out whole. */
function tile16By8(y: usize, x: usize, yStride: i32, xStride: i32): void {
  const c0 = v128.load(x);
  const c1 = v128.load(x + xStride);
  const c2 = v128.load(x + 2 * xStride);
  const c3 = v128.load(x + 3 * xStride);
  const c4 = v128.load(x + 4 * xStride);
  const c5 = v128.load(x + 5 * xStride);
  const c6 = v128.load(x + 6 * xStride);
  const c7 = v128.load(x + 7 * xStride);
  storeEightRows(y, yStride, lower<i8>(c0, c4), lower<i8>(c2, c6), lower<i8>(c1, c5), lower<i8>(c3, c7));
  y += 8 * yStride;
  storeEightRows(y, yStride, upper<i8>(c0, c4), upper<i8>(c2, c6), upper<i8>(c1, c5), upper<i8>(c3, c7));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function storeEightRows(y: usize, yStride: i32, a04: v128, a26: v128, a15: v128, a37: v128): void {
  const even0 = lower<i8>(a04, a26);
  const odd0 = lower<i8>(a15, a37);
  const even1 = upper<i8>(a04, a26);
  const odd1 = upper<i8>(a15, a37);
  storeTwoRows(y, yStride, lower<i8>(even0, odd0));
  storeTwoRows(y + 2 * yStride, yStride, upper<i8>(even0, odd0));
  storeTwoRows(y + 4 * yStride, yStride, lower<i8>(even1, odd1));
  storeTwoRows(y + 6 * yStride, yStride, upper<i8>(even1, odd1));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function storeTwoRows(y: usize, yStride: i32, rows: v128): void {
  v128.store64_lane(y, rows, 0);
  v128.store64_lane(y + yStride, rows, 1);
}

/** 8 rows by 4 columns of two bytes. */
function tile8By4(y: usize, x: usize, yStride: i32, xStride: i32): void {
  const c0 = v128.load(x);
  const c1 = v128.load(x + xStride);
  const c2 = v128.load(x + 2 * xStride);
  const c3 = v128.load(x + 3 * xStride);
  const even0 = lower<i16>(c0, c2);
  const odd0 = lower<i16>(c1, c3);
  const even1 = upper<i16>(c0, c2);
  const odd1 = upper<i16>(c1, c3);
  storeTwoRows(y, yStride, lower<i16>(even0, odd0));
  storeTwoRows(y + 2 * yStride, yStride, upper<i16>(even0, odd0));
  storeTwoRows(y + 4 * yStride, yStride, lower<i16>(even1, odd1));
  storeTwoRows(y + 6 * yStride, yStride, upper<i16>(even1, odd1));
}

/** 4 rows by 4 columns of four bytes. */
function tile4By4(y: usize, x: usize, yStride: i32, xStride: i32): void {
  const c0 = v128.load(x);
  const c1 = v128.load(x + xStride);
  const c2 = v128.load(x + 2 * xStride);
  const c3 = v128.load(x + 3 * xStride);
  const even0 = lower<i32>(c0, c2);
  const odd0 = lower<i32>(c1, c3);
  const even1 = upper<i32>(c0, c2);
  const odd1 = upper<i32>(c1, c3);
  v128.store(y, lower<i32>(even0, odd0));
  v128.store(y + yStride, upper<i32>(even0, odd0));
  v128.store(y + 2 * yStride, lower<i32>(even1, odd1));
  v128.store(y + 3 * yStride, upper<i32>(even1, odd1));
}

/** Three planes of bytes, xStride apart, to pixels of three: 16 pixels at a time. */
function interleaveThree(y: usize, x: usize, pixels: i32, xStride: i32): void {
  if (pixels >= 16) {
    do {
      const p = v128.load(x);
      const q = v128.load(x + xStride);
      const r = v128.load(x + 2 * xStride);
      const p0 = i8x16.swizzle(p, i8x16(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5));
      const q0 = i8x16.swizzle(q, i8x16(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1));
      const r0 = i8x16.swizzle(r, i8x16(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1));
      v128.store(y, v128.or(v128.or(p0, q0), r0));
      const p1 = i8x16.swizzle(p, i8x16(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1));
      const q1 = i8x16.swizzle(q, i8x16(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10));
      const r1 = i8x16.swizzle(r, i8x16(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1));
      v128.store(y, v128.or(v128.or(p1, q1), r1), 16);
      const p2 = i8x16.swizzle(p, i8x16(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1));
      const q2 = i8x16.swizzle(q, i8x16(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1));
      const r2 = i8x16.swizzle(r, i8x16(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15));
      v128.store(y, v128.or(v128.or(p2, q2), r2), 32);
      x += 16;
      y += 48;
      pixels -= 16;
    } while (pixels >= 16);
  }
  singly<i8>(y, x, pixels, 3, 3, xStride);
}

/** Pixels of three bytes to three planes, yStride apart: 16 pixels at a time. */
function separateThree(y: usize, x: usize, pixels: i32, yStride: i32): void {
  if (pixels >= 16) {
    do {
      const p = v128.load(x);
      const q = v128.load(x, 16);
      const r = v128.load(x, 32);
      const p0 = i8x16.swizzle(p, i8x16(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
      const q0 = i8x16.swizzle(q, i8x16(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1));
      const r0 = i8x16.swizzle(r, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13));
      v128.store(y, v128.or(v128.or(p0, q0), r0));
      const p1 = i8x16.swizzle(p, i8x16(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
      const q1 = i8x16.swizzle(q, i8x16(-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1));
      const r1 = i8x16.swizzle(r, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14));
      v128.store(y + yStride, v128.or(v128.or(p1, q1), r1));
      const p2 = i8x16.swizzle(p, i8x16(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
      const q2 = i8x16.swizzle(q, i8x16(-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1));
      const r2 = i8x16.swizzle(r, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15));
      v128.store(y + 2 * yStride, v128.or(v128.or(p2, q2), r2));
      x += 48;
      y += 16;
      pixels -= 16;
    } while (pixels >= 16);
  }
  singly<i8>(y, x, 3, pixels, yStride, 3);
}

/**
 * 3x3 depthwise sums along a row of output pixels (AssemblyScript), 4 channels: acc i32 [pixel][8], of which 4 are written.
 * x i16 [pixel][8], its lines `lineBytes` apart; w i16 [column][pair of rows][8 channels][2], of which
 * the 4 channels at `w` count; start i32 [4]. Weights and sums stay in registers, every pixel of x is loaded once.
 */

/** The first two lines' pixels, interleaved. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function interleaved(first: v128, second: v128): v128 {
  return i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

/** sum + the products of one column: pair of lines and third line by their weights. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function column(sum: v128, pair: v128, third: v128, wPair: v128, wThird: v128): v128 {
  return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(pair, wPair)), i32x4.dot_i16x8_s(third, wThird));
}

/** Stride 1: each column of x goes into the three pixels that see it, whose sums take turns in a, b and c. */
export function row3x3(pixels: i32, x: usize, lineBytes: usize, w: usize, start: usize, acc: usize): void {
  const bias = v128.load(start);
  const w0 = v128.load(w);
  const v0 = v128.load(w, 32);
  const w1 = v128.load(w, 64);
  const v1 = v128.load(w, 96);
  const w2 = v128.load(w, 128);
  const v2 = v128.load(w, 160);
  let x1 = x + lineBytes;
  let x2 = x1 + lineBytes;
  let pair = interleaved(v128.load(x), v128.load(x1));
  let third = v128.load16x4_u(x2);
  let a = column(bias, pair, third, w0, v0);
  pair = interleaved(v128.load(x, 16), v128.load(x1, 16));
  third = v128.load16x4_u(x2, 16);
  a = column(a, pair, third, w1, v1);
  let b = column(bias, pair, third, w0, v0);
  for (let left = pixels; ; ) {
    pair = interleaved(v128.load(x, 32), v128.load(x1, 32));
    third = v128.load16x4_u(x2, 32);
    v128.store(acc, column(a, pair, third, w2, v2));
    b = column(b, pair, third, w1, v1);
    let c = column(bias, pair, third, w0, v0);
    if (--left == 0) break;
    pair = interleaved(v128.load(x, 48), v128.load(x1, 48));
    third = v128.load16x4_u(x2, 48);
    v128.store(acc, column(b, pair, third, w2, v2), 32);
    c = column(c, pair, third, w1, v1);
    a = column(bias, pair, third, w0, v0);
    if (--left == 0) break;
    pair = interleaved(v128.load(x, 64), v128.load(x1, 64));
    third = v128.load16x4_u(x2, 64);
    v128.store(acc, column(c, pair, third, w2, v2), 64);
    a = column(a, pair, third, w1, v1);
    b = column(bias, pair, third, w0, v0);
    if (--left == 0) break;
    x += 48;
    x1 += 48;
    x2 += 48;
    acc += 96;
  }
}

/** Stride 2: two more columns for each pixel. */
export function row3x3By2(pixels: i32, x: usize, lineBytes: usize, w: usize, start: usize, acc: usize): void {
  const bias = v128.load(start);
  const w0 = v128.load(w);
  const v0 = v128.load(w, 32);
  const w1 = v128.load(w, 64);
  const v1 = v128.load(w, 96);
  const w2 = v128.load(w, 128);
  const v2 = v128.load(w, 160);
  let x1 = x + lineBytes;
  let x2 = x1 + lineBytes;
  let next = column(bias, interleaved(v128.load(x), v128.load(x1)), v128.load16x4_u(x2), w0, v0);
  const end = acc + (<usize>pixels << 5);
  for (; acc < end; acc += 32) {
    const middle = interleaved(v128.load(x, 16), v128.load(x1, 16));
    const sum = column(next, middle, v128.load16x4_u(x2, 16), w1, v1);
    const pair = interleaved(v128.load(x, 32), v128.load(x1, 32));
    const third = v128.load16x4_u(x2, 32);
    v128.store(acc, column(sum, pair, third, w2, v2));
    next = column(bias, pair, third, w0, v0);
    x += 32;
    x1 += 32;
    x2 += 32;
  }
}

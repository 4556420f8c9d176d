/**
 * The inner loops of products (AssemblyScript): sums of x x w for 4 pixels, or 1, by the 8 channels of a panel. A panel
 * is [pair][8 channels][2] of T (i8, u8 or i16); i32x4.dot_i16x8_s multiplies a pair of x, in every lane, by a pair of
 * weights of each of 4 channels, so that a lane is a channel and no sum crosses lanes.
 *
 * The exits between the steps of an unrolled loop are there for the compiler behind WebAssembly too: it moves all loads
 * of a straight piece of code to its front, and only those of one step fit the registers beside the sums.
 */

/** Weights of half a panel's pair as i16: number `2 i` is channels 0-3 of pair i at `w`, the next one channels 4-7. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair0<T>(w: usize): v128 {
  if (sizeof<T>() == 2) return v128.load(w);
  return v128.load_ext<T>(w);
}
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair1<T>(w: usize): v128 {
  if (sizeof<T>() == 2) return v128.load(w, 16);
  return v128.load_ext<T>(w, 8);
}
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair2<T>(w: usize): v128 {
  if (sizeof<T>() == 2) return v128.load(w, 32);
  return v128.load_ext<T>(w, 16);
}
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair3<T>(w: usize): v128 {
  if (sizeof<T>() == 2) return v128.load(w, 48);
  return v128.load_ext<T>(w, 24);
}

/**
 * Sums of `pixels` pixels, 4 at a time: acc i32 [pixels, rounded up][8] = start i32 [8] + x x w. `table` holds the addresses
 * of the pixels' first elements (u32, plus `offset`), the last one repeated to a multiple of 4; x i16, `segments` pieces of
 * `pairs` >= 1 pairs; `stride` bytes from one piece's start to the next's.
 */
export function sums4<T>(
  table: usize,
  pixels: i32,
  offset: usize,
  weights: usize,
  start: usize,
  acc: usize,
  segments: i32,
  pairs: i32,
  stride: usize,
): void {
  // What the loop itself moves the pointers by in a piece.
  const moved = <usize>((pairs - 1) >> 1);
  const jump = stride - (moved << 3);
  const wJump = (<usize>pairs - (moved << 1)) * 16 * sizeof<T>();
  for (; pixels > 0; pixels -= 4, table += 16, acc += 128) {
    let w = weights;
    let x0 = <usize>load<u32>(table) + offset;
    let x1 = <usize>load<u32>(table, 4) + offset;
    let x2 = <usize>load<u32>(table, 8) + offset;
    let x3 = <usize>load<u32>(table, 12) + offset;
    let a0 = v128.load(start);
    let b0 = v128.load(start, 16);
    let a1 = a0;
    let b1 = b0;
    let a2 = a0;
    let b2 = b0;
    let a3 = a0;
    let b3 = b0;
    for (let s = 0; s < segments; s++) {
      let left = pairs;
      for (;;) {
        const u0 = pair0<T>(w);
        const v0 = pair1<T>(w);
        const p00 = v128.load32_splat(x0);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p00, u0));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p00, v0));
        const p01 = v128.load32_splat(x1);
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p01, u0));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(p01, v0));
        const p02 = v128.load32_splat(x2);
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(p02, u0));
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(p02, v0));
        const p03 = v128.load32_splat(x3);
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(p03, u0));
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(p03, v0));
        if (--left == 0) break;
        const u1 = pair2<T>(w);
        const v1 = pair3<T>(w);
        const p10 = v128.load32_splat(x0, 4);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p10, u1));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p10, v1));
        const p11 = v128.load32_splat(x1, 4);
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p11, u1));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(p11, v1));
        const p12 = v128.load32_splat(x2, 4);
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(p12, u1));
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(p12, v1));
        const p13 = v128.load32_splat(x3, 4);
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(p13, u1));
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(p13, v1));
        if (--left == 0) break;
        x0 += 8;
        x1 += 8;
        x2 += 8;
        x3 += 8;
        w += sizeof<T>() * 32;
      }
      x0 += jump;
      x1 += jump;
      x2 += jump;
      x3 += jump;
      w += wJump;
    }
    v128.store(acc, a0);
    v128.store(acc, b0, 16);
    v128.store(acc, a1, 32);
    v128.store(acc, b1, 48);
    v128.store(acc, a2, 64);
    v128.store(acc, b2, 80);
    v128.store(acc, a3, 96);
    v128.store(acc, b3, 112);
  }
}

/** Sums of one pixel, as sums4. */
export function sums1<T>(
  table: usize,
  offset: usize,
  w: usize,
  start: usize,
  acc: usize,
  segments: i32,
  pairs: i32,
  stride: usize,
): void {
  let x = <usize>load<u32>(table) + offset;
  let a = v128.load(start);
  let b = v128.load(start, 16);
  let even = pairs >> 1;
  let odd = pairs & 1;
  for (let s = 0; s < segments; s++) {
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (let p = 0; p < even; p++) {
      const y = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(y, pair0<T>(w)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(y, pair1<T>(w)));
      const z = v128.load32_splat(x, 4);
      c = i32x4.add(c, i32x4.dot_i16x8_s(z, pair2<T>(w)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(z, pair3<T>(w)));
      x += 8;
      w += sizeof<T>() * 32;
    }
    if (odd) {
      const y = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(y, pair0<T>(w)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(y, pair1<T>(w)));
      x += 4;
      w += sizeof<T>() * 16;
    }
    a = i32x4.add(a, c);
    b = i32x4.add(b, d);
    x += stride - (<usize>pairs << 2);
  }
  v128.store(acc, a);
  v128.store(acc, b, 16);
}

/** Adds i32 sums [pixels][8] x scale to f64 sums of the same shape: exact, the host has proven them below 2^53. */
export function widenSums(acc: usize, sums: usize, pixels: i32, scale: f64): void {
  const by = f64x2.splat(scale);
  const end = acc + (<usize>pixels << 5);
  for (; acc < end; acc += 16, sums += 32) {
    const v = v128.load(acc);
    const upper = i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.mul(f64x2.convert_low_i32x4_s(v), by)));
    v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.mul(f64x2.convert_low_i32x4_s(upper), by)), 16);
  }
}

/** Sets f64 sums [pixels][8] to the i32 values of `start` [8]. */
export function startSums(start: usize, sums: usize, pixels: i32): void {
  const end = sums + (<usize>pixels << 6);
  for (; sums < end; sums += 64) {
    for (let lane: usize = 0; lane < 8; lane++) {
      store<f64>(sums + (lane << 3), <f64>load<i32>(start + (lane << 2)));
    }
  }
}

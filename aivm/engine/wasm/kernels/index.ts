/**
 * The SIMD kernels, in AssemblyScript (fixed-width SIMD only: its results are the same on every host). Pointers are
 * byte offsets into the module's memory, which the host lays out. Sizes are in elements.
 */

/**
 * Dot products of rows and columns: acc[r][c] = sum over k of x[r][k] x w[c][k].
 * x i16 [rows][k], w i16 [cols][k], acc f64 [rows][cols]; rows even, cols a multiple of 4, k and block multiples of 8.
 * i32 partial sums are widened to f64 every `block` steps; the host proves that none can overflow in between (or that
 * the whole sum fits i32, when wrapping in between does no harm).
 */
export function gemm(x: usize, w: usize, acc: usize, rows: i32, cols: i32, k: i32, block: i32): void {
  const rowBytes = (<usize>k) << 1;
  for (let r = 0; r < rows; r += 2) {
    const x0 = x + <usize>r * rowBytes;
    const out0 = acc + ((<usize>r * <usize>cols) << 3);
    const out1 = out0 + ((<usize>cols) << 3);
    for (let c = 0; c < cols; c += 4) {
      tile(x0, x0 + rowBytes, w + <usize>c * rowBytes, rowBytes, out0 + ((<usize>c) << 3), out1 + ((<usize>c) << 3), k, block);
    }
  }
}

/** Two rows by four columns of gemm. */
function tile(
  x0: usize,
  x1: usize,
  w: usize,
  rowBytes: usize,
  out0: usize,
  out1: usize,
  k: i32,
  block: i32,
): void {
  for (let column: usize = 0; column < 32; column += 8) {
    store<f64>(out0 + column, 0);
    store<f64>(out1 + column, 0);
  }
  const end = (<usize>k) << 1;
  const step = (<usize>block) << 1;
  for (let from: usize = 0; from < end; from += step) {
    const to = min(from + step, end);
    let a0 = i32x4.splat(0);
    let a1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let b3 = i32x4.splat(0);
    for (let at = from; at < to; at += 16) {
      const left = v128.load(x0 + at);
      const right = v128.load(x1 + at);
      const w0 = v128.load(w + at);
      const w1 = v128.load(w + rowBytes + at);
      const w2 = v128.load(w + 2 * rowBytes + at);
      const w3 = v128.load(w + 3 * rowBytes + at);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(left, w0));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(left, w1));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(left, w2));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(left, w3));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(right, w0));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(right, w1));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(right, w2));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(right, w3));
    }
    addSums(out0, a0, a1, a2, a3);
    addSums(out1, b0, b1, b2, b3);
  }
}

/**
 * Products channel by channel: acc[r][c] = sum over p of x[r][p x channels + c] x w[p][c].
 * x i16 [rows][rowLength], w i16 [positions][cols] (0 beyond the channels), acc f64 [rows][cols]; cols a multiple of 8
 * and at least `channels`; rows have 8 elements to spare. The host proves that no sum leaves i32.
 */
export function depthwise(
  x: usize,
  w: usize,
  acc: usize,
  rows: i32,
  cols: i32,
  channels: i32,
  positions: i32,
  rowLength: i32,
): void {
  const xStep = (<usize>channels) << 1;
  const wStep = (<usize>cols) << 1;
  let out = acc;
  for (let r = 0; r < rows; r++) {
    const row = x + ((<usize>r * <usize>rowLength) << 1);
    for (let c = 0; c < cols; c += 8) {
      let from = row + ((<usize>c) << 1);
      let weight = w + ((<usize>c) << 1);
      let low = i32x4.splat(0);
      let high = i32x4.splat(0);
      for (let p = 0; p < positions; p++) {
        const a = v128.load(from);
        const b = v128.load(weight);
        low = i32x4.add(low, i32x4.extmul_low_i16x8_s(a, b));
        high = i32x4.add(high, i32x4.extmul_high_i16x8_s(a, b));
        from += xStep;
        weight += wStep;
      }
      v128.store(out, f64x2.convert_low_i32x4_s(low));
      v128.store(out, f64x2.convert_low_i32x4_s(i8x16.shuffle(low, low, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)), 16);
      v128.store(out, f64x2.convert_low_i32x4_s(high), 32);
      v128.store(out, f64x2.convert_low_i32x4_s(i8x16.shuffle(high, high, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)), 48);
      out += 64;
    }
  }
}

/** Adds the four lane sums to four f64 accumulators. */
function addSums(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  store<f64>(out, load<f64>(out) + <f64>laneSum(a));
  store<f64>(out + 8, load<f64>(out + 8) + <f64>laneSum(b));
  store<f64>(out + 16, load<f64>(out + 16) + <f64>laneSum(c));
  store<f64>(out + 24, load<f64>(out + 24) + <f64>laneSum(d));
}

function laneSum(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  );
}

/**
 * Requantises rows of accumulators: out = clamp(zero + RNE((acc + bias[c]) x factor[c])), factor = multiplier / 2^shift.
 * acc f64 [rows][cols], bias f64 [cols], factor f64 [cols], out i32 [rows][cols]; cols even. Exact: the host has
 * proven |acc + bias| x multiplier <= 2^53. Clamped before the conversion to integer.
 */
export function requantize(
  acc: usize,
  bias: usize,
  factor: usize,
  out: usize,
  rows: i32,
  cols: i32,
  zero: f64,
  lo: f64,
  hi: f64,
): void {
  const zeros = f64x2.splat(zero);
  const lows = f64x2.splat(lo);
  const highs = f64x2.splat(hi);
  let at = acc;
  let to = out;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c += 2) {
      const offset = (<usize>c) << 3;
      const sum = f64x2.add(v128.load(at), v128.load(bias + offset));
      const scaled = f64x2.nearest(f64x2.mul(sum, v128.load(factor + offset)));
      const clamped = f64x2.min(f64x2.max(f64x2.add(scaled, zeros), lows), highs);
      v128.store64_lane(to, i32x4.trunc_sat_f64x2_s_zero(clamped), 0);
      at += 16;
      to += 8;
    }
  }
}

/**
 * Unfolds windows into rows: dst[p] = the window of output pixel first + p, padded positions filled with padValue,
 * the row's tail beyond the window with 0. x i16 [N][H][W][C], dst i16 [count][rowLength].
 * `g` points at i32: H W C OH OW kernelH kernelW strideH strideW padTop padLeft dilationH dilationW padValue rowLength.
 */
export function unfold(x: usize, dst: usize, g: usize, first: i32, count: i32): void {
  const height = load<i32>(g);
  const width = load<i32>(g, 4);
  const channels = load<i32>(g, 8);
  const outHeight = load<i32>(g, 12);
  const outWidth = load<i32>(g, 16);
  const kernelH = load<i32>(g, 20);
  const kernelW = load<i32>(g, 24);
  const strideH = load<i32>(g, 28);
  const strideW = load<i32>(g, 32);
  const padTop = load<i32>(g, 36);
  const padLeft = load<i32>(g, 40);
  const dilationH = load<i32>(g, 44);
  const dilationW = load<i32>(g, 48);
  const padValue = <i16>load<i32>(g, 52);
  const rowLength = load<i32>(g, 56);
  const pixelBytes = (<usize>channels) << 1;
  for (let p = 0; p < count; p++) {
    const pixel = first + p;
    const ox = pixel % outWidth;
    const oy = (pixel / outWidth) % outHeight;
    const n = pixel / (outWidth * outHeight);
    let to = dst + ((<usize>p * <usize>rowLength) << 1);
    const end = to + ((<usize>rowLength) << 1);
    for (let i = 0; i < kernelH; i++) {
      const y = oy * strideH - padTop + i * dilationH;
      for (let j = 0; j < kernelW; j++) {
        const column = ox * strideW - padLeft + j * dilationW;
        if (y >= 0 && y < height && column >= 0 && column < width) {
          const from = x + <usize>((n * height + y) * width + column) * pixelBytes;
          memory.copy(to, from, pixelBytes);
        } else {
          for (let c: usize = 0; c < pixelBytes; c += 2) store<i16>(to + c, padValue);
        }
        to += pixelBytes;
      }
    }
    memory.fill(to, 0, end - to);
  }
}

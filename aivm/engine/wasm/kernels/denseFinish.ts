/**
 * The end of every product (AssemblyScript): sums to elements of y. Requantise in f64, exact by the bounds that the
 * host has proven: |sum x multiplier| <= 2^53 and factor = multiplier / 2^shift. Then the epilogue of a conv step.
 *
 * Vectors that loops need lie in the scratch and are loaded in front of them: the compiler behind WebAssembly builds
 * constants and splats anew in every iteration.
 */
import {
  CONV_EPILOGUE,
  CONV_EPILOGUE_PARAMETERS,
  CONV_HI,
  CONV_LO,
  CONV_OTHER,
  CONV_Y,
  CONV_ZERO,
  SCRATCH_VECTORS_AT,
} from "./convWords";
import { addOther, residualWith } from "./residual";
import { refAddress, refDtype, scratch, word } from "./step";
import { storeRows, storeTable } from "./storeRows";

/** 1.5 x 2^52: adding it rounds |v| < 2^51 half to even, and leaves the integer in the low half of the result's bits. */
export const MAGIC: f64 = 6_755_399_441_055_744;

/** Where vectors lie behind SCRATCH_VECTORS_AT, 16 bytes each. */
const MAGICS: usize = 0;
const ZEROS: usize = 16;
const LOWS: usize = 32;
const HIGHS: usize = 48;
const LOWS16: usize = 64;
const HIGHS16: usize = 80;

/** How results of the running step are finished; this thread's own. */
let yDtype: i32 = 0;
let small: bool = false;
let kind: i32 = 0;
let table: usize = 0;

/** Takes zero, lo and hi of a requantise into a y of this dtype, without an epilogue. `newSmall`: |v| < 2^30 before zero is added. */
export function finishWith(zero: i32, lo: i32, hi: i32, dtype: i32, newSmall: bool): void {
  const vectors = scratch + SCRATCH_VECTORS_AT;
  v128.store(vectors + MAGICS, f64x2.splat(MAGIC));
  v128.store(vectors + ZEROS, i32x4.splat(zero));
  v128.store(vectors + LOWS, f64x2.splat(<f64>lo - <f64>zero));
  v128.store(vectors + HIGHS, f64x2.splat(<f64>hi - <f64>zero));
  v128.store(vectors + LOWS16, i16x8.splat(<i16>lo));
  v128.store(vectors + HIGHS16, i16x8.splat(<i16>hi));
  yDtype = dtype;
  small = newSmall && dtype < 2;
  kind = 0;
}

/** Takes what a conv step says of its end. `newSmall` as in finishWith. */
export function finishConv(step: usize, newSmall: bool): void {
  finishWith(word(step, CONV_ZERO), word(step, CONV_LO), word(step, CONV_HI), refDtype(step, CONV_Y), newSmall);
  kind = word(step, CONV_EPILOGUE);
  if (kind != 0) small = false;
  if (kind == 1) residualWith(step, CONV_OTHER, CONV_EPILOGUE_PARAMETERS);
  if (kind == 2) table = refAddress(step, CONV_OTHER);
}

/** 2^-shift, exactly. */
export function powerOfHalf(shift: i32): f64 {
  return reinterpret<f64>(<i64>(1023 - shift) << 52);
}

/** Upper two lanes of four, in the place of the lower two. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** The integers in two pairs of f64 to which MAGIC was added. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function integers(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/** min(max(v, low), high); the limits are not NaN, nor is v. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function clamped(v: v128, low: v128, high: v128): v128 {
  return f64x2.pmin(f64x2.pmax(v, low), high);
}

/**
 * Finishes sums of `pixels` pixels by `lanes` <= 8 channels into y. `from`: i32 [pixels][8], or f64 when `wide`; it is
 * written over. `factor`: f64 [8]. `element`: index in y of the first pixel's first channel; `stride`: elements of y from
 * pixel to pixel.
 */
export function finishSums(
  from: usize,
  wide: bool,
  pixels: i32,
  lanes: i32,
  factor: usize,
  y: usize,
  element: usize,
  stride: usize,
): void {
  if (small && !wide && lanes == 8) {
    if (yDtype == 0) finishSmall<i8>(from, pixels, factor, y + element, stride);
    else finishSmall<i16>(from, pixels, factor, y + (element << 1), stride << 1);
    return;
  }
  if (wide) requantizeRows<f64>(from, pixels, factor);
  else requantizeRows<i32>(from, pixels, factor);
  if (kind == 1) addOther(from, pixels, lanes, element, stride);
  if (kind == 2) storeTable(from, pixels, lanes, table, y, yDtype, element, stride);
  else storeRows(from, pixels, lanes, y, yDtype, element, stride);
}

/** finishSums where no |sum x factor| reaches 2^30 and y is i8 or i16: clamped as i16. `stride` in bytes. */
function finishSmall<T>(from: usize, pixels: i32, factor: usize, y: usize, stride: usize): void {
  const vectors = scratch + SCRATCH_VECTORS_AT;
  const f0 = v128.load(factor);
  const f1 = v128.load(factor, 16);
  const f2 = v128.load(factor, 32);
  const f3 = v128.load(factor, 48);
  const magic = v128.load(vectors + MAGICS);
  const zeros = v128.load(vectors + ZEROS);
  const low = v128.load(vectors + LOWS16);
  const high = v128.load(vectors + HIGHS16);
  const end = from + (<usize>pixels << 5);
  for (; from < end; from += 32, y += stride) {
    const s = v128.load(from);
    const t = v128.load(from, 16);
    const v0 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(s), f0), magic);
    const v1 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upper(s)), f1), magic);
    const v2 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(t), f2), magic);
    const v3 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upper(t)), f3), magic);
    const narrow = i16x8.narrow_i32x4_s(i32x4.add(integers(v0, v1), zeros), i32x4.add(integers(v2, v3), zeros));
    const v = i16x8.min_s(i16x8.max_s(narrow, low), high);
    if (sizeof<T>() == 1) v128.store64_lane(y, i8x16.narrow_i16x8_s(v, v), 0);
    else v128.store(y, v);
  }
}

/** Sums of T (i32 or f64) [pixels][8] to requantised i32 [pixels][8] in the same place. */
function requantizeRows<T>(from: usize, pixels: i32, factor: usize): void {
  const vectors = scratch + SCRATCH_VECTORS_AT;
  const f0 = v128.load(factor);
  const f1 = v128.load(factor, 16);
  const f2 = v128.load(factor, 32);
  const f3 = v128.load(factor, 48);
  const magic = v128.load(vectors + MAGICS);
  const zeros = v128.load(vectors + ZEROS);
  const low = v128.load(vectors + LOWS);
  const high = v128.load(vectors + HIGHS);
  const end = from + (<usize>pixels << 5);
  let sums = from;
  for (; from < end; from += 32) {
    let v0: v128, v1: v128, v2: v128, v3: v128;
    if (isFloat<T>()) {
      v0 = v128.load(sums);
      v1 = v128.load(sums, 16);
      v2 = v128.load(sums, 32);
      v3 = v128.load(sums, 48);
      sums += 64;
    } else {
      const s = v128.load(from);
      const t = v128.load(from, 16);
      v0 = f64x2.convert_low_i32x4_s(s);
      v1 = f64x2.convert_low_i32x4_s(upper(s));
      v2 = f64x2.convert_low_i32x4_s(t);
      v3 = f64x2.convert_low_i32x4_s(upper(t));
    }
    v0 = f64x2.add(clamped(f64x2.mul(v0, f0), low, high), magic);
    v1 = f64x2.add(clamped(f64x2.mul(v1, f1), low, high), magic);
    v2 = f64x2.add(clamped(f64x2.mul(v2, f2), low, high), magic);
    v3 = f64x2.add(clamped(f64x2.mul(v3, f3), low, high), magic);
    v128.store(from, i32x4.add(integers(v0, v1), zeros));
    v128.store(from, i32x4.add(integers(v2, v3), zeros), 16);
  }
}

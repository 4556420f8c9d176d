/**
 * The end of every product (AssemblyScript): sums to elements of y. Requantise in f64, exact by the bounds that the
 * host has proven: |sum x multiplier| <= 2^53 and factor = multiplier / 2^shift. Then the epilogue of a conv step.
 */
import {
  CONV_EPILOGUE,
  CONV_EPILOGUE_PARAMETERS,
  CONV_HI,
  CONV_LO,
  CONV_OTHER,
  CONV_Y,
  CONV_ZERO,
  SCRATCH_SPILL,
} from "./convWords";
import { refAddress, refDtype, scratch, storeElement, word } from "./step";

/** 1.5 x 2^52: adding it rounds |v| < 2^51 half to even, and leaves the integer in the low half of the result's bits. */
const MAGIC: f64 = 6_755_399_441_055_744;

/** How results of the running step are finished; this thread's own. */
let zero: i32 = 0;
let lo: i32 = 0;
let hi: i32 = 0;
let yDtype: i32 = 0;
let small: bool = false;
let kind: i32 = 0;
let other: usize = 0;
let otherDtype: i32 = 0;
let factorOwn: f64 = 0;
let factorOther: f64 = 0;
let offset: f64 = 0;
let lastZero: i32 = 0;
let lastLo: i32 = 0;
let lastHi: i32 = 0;

/** Takes zero, lo and hi of a requantise into a y of this dtype, without an epilogue. `small`: |v| < 2^30 before zero is added. */
export function finishWith(newZero: i32, newLo: i32, newHi: i32, newDtype: i32, newSmall: bool): void {
  zero = newZero;
  lo = newLo;
  hi = newHi;
  yDtype = newDtype;
  small = newSmall && newDtype < 2;
  kind = 0;
}

/** Takes what a conv step says of its end. `newSmall` as in finishWith. */
export function finishConv(step: usize, newSmall: bool): void {
  finishWith(word(step, CONV_ZERO), word(step, CONV_LO), word(step, CONV_HI), refDtype(step, CONV_Y), newSmall);
  kind = word(step, CONV_EPILOGUE);
  if (kind == 0) return;
  small = small && kind == 2;
  other = refAddress(step, CONV_OTHER);
  otherDtype = refDtype(step, CONV_OTHER);
  const unit = powerOfHalf(word(step, CONV_EPILOGUE_PARAMETERS + 3));
  factorOwn = <f64>word(step, CONV_EPILOGUE_PARAMETERS) * unit;
  factorOther = <f64>word(step, CONV_EPILOGUE_PARAMETERS + 1) * unit;
  offset = <f64>word(step, CONV_EPILOGUE_PARAMETERS + 2) * unit;
  lastZero = word(step, CONV_EPILOGUE_PARAMETERS + 4);
  lastLo = word(step, CONV_EPILOGUE_PARAMETERS + 5);
  lastHi = word(step, CONV_EPILOGUE_PARAMETERS + 6);
}

/** 2^-shift, exactly. */
export function powerOfHalf(shift: i32): f64 {
  return reinterpret<f64>(<i64>(1023 - shift) << 52);
}

/** Upper two lanes of four, in the place of the lower two. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** The integers in two pairs of f64 to which MAGIC was added. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function integers(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/** min(max(v, low), high); the limits are not NaN, nor is v. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function clamped(v: v128, low: v128, high: v128): v128 {
  return f64x2.pmin(f64x2.pmax(v, low), high);
}

/**
 * Finishes sums of `pixels` pixels by `lanes` <= 8 channels into y. `from`: i32 [pixels][8], or f64 when `wide`.
 * `factor`: f64 [8]. `element`: index in y of the first pixel's first channel; `stride`: elements of y from pixel to pixel.
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
  if (small && !wide) finishSmall(from, pixels, lanes, factor, y, element, stride);
  else finishAny(from, wide, pixels, lanes, factor, y, element, stride);
}

/** finishSums where no |sum x factor| reaches 2^30 and y is not i32: clamped as i16 or i8. */
function finishSmall(
  from: usize,
  pixels: i32,
  lanes: i32,
  factor: usize,
  y: usize,
  element: usize,
  stride: usize,
): void {
  const f0 = v128.load(factor);
  const f1 = v128.load(factor, 16);
  const f2 = v128.load(factor, 32);
  const f3 = v128.load(factor, 48);
  const magic = f64x2.splat(MAGIC);
  const zeros = i32x4.splat(zero);
  const low = i16x8.splat(<i16>lo);
  const high = i16x8.splat(<i16>hi);
  const bytes = yDtype == 0;
  const whole = lanes == 8 && kind == 0;
  for (let p = 0; p < pixels; p++, from += 32, element += stride) {
    const s = v128.load(from);
    const t = v128.load(from, 16);
    const v0 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(s), f0), magic);
    const v1 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upper(s)), f1), magic);
    const v2 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(t), f2), magic);
    const v3 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upper(t)), f3), magic);
    const narrow = i16x8.narrow_i32x4_s(i32x4.add(integers(v0, v1), zeros), i32x4.add(integers(v2, v3), zeros));
    const v = i16x8.min_s(i16x8.max_s(narrow, low), high);
    if (!whole) storeSome(i32x4.extend_low_i16x8_s(v), i32x4.extend_high_i16x8_s(v), lanes, y, element);
    else if (bytes) v128.store64_lane(y + element, i8x16.narrow_i16x8_s(v, v), 0);
    else v128.store(y + (element << 1), v);
  }
}

/** finishSums for everything. */
function finishAny(
  from: usize,
  wide: bool,
  pixels: i32,
  lanes: i32,
  factor: usize,
  y: usize,
  element: usize,
  stride: usize,
): void {
  const magic = f64x2.splat(MAGIC);
  const low = f64x2.splat(<f64>lo - <f64>zero);
  const high = f64x2.splat(<f64>hi - <f64>zero);
  const zeros = i32x4.splat(zero);
  const whole = lanes == 8 && kind != 2;
  for (let p = 0; p < pixels; p++, element += stride) {
    let v0: v128, v1: v128, v2: v128, v3: v128;
    if (wide) {
      v0 = v128.load(from);
      v1 = v128.load(from, 16);
      v2 = v128.load(from, 32);
      v3 = v128.load(from, 48);
      from += 64;
    } else {
      const s = v128.load(from);
      const t = v128.load(from, 16);
      v0 = f64x2.convert_low_i32x4_s(s);
      v1 = f64x2.convert_low_i32x4_s(upper(s));
      v2 = f64x2.convert_low_i32x4_s(t);
      v3 = f64x2.convert_low_i32x4_s(upper(t));
      from += 32;
    }
    v0 = f64x2.add(clamped(f64x2.mul(v0, v128.load(factor)), low, high), magic);
    v1 = f64x2.add(clamped(f64x2.mul(v1, v128.load(factor, 16)), low, high), magic);
    v2 = f64x2.add(clamped(f64x2.mul(v2, v128.load(factor, 32)), low, high), magic);
    v3 = f64x2.add(clamped(f64x2.mul(v3, v128.load(factor, 48)), low, high), magic);
    let r0: v128, r1: v128;
    if (kind != 1) {
      r0 = i32x4.add(integers(v0, v1), zeros);
      r1 = i32x4.add(integers(v2, v3), zeros);
    } else {
      const o = loadOther(element, lanes);
      const away = f64x2.splat(<f64>zero - MAGIC);
      r0 = added(f64x2.add(v0, away), f64x2.add(v1, away), o);
      r1 = added(f64x2.add(v2, away), f64x2.add(v3, away), loadOther(element + 4, lanes - 4));
    }
    if (!whole) storeSome(r0, r1, lanes, y, element);
    else if (yDtype == 2) {
      v128.store(y + (element << 2), r0);
      v128.store(y + (element << 2), r1, 16);
    } else {
      const narrow = i16x8.narrow_i32x4_s(r0, r1);
      if (yDtype == 0) v128.store64_lane(y + element, i8x16.narrow_i16x8_s(narrow, narrow), 0);
      else v128.store(y + (element << 1), narrow);
    }
  }
}

/** Elements `at`, `at` + 1, .. of the other operand as i32; only the first `lanes` are read, if fewer than 4. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function loadOther(at: usize, lanes: i32): v128 {
  const from = other + (at << otherDtype);
  if (lanes < 4) return loadSome(from, lanes);
  if (otherDtype == 0) return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from)));
  if (otherDtype == 1) return v128.load16x4_s(from);
  return v128.load(from);
}

function loadSome(from: usize, lanes: i32): v128 {
  const spill = scratch + SCRATCH_SPILL;
  for (let lane = 0; lane < lanes; lane++) {
    const at = from + (<usize>lane << otherDtype);
    const value: i32 = otherDtype == 0 ? load<i8>(at) : otherDtype == 1 ? load<i16>(at) : load<i32>(at);
    store<i32>(spill + (<usize>lane << 2), value);
  }
  return v128.load(spill);
}

/** The residual epilogue of 4 channels: v as f64 in two halves, o as i32. Every step is exact: integers below 2^53 over 2^shift. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function added(v0: v128, v1: v128, o: v128): v128 {
  const own = f64x2.splat(factorOwn);
  const others = f64x2.splat(factorOther);
  const offsets = f64x2.splat(offset);
  const low = f64x2.splat(<f64>lastLo - <f64>lastZero);
  const high = f64x2.splat(<f64>lastHi - <f64>lastZero);
  const magic = f64x2.splat(MAGIC);
  const s0 = f64x2.add(f64x2.mul(v0, own), f64x2.mul(f64x2.convert_low_i32x4_s(o), others));
  const s1 = f64x2.add(f64x2.mul(v1, own), f64x2.mul(f64x2.convert_low_i32x4_s(upper(o)), others));
  const r0 = f64x2.add(clamped(f64x2.add(s0, offsets), low, high), magic);
  const r1 = f64x2.add(clamped(f64x2.add(s1, offsets), low, high), magic);
  return i32x4.add(integers(r0, r1), i32x4.splat(lastZero));
}

/** Stores the first `lanes` of 8 values one by one, through the table of epilogue 2 if there is one. */
function storeSome(a: v128, b: v128, lanes: i32, y: usize, element: usize): void {
  const spill = scratch + SCRATCH_SPILL;
  v128.store(spill, a);
  v128.store(spill, b, 16);
  for (let lane = 0; lane < lanes; lane++) {
    let value = load<i32>(spill + (<usize>lane << 2));
    if (kind == 2) {
      const at = other + (<usize>(value + 128) << yDtype);
      value = yDtype == 0 ? load<i8>(at) : yDtype == 1 ? load<i16>(at) : load<i32>(at);
    }
    storeElement(y, yDtype, <i32>element + lane, value);
  }
}

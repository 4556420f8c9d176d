/** The residual epilogue of a conv step (AssemblyScript): y = clamp(zero + RNE((v x mOwn + other x mOther + offset) / 2^shift)). */
import { SCRATCH_RESIDUAL_AT } from "./convWords";
import { clamped, integers, MAGIC, powerOfHalf, upper } from "./denseFinish";
import { loadElement, refAddress, refDtype, scratch, word } from "./step";

/** Where vectors lie behind SCRATCH_RESIDUAL_AT, 16 bytes each; f64 but for ZEROS. */
const MAGICS: usize = 0;
const OWN: usize = 16;
const OTHER: usize = 32;
const OFFSET: usize = 48;
const LOWS: usize = 64;
const HIGHS: usize = 80;
const ZEROS: usize = 96;

/** The other operand; this thread's own. */
let other: usize = 0;
let otherDtype: i32 = 0;

/** Takes the REF at word `ref` and the parameters from word `at`: mOwn mOther offset shift zero lo hi. */
export function residualWith(step: usize, ref: i32, at: i32): void {
  other = refAddress(step, ref);
  otherDtype = refDtype(step, ref);
  const vectors = scratch + SCRATCH_RESIDUAL_AT;
  const unit = powerOfHalf(word(step, at + 3));
  const zero = <f64>word(step, at + 4);
  v128.store(vectors + MAGICS, f64x2.splat(MAGIC));
  v128.store(vectors + OWN, f64x2.splat(<f64>word(step, at) * unit));
  v128.store(vectors + OTHER, f64x2.splat(<f64>word(step, at + 1) * unit));
  v128.store(vectors + OFFSET, f64x2.splat(<f64>word(step, at + 2) * unit));
  v128.store(vectors + LOWS, f64x2.splat(<f64>word(step, at + 5) - zero));
  v128.store(vectors + HIGHS, f64x2.splat(<f64>word(step, at + 6) - zero));
  v128.store(vectors + ZEROS, i32x4.splat(<i32>zero));
}

/** v i32 [pixels][8] to y's values in the same place; `element` and `stride` as in finishSums. */
export function addOther(from: usize, pixels: i32, lanes: i32, element: usize, stride: usize): void {
  const at = other + (element << otherDtype);
  if (lanes < 8) addSome(from, pixels, lanes, element, stride);
  else if (otherDtype == 0) addRows<i8>(from, pixels, at, stride);
  else if (otherDtype == 1) addRows<i16>(from, pixels, at, stride << 1);
  else addRows<i32>(from, pixels, at, stride << 2);
}

/** Every step is exact: integers below 2^53 over 2^shift. `stride` in bytes. */
function addRows<T>(from: usize, pixels: i32, at: usize, stride: usize): void {
  const vectors = scratch + SCRATCH_RESIDUAL_AT;
  const magic = v128.load(vectors + MAGICS);
  const own = v128.load(vectors + OWN);
  const others = v128.load(vectors + OTHER);
  const offset = v128.load(vectors + OFFSET);
  const low = v128.load(vectors + LOWS);
  const high = v128.load(vectors + HIGHS);
  const zeros = v128.load(vectors + ZEROS);
  const end = from + (<usize>pixels << 5);
  for (; from < end; from += 32, at += stride) {
    let o0: v128, o1: v128;
    if (sizeof<T>() == 4) {
      o0 = v128.load(at);
      o1 = v128.load(at, 16);
    } else {
      const o: v128 = sizeof<T>() == 1 ? v128.load8x8_s(at) : v128.load(at);
      o0 = i32x4.extend_low_i16x8_s(o);
      o1 = i32x4.extend_high_i16x8_s(o);
    }
    v128.store(from, addedTo(v128.load(from), o0, own, others, offset, low, high, magic, zeros));
    v128.store(from, addedTo(v128.load(from, 16), o1, own, others, offset, low, high, magic, zeros), 16);
  }
}

/** 4 channels, i32. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function addedTo(
  v: v128,
  o: v128,
  own: v128,
  others: v128,
  offset: v128,
  low: v128,
  high: v128,
  magic: v128,
  zeros: v128,
): v128 {
  const s0 = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(v), own), f64x2.mul(f64x2.convert_low_i32x4_s(o), others));
  const s1 = f64x2.add(
    f64x2.mul(f64x2.convert_low_i32x4_s(upper(v)), own),
    f64x2.mul(f64x2.convert_low_i32x4_s(upper(o)), others),
  );
  const r0 = f64x2.add(clamped(f64x2.add(s0, offset), low, high), magic);
  const r1 = f64x2.add(clamped(f64x2.add(s1, offset), low, high), magic);
  return i32x4.add(integers(r0, r1), zeros);
}

/** addOther for the first `lanes` channels, one by one. */
function addSome(from: usize, pixels: i32, lanes: i32, element: usize, stride: usize): void {
  const vectors = scratch + SCRATCH_RESIDUAL_AT;
  const own = load<f64>(vectors + OWN);
  const others = load<f64>(vectors + OTHER);
  const offset = load<f64>(vectors + OFFSET);
  const low = load<f64>(vectors + LOWS);
  const high = load<f64>(vectors + HIGHS);
  const zero = load<i32>(vectors + ZEROS);
  for (let p = 0; p < pixels; p++, from += 32, element += stride) {
    for (let lane = 0; lane < lanes; lane++) {
      const at = from + (<usize>lane << 2);
      const sum = <f64>load<i32>(at) * own + <f64>loadElement(other, otherDtype, <i32>element + lane) * others + offset;
      store<i32>(at, <i32>(<i64>nearest(min(max(sum, low), high))) + zero);
    }
  }
}

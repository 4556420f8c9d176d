/** Emitting what divides or takes roots: quotients, remainders, square roots, logarithms of sums, and the end of a softmax. */
import { isqrtBig } from "../../../numeric/isqrt.ts";
import { MAX_MULTIPLIER } from "../../../numeric/requant.ts";
import { remainderRange } from "../../../ops/mod.ts";
import { integerQuantization, type Quantization, quantizeReal } from "../../../quantize/scheme.ts";
import { precisionError } from "../errors.ts";
import { compare, rescale, table } from "./compute.ts";
import {
  broadcast,
  constant,
  type Emitter,
  emit,
  integerConstant,
  largestFrom,
  largestInteger,
  multiplier,
  type Value,
} from "./emit.ts";
import { where } from "./move.ts";

const I32 = 2 ** 31 - 1;
/** Largest dividend and divisor of a division whose proof holds. */
const MAX_DIVIDEND = 2 ** 52;
const MAX_DIVISOR = 2 ** 53;
/** A multiplier of a quotient is off by at most this share, or is refused. */
const COARSEST_FACTOR = 2 ** -10;
/** Below this share it costs a 16-bit result nothing. */
const FINE_FACTOR = 2 ** -17;

/** Multiplier and shift of a quotient, and by which share they miss the factor. */
interface QuotientScale {
  readonly multiplier: number;
  readonly shift: number;
  readonly error: number;
}

/** Multiplier / 2^shift nearest to a positive factor, for the largest |dividend| and |divisor| that there can be. */
function quotientScale(
  factor: number,
  largest: { readonly dividend: number; readonly divisor: number },
): QuotientScale {
  if (largest.dividend === 0) return { multiplier: 0, shift: 0, error: 0 };
  const fits = (m: number, shift: number): boolean =>
    m <= MAX_MULTIPLIER &&
    largest.dividend * m * 2 ** Math.max(0, -shift) <= MAX_DIVIDEND &&
    largest.divisor * 2 ** Math.max(0, shift) <= MAX_DIVISOR;
  let shift = 52;
  while (shift > -52 && !fits(Math.round(factor * 2 ** shift), shift)) shift--;
  let m = Math.round(factor * 2 ** shift);
  const error = fits(m, shift) ? Math.abs(m / 2 ** shift / factor - 1) : Number.POSITIVE_INFINITY;
  while (shift > 0 && m % 2 === 0) {
    m /= 2;
    shift--;
  }
  return { multiplier: m, shift, error };
}

function checked(scale: QuotientScale, what: string, factor: number): QuotientScale {
  if (scale.error <= COARSEST_FACTOR) return scale;
  throw precisionError(what, "a quotient whose scale 53 bits can tell", `a factor of ${factor}`);
}

/** factor x a / b, broadcast, one rounding. */
export function div(e: Emitter, a: Value, b: Value, q: Quantization, factor = 1): Value {
  const ratio = (factor * a.q.scale) / (b.q.scale * q.scale);
  const largest = { dividend: largestFrom(a.q), divisor: largestFrom(b.q) };
  const m =
    q.lo === q.hi ? { multiplier: 0, shift: 0 } : checked(quotientScale(ratio, largest), "div", ratio);
  const attrs = [a.q.zero, b.q.zero, m.multiplier, m.shift, q.zero, 0];
  return emit(e, "div", { operands: [a, b], shape: broadcast(a.shape, b.shape), q, attrs });
}

/** Quotient of raw integers, rounded toward zero. */
export function divIntegers(e: Emitter, a: Value, b: Value): Value {
  const most = largestInteger(a.q);
  const negative = a.q.lo < 0 || b.q.lo < 0;
  const q = integerQuantization("i32", {
    lo: negative ? -Math.min(most, I32 + 1) : 0,
    hi: Math.min(most, I32),
  });
  const shape = broadcast(a.shape, b.shape);
  return emit(e, "div", { operands: [a, b], shape, q, attrs: [0, 0, 1, 0, 0, 1] });
}

/** Remainder of raw integers of one scale, with the sign of the divisor or of the dividend. */
export function mod(e: Emitter, a: Value, b: Value, sign: "divisor" | "dividend"): Value {
  const attrs = [sign === "divisor" ? 0 : 1];
  const q = { ...a.q, dtype: "i32" as const, ...remainderRange(a.q, b.q, sign === "dividend") };
  return emit(e, "mod", { operands: [a, b], shape: broadcast(a.shape, b.shape), q, attrs });
}

/** Square root of x (0 where x < 0), in i32 with as many bits as its argument has room for. */
export function rootWide(e: Emitter, x: Value): Value {
  const { lift, largest } = liftOf(x);
  const scale = Math.sqrt(x.q.scale / 2 ** lift);
  const q: Quantization = { dtype: "i32", scale, zero: 0, lo: 0, hi: Math.max(1, largest) };
  return emit(e, "isqrt", { operands: [x], shape: x.shape, q, attrs: [x.q.zero, lift, 1, 0, 0] });
}

/** Square root of x (0 where x < 0), in `q`. */
export function root(e: Emitter, x: Value, q: Quantization): Value {
  const { lift, largest } = liftOf(x);
  const m = multiplier(Math.sqrt(x.q.scale / 2 ** lift) / q.scale, largest, "isqrt");
  return emit(e, "isqrt", {
    operands: [x],
    shape: x.shape,
    q,
    attrs: [x.q.zero, lift, m.multiplier, m.shift, q.zero],
  });
}

/** How far an argument can be lifted below 2^53, and its largest root then. */
function liftOf(x: Value): { readonly lift: number; readonly largest: number } {
  const most = Math.max(0, x.q.hi - x.q.zero);
  let lift = 52;
  while (lift > 0 && most * 2 ** lift > 2 ** 53) lift--;
  return { lift, largest: Number(isqrtBig(BigInt(most) << BigInt(lift))) };
}

/** The number `value` as an operand, at 16 bits exactly. */
export function realConstant(e: Emitter, value: number): Value {
  const q = { dtype: "i16" as const, scale: Math.abs(value) / 16_384, zero: 0, lo: -32767, hi: 32767 };
  return constant(e, { shape: [], values: [Math.sign(value) * 16_384], q });
}

/** Real constants in 32 bits, for divisors of very different sizes. */
export function wideConstant(e: Emitter, values: readonly number[], shape: readonly number[]): Value {
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const q: Quantization = {
    dtype: "i32",
    scale: largest / 2 ** 30 || 1,
    zero: 0,
    lo: -(2 ** 30),
    hi: 2 ** 30,
  };
  return constant(e, { shape, values: values.map((v) => quantizeReal(v, q)), q });
}

/**
 * a b^T / d, each row divided by its own number, as at the end of a softmax: rows of a sum up to d, so that the result
 * is a mean of rows of b. a [...,M,K], b [...,N,K], d i32 [...,M,1]. One rounding, or where the sum has too little room
 * for a fine factor, one in i32 before the last.
 */
export function matmulDiv(
  e: Emitter,
  operands: { readonly a: Value; readonly b: Value; readonly d: Value },
  q: Quantization,
): Value {
  const { a, b, d } = operands;
  const dividend = (a.shape.at(-1) ?? 1) * largestFrom(a.q) * largestFrom(b.q);
  const shape = [
    ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    a.shape.at(-2) ?? 1,
    b.shape.at(-2) ?? 1,
  ];
  const unit = (a.q.scale * b.q.scale) / d.q.scale;
  const values = [a, b, d];
  const m = quotientScale(unit / q.scale, { dividend, divisor: largestFrom(d.q) });
  if (m.error <= FINE_FACTOR || q.lo === q.hi) {
    const attrs = [a.q.zero, b.q.zero, m.multiplier, m.shift, q.zero];
    return emit(e, "matmulDiv", { operands: values, shape, q, attrs });
  }
  let lift = 0;
  while (dividend * 2 ** (lift + 1) <= MAX_DIVIDEND && largestFrom(b.q) * 2 ** (lift + 1) <= I32) lift++;
  const limit = Math.min(I32, Math.max(1, largestFrom(b.q) * 2 ** lift));
  const wide: Quantization = { dtype: "i32", scale: unit / 2 ** lift, zero: 0, lo: -limit, hi: limit };
  const attrs = [a.q.zero, b.q.zero, 1, -lift, 0];
  return rescale(e, emit(e, "matmulDiv", { operands: values, shape, q: wide, attrs }), q);
}

/** Least value of a view that a logarithm is read from: a step of it is at most 1 / 64. */
const LEAST_VIEW = 2 ** 5;
const LOG_UNIT = 2 ** -22;

/**
 * Natural logarithm of a positive i32 in i32 at 2^-22: log x = log w + 2 (x - w) / (x + w) with w a 16-bit view of x,
 * off by less than 1e-6. Values below `least` (an integer of x, at least 1) are seen as coarsely as they are.
 */
export function logWide(e: Emitter, x: Value, least: number): Value {
  const views: number[] = [];
  let bits = 0;
  while (x.q.hi / 2 ** bits > 32_767) bits++;
  for (; ; bits -= 9) {
    views.push(2 ** Math.max(0, bits));
    if (bits <= 0 || least / 2 ** bits >= LEAST_VIEW) break;
  }
  const raw: Value = { ...x, q: integerQuantization("i32", x.q) };
  let result: Value | undefined;
  for (const factor of views) {
    const y = logThrough(e, raw, { factor, scale: x.q.scale });
    if (result === undefined) result = y;
    else {
      const limit = integerConstant(e, "i32", [], [Math.floor(32_767 * factor)]);
      result = where(e, compare(e, raw, "<", limit), y, result);
    }
  }
  return result ?? raw;
}

/** log of x through its view x / factor; wrong where the view does not hold x. */
function logThrough(e: Emitter, x: Value, by: { readonly factor: number; readonly scale: number }): Value {
  const { factor, scale } = by;
  const viewQ = integerQuantization("i16", { lo: 1, hi: 32_767 });
  const shift = Math.log2(factor);
  const view = emit(e, "rescale", { operands: [x], shape: x.shape, q: viewQ, attrs: [0, 1, shift, 0] });
  const logQ: Quantization = { dtype: "i32", scale: LOG_UNIT, zero: 0, lo: -(2 ** 30), hi: 2 ** 30 };
  const main = table(e, view, (v) => Math.log(Math.max(v, 1) * factor * scale), logQ);
  if (factor === 1) return main;
  const rest = integerQuantization("i32", { lo: -factor, hi: factor });
  const difference = emit(e, "add", {
    operands: [x, view],
    shape: x.shape,
    q: rest,
    attrs: [1, -factor, 0, 0, 0],
  });
  const half = integerQuantization("i32", { lo: 1, hi: I32 });
  const middle = emit(e, "add", {
    operands: [x, view],
    shape: x.shape,
    q: half,
    attrs: [1, factor, 0, 1, 0],
  });
  const small = div(e, difference, middle, { ...logQ, lo: -(2 ** 22), hi: 2 ** 22 });
  return emit(e, "add", { operands: [main, small], shape: x.shape, q: logQ, attrs: [1, 1, 0, 0, 0] });
}

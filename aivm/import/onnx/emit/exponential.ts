/** exp of wide arguments: products, powers and roots through logarithms without losing bits. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { addScaled, mul, rescale, table } from "./compute.ts";
import { type Emitter, emit, type Value } from "./emit.ts";

/** Steps of an exponent: 2^-22, as logWide gives them. */
const UNIT = 2 ** -22;
/** Steps of the part that a table knows: 2^-10. */
const COARSE_BITS = 12;
/** Results this far below the largest are 0: e^-30. */
const DEPTH = 30;

/** Quantisation of exponents for results up to `largest`: real exponents in [log(largest) - 30, log(largest)], clamped. */
export function exponentQuantization(largest: number): Quantization {
  const hi = Math.ceil(Math.log(Math.max(largest, 2 ** -90)) / UNIT) + 1;
  return { dtype: "i32", scale: UNIT, zero: 0, lo: hi - DEPTH / UNIT, hi };
}

/**
 * exp(x) in `q` for x as `exponentQuantization` has it: e^x = e^c + e^c (x - c) with c the nearest multiple of 2^-10,
 * off by less than 2^-22 of itself. A clamped lowest exponent gives 0.
 */
export function expWide(e: Emitter, x: Value, q: Quantization): Value {
  const coarseQ = integerQuantization("i16", { lo: -32_768, hi: 32_767 });
  const raw: Value = { ...x, q: integerQuantization("i32", x.q) };
  // c relative to the largest, so that 16 bits hold 30 / 2^-10 steps.
  const shifted = emit(e, "add", {
    operands: [raw, raw],
    shape: x.shape,
    q: integerQuantization("i32", { lo: x.q.lo - x.q.hi, hi: 0 }),
    attrs: [1, 0, -x.q.hi, 0, 0],
  });
  const coarse = emit(e, "rescale", {
    operands: [shifted],
    shape: x.shape,
    q: coarseQ,
    attrs: [0, 1, COARSE_BITS, 0],
  });
  const half = 2 ** (COARSE_BITS - 1);
  const rest: Value = emit(e, "add", {
    operands: [shifted, coarse],
    shape: x.shape,
    q: { dtype: "i16", scale: UNIT, zero: 0, lo: -half, hi: half },
    attrs: [1, -(2 ** COARSE_BITS), 0, 0, 0],
  });
  const top = Math.exp(x.q.hi * UNIT);
  const lowest = (x.q.lo - x.q.hi) / 2 ** COARSE_BITS;
  const f = (c: number): number => (c <= lowest + 1 ? 0 : top * Math.exp(c * UNIT * 2 ** COARSE_BITS));
  const powers = table(e, coarse, f, { dtype: "i32", scale: top / 2 ** 29, zero: 0, lo: 0, hi: 2 ** 30 });
  const seen = rescale(e, powers, { dtype: "i16", scale: top / 2 ** 14, zero: 0, lo: 0, hi: 32_767 });
  const correction = mul(e, seen, rest, {
    dtype: "i32",
    scale: powers.q.scale,
    zero: 0,
    lo: -(2 ** 20),
    hi: 2 ** 20,
  });
  return addScaled(e, { a: powers, b: correction }, q);
}

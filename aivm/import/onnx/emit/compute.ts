/** Emitting ops that compute: comparison, arithmetic, reductions, tables. Each result is brought to the scale that is asked for. */
import {
  clampedQuantization,
  integerQuantization,
  type Quantization,
  quantizeReal,
} from "../../../quantize/scheme.ts";
import { DTYPE_RANGE } from "../../../tensor/tensor.ts";
import { precisionError } from "../errors.ts";
import {
  broadcast,
  constant,
  type Emitter,
  emit,
  largestFrom,
  largestInteger,
  multiplier,
  type Value,
} from "./emit.ts";

/** Largest element along an axis, which keeps size 1. */
export function maxReduce(e: Emitter, x: Value, axis: number): Value {
  return emit(e, "maxReduce", { operands: [x], shape: reduced(x.shape, axis), q: x.q, attrs: [axis] });
}

/** Index of the largest element along an axis, which keeps size 1; i32. */
export function argmax(e: Emitter, x: Value, axis: number): Value {
  const q = integerQuantization("i32", { lo: 0, hi: (x.shape[axis] ?? 1) - 1 });
  return emit(e, "argmax", { operands: [x], shape: reduced(x.shape, axis), q, attrs: [axis] });
}

/** 1 where the relation holds between raw integers, else 0. */
export function compare(e: Emitter, a: Value, relation: "=" | "<" | "<=", b: Value): Value {
  const attrs = [relation === "=" ? 0 : relation === "<" ? 1 : 2];
  const q = integerQuantization("i8", { lo: 0, hi: 1 });
  return emit(e, "compare", { operands: [a, b], shape: broadcast(a.shape, b.shape), q, attrs });
}

/** factor x x in another quantisation. Nothing is emitted when the integers stay the same. */
export function rescale(e: Emitter, x: Value, q: Quantization, factor = 1): Value {
  const ratio = (x.q.scale * factor) / q.scale;
  const same = ratio === 1 && x.q.zero === q.zero && x.q.dtype === q.dtype;
  // The same integers may still mean something else: a factor that the scales absorb.
  if (same && x.q.lo >= q.lo && x.q.hi <= q.hi) return { ...x, q: { ...x.q, scale: q.scale } };
  const m = multiplier(ratio, largestFrom(x.q), "rescale");
  return emit(e, "rescale", {
    operands: [x],
    shape: x.shape,
    q,
    attrs: [x.q.zero, m.multiplier, m.shift, q.zero],
  });
}

/** factorA x a + factorB x b + term, broadcast; factors of either sign. */
export function addScaled(
  e: Emitter,
  operands: {
    readonly a: Value;
    readonly b: Value;
    readonly factorA?: number;
    readonly factorB?: number;
    readonly term?: number;
  },
  q: Quantization,
): Value {
  const { a, b } = operands;
  const ratioA = isZero(a.q) ? 0 : ((operands.factorA ?? 1) * a.q.scale) / q.scale;
  const ratioB = isZero(b.q) ? 0 : ((operands.factorB ?? 1) * b.q.scale) / q.scale;
  const term = (operands.term ?? 0) / q.scale;
  const largest = Math.max(Math.abs(ratioA), Math.abs(ratioB), 2 ** -40);
  // Both multipliers below 2^21, the offset an i32, and the whole sum below 2^53.
  let shift = Math.min(62, Math.floor(Math.log2((2 ** 21 - 1) / largest)));
  const scaled = (): readonly number[] => {
    const mA = Math.round(ratioA * 2 ** shift);
    const mB = Math.round(ratioB * 2 ** shift);
    return [mA, mB, Math.round(term * 2 ** shift - a.q.zero * mA - b.q.zero * mB)];
  };
  const fits = ([mA = 0, mB = 0, offset = 0]: readonly number[]): boolean =>
    Math.abs(offset) < 2 ** 31 &&
    Math.max(Math.abs(mA), Math.abs(mB)) < 2 ** 21 &&
    largestInteger(a.q) * Math.abs(mA) + largestInteger(b.q) * Math.abs(mB) + Math.abs(offset) < 2 ** 53;
  while (shift > 0 && !fits(scaled())) shift--;
  if (shift < 0 || !fits(scaled()))
    throw precisionError("add", "operands of comparable scale", `ratio ${largest}`);
  // An operand of far finer steps than the result has too few bits of multiplier left: it is brought nearer first.
  const [nearMA = 0, nearMB = 0] = scaled();
  const coarse = (ratio: number, m: number): boolean =>
    ratio !== 0 && Math.abs(ratio) < 2 ** -5 && Math.abs(m / 2 ** shift / ratio - 1) > 2 ** -16;
  if (coarse(ratioA, nearMA)) {
    return addScaled(e, { ...operands, a: nearer(e, a, q.scale / Math.abs(operands.factorA ?? 1)) }, q);
  }
  if (coarse(ratioB, nearMB)) {
    return addScaled(e, { ...operands, b: nearer(e, b, q.scale / Math.abs(operands.factorB ?? 1)) }, q);
  }
  // Fewer bits with the same ratio: exact ratios (1, 2, 1/2) become small numbers.
  while (shift > 0 && scaled().every((v) => v % 2 === 0)) shift--;
  const [mA = 0, mB = 0, offset = 0] = scaled();
  const shape = broadcast(a.shape, b.shape);
  return emit(e, "add", { operands: [a, b], shape, q, attrs: [mA, mB, offset, shift, q.zero] });
}

/** x in i32 at 1/16 of `unit`, or at the finest power of two coarser that holds it. */
function nearer(e: Emitter, x: Value, unit: number): Value {
  let scale = unit / 16;
  while ((largestFrom(x.q) * x.q.scale) / scale > 2 ** 30) scale *= 2;
  const limit = Math.ceil((largestFrom(x.q) * x.q.scale) / scale) + 1;
  return rescale(e, x, { dtype: "i32", scale, zero: 0, lo: -limit, hi: limit });
}

/** factor x a x b, broadcast. */
export function mul(e: Emitter, a: Value, b: Value, q: Quantization, factor = 1): Value {
  const bound = largestFrom(a.q) * largestFrom(b.q);
  const m = multiplier((factor * a.q.scale * b.q.scale) / q.scale, bound, "mul");
  const attrs = [a.q.zero, b.q.zero, m.multiplier, m.shift, q.zero];
  return emit(e, "mul", { operands: [a, b], shape: broadcast(a.shape, b.shape), q, attrs });
}

/** factor x a b^T: a [...,M,K], b [...,N,K] -> [...,M,N]. */
export function matmul(e: Emitter, a: Value, b: Value, q: Quantization, factor = 1): Value {
  const length = a.shape.at(-1) ?? 1;
  const bound = length * largestFrom(a.q) * largestFrom(b.q);
  const m = multiplier((factor * a.q.scale * b.q.scale) / q.scale, bound, "matmul");
  const shape = [
    ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    a.shape.at(-2) ?? 1,
    b.shape.at(-2) ?? 1,
  ];
  const attrs = [a.q.zero, b.q.zero, m.multiplier, m.shift, q.zero];
  return emit(e, "matmul", { operands: [a, b], shape, q, attrs });
}

/** factor x sum along an axis, which keeps size 1. */
export function sumReduce(
  e: Emitter,
  x: Value,
  axis: number,
  to: { readonly q: Quantization; readonly factor?: number },
): Value {
  const bound = (x.shape[axis] ?? 1) * largestFrom(x.q);
  const m = multiplier(((to.factor ?? 1) * x.q.scale) / to.q.scale, bound, "sumReduce");
  const attrs = [axis, x.q.zero, m.multiplier, m.shift, to.q.zero];
  return emit(e, "sumReduce", { operands: [x], shape: reduced(x.shape, axis), q: to.q, attrs });
}

/** Any real function of one value, by a table with an entry for each integer of x's type. x is i8 or i16. */
export function table(e: Emitter, x: Value, f: (real: number) => number, q: Quantization): Value {
  const { lo, hi } = DTYPE_RANGE[x.q.dtype];
  const values = Array.from({ length: hi - lo + 1 }, (_, i) =>
    quantizeReal(f(x.q.scale * (lo + i - x.q.zero)), q),
  );
  const entries = constant(e, { shape: [values.length], values, q });
  return emit(e, "table", {
    operands: [x, entries],
    shape: x.shape,
    q: { ...q, lo: entries.q.lo, hi: entries.q.hi },
  });
}

/** x clamped to real bounds, at its own scale. */
export function clampTo(e: Emitter, x: Value, range: { readonly min: number; readonly max: number }): Value {
  const { lo, hi } = clampedQuantization({ ...x.q, ...DTYPE_RANGE[x.q.dtype] }, range);
  // The bounds may lie outside the range that x is known to have: then the result is a bound everywhere.
  const within = (v: number): number => Math.min(Math.max(v, lo), hi);
  return rescale(e, x, { ...x.q, lo: within(x.q.lo), hi: within(x.q.hi) });
}

/** True for a tensor that is 0 everywhere: its scale says nothing. */
function isZero(q: Quantization): boolean {
  return q.lo === q.zero && q.hi === q.zero;
}

function reduced(shape: readonly number[], axis: number): number[] {
  return shape.map((size, i) => (i === axis ? 1 : size));
}

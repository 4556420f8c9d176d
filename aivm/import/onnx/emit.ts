/**
 * Emitting ops: a growing program, and one function per VM op that works out types, ranges and requantisation from
 * what its operands mean. A `Value` is a tensor of the program together with that meaning.
 */
import { bytesToHex } from "../../../common/bytes.ts";
import { sha256 } from "../../../common/sha256.ts";
import { opNamed } from "../../ops/registry.ts";
import type { OpDescriptor, Ref } from "../../program/program.ts";
import {
  clampedQuantization,
  integerQuantization,
  type Multiplier,
  multiplierFor,
  type Quantization,
  quantizeReal,
} from "../../quantize/scheme.ts";
import { elementCount, equalShapes } from "../../tensor/shape.ts";
import {
  DTYPE_RANGE,
  type DType,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorToBytes,
} from "../../tensor/tensor.ts";
import { precisionError } from "./errors.ts";

/** A tensor of the program: where it is, its shape, and real = scale x (q - zero) with q in [lo, hi]. */
export interface Value {
  readonly ref: Ref;
  readonly shape: readonly number[];
  readonly q: Quantization;
}

/** A program under construction. */
export interface Emitter {
  readonly ops: OpDescriptor[];
  readonly constants: Tensor[];
  readonly constantTypes: TensorType[];
  /** Index of each constant by the hash of its type and bytes: equal constants are stored once. */
  readonly constantIndex: Map<string, number>;
}

/** An empty program. */
export function createEmitter(): Emitter {
  return { ops: [], constants: [], constantTypes: [], constantIndex: new Map() };
}

/** Type of a value as the program declares it. */
export function typeOf(value: Value): TensorType {
  return { dtype: value.q.dtype, shape: value.shape, lo: value.q.lo, hi: value.q.hi };
}

/** A constant tensor of `values` (integers) with meaning `q`; its range is that of the values. */
export function constant(
  e: Emitter,
  facts: { readonly shape: readonly number[]; readonly values: ArrayLike<number>; readonly q: Quantization },
): Value {
  const tensor = tensorOf(facts.q.dtype, facts.shape, facts.values);
  const key = bytesToHex(
    sha256(new TextEncoder().encode(`${tensor.dtype}[${tensor.shape.join(",")}]`), tensorToBytes(tensor)),
  );
  let index = e.constantIndex.get(key);
  const { lo, hi } = extent(tensor.data);
  if (index === undefined) {
    index = e.constants.length;
    e.constants.push(tensor);
    e.constantTypes.push({ dtype: tensor.dtype, shape: tensor.shape, lo, hi });
    e.constantIndex.set(key, index);
  }
  return { ref: { kind: "const", index }, shape: facts.shape, q: { ...facts.q, lo, hi } };
}

/** Integers as they are (indices, masks, tables): scale 1, zero 0. */
export function integerConstant(
  e: Emitter,
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): Value {
  return constant(e, { shape, values, q: integerQuantization(dtype, DTYPE_RANGE[dtype]) });
}

/** One op; the output's shape and range are given, its meaning is `q`. */
export function emit(
  e: Emitter,
  name: string,
  parts: {
    readonly operands: readonly Value[];
    readonly shape: readonly number[];
    readonly q: Quantization;
    readonly attrs?: readonly number[];
  },
): Value {
  const { shape, q } = parts;
  e.ops.push({
    opcode: opNamed(name).opcode,
    operands: parts.operands.map((value) => value.ref),
    output: { dtype: q.dtype, shape, lo: q.lo, hi: q.hi },
    attrs: (parts.attrs ?? []).map((v) => (v === 0 ? 0 : v)), // no negative zero
  });
  return { ref: { kind: "op", index: e.ops.length - 1 }, shape, q };
}

// ---- data movement: meaning and range pass through ----------------------------------------------------------------

/** The same elements under another shape. */
export function reshape(e: Emitter, x: Value, shape: readonly number[]): Value {
  if (equalShapes(x.shape, shape)) return x;
  return emit(e, "reshape", { operands: [x], shape, q: x.q });
}

/** Axis i of the result is axis perm[i] of x. A permutation that moves only axes of size 1 is a reshape. */
export function transpose(e: Emitter, x: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  const moving = perm.filter((axis) => (x.shape[axis] ?? 1) !== 1);
  if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? 0))) return reshape(e, x, shape);
  return emit(e, "transpose", { operands: [x], shape, q: x.q, attrs: perm });
}

/** x repeated along axes of size 1. */
export function expand(e: Emitter, x: Value, shape: readonly number[]): Value {
  if (equalShapes(x.shape, shape)) return x;
  const rank = shape.length;
  const full = reshape(e, x, [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
  return equalShapes(full.shape, shape) ? full : emit(e, "expand", { operands: [full], shape, q: x.q });
}

/** Every steps[i]-th element from starts[i] along axis i, sizes[i] of them. */
export function slice(
  e: Emitter,
  x: Value,
  at: {
    readonly starts: readonly number[];
    readonly steps: readonly number[];
    readonly sizes: readonly number[];
  },
): Value {
  const whole =
    at.starts.every((s) => s === 0) && at.steps.every((s) => s === 1) && equalShapes(at.sizes, x.shape);
  if (whole) return x;
  return emit(e, "slice", { operands: [x], shape: at.sizes, q: x.q, attrs: [...at.starts, ...at.steps] });
}

/** x with before[i] and after[i] elements of the integer `value` around it. */
export function pad(
  e: Emitter,
  x: Value,
  at: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number },
): Value {
  if ([...at.before, ...at.after].every((n) => n === 0)) return x;
  const shape = x.shape.map((size, i) => size + (at.before[i] ?? 0) + (at.after[i] ?? 0));
  const q = { ...x.q, lo: Math.min(x.q.lo, at.value), hi: Math.max(x.q.hi, at.value) };
  return emit(e, "pad", { operands: [x], shape, q, attrs: [...at.before, at.value] });
}

/** Values one behind the other along an axis. All must mean the same (scale, zero, dtype). */
export function concat(e: Emitter, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new RangeError("concat of nothing");
  if (values.length === 1) return first;
  const total = values.reduce((sum, v) => sum + (v.shape[axis] ?? 1), 0);
  const shape = first.shape.map((size, i) => (i === axis ? total : size));
  return emit(e, "concat", { operands: values, shape, q: unionRange(values), attrs: [axis] });
}

/** Slices of x along `axis` at the positions that `indices` names. */
export function gather(e: Emitter, x: Value, at: { readonly indices: Value; readonly axis: number }): Value {
  const shape = [...x.shape.slice(0, at.axis), ...at.indices.shape, ...x.shape.slice(at.axis + 1)];
  return emit(e, "gather", { operands: [x, at.indices], shape, q: x.q, attrs: [at.axis] });
}

/**
 * Any rearrangement: element i of the result is element map[i] of x (row-major), or the integer `fill` where map[i] < 0.
 */
export function rearrange(
  e: Emitter,
  x: Value,
  to: { readonly shape: readonly number[]; readonly map: Int32Array; readonly fill?: number },
): Value {
  const count = elementCount(x.shape);
  if (to.map.length === count && to.map.every((from, i) => from === i)) return reshape(e, x, to.shape);
  const flat = reshape(e, x, [count]);
  const filled = to.map.some((i) => i < 0);
  const source = filled ? pad(e, flat, { before: [0], after: [1], value: to.fill ?? x.q.zero }) : flat;
  const map = filled ? to.map.map((i) => (i < 0 ? count : i)) : to.map;
  const indices = integerConstant(e, "i32", [map.length], map);
  return reshape(e, gather(e, source, { indices, axis: 0 }), to.shape);
}

/** Elements of a where the condition is not 0, else of b. a and b must mean the same. */
export function where(e: Emitter, condition: Value, a: Value, b: Value): Value {
  const shape = broadcast(condition.shape, a.shape, b.shape);
  return emit(e, "where", { operands: [condition, a, b], shape, q: unionRange([a, b]) });
}

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

// ---- arithmetic ---------------------------------------------------------------------------------------------------

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
    largestOf(a.q) * Math.abs(mA) + largestOf(b.q) * Math.abs(mB) + Math.abs(offset) < 2 ** 53;
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

// ---- helpers ------------------------------------------------------------------------------------------------------

/** Shape of all of them broadcast together (sizes were checked by the runtime that ran the model). */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[i - rank + shape.length] ?? 1)),
  );
}

/** Largest |q - zero| of a quantisation. */
export function largestFrom(q: Quantization): number {
  return Math.max(Math.abs(q.lo - q.zero), Math.abs(q.hi - q.zero));
}

/** Multiplier and shift for a factor. @throws AIVM_ONNX_PRECISION when no 21-bit multiplier reaches it. */
export function multiplier(factor: number, bound: number, what: string): Multiplier {
  const found = bound === 0 ? { multiplier: 0, shift: 0 } : multiplierFor(factor, bound);
  if (found !== undefined) return found;
  throw precisionError(what, "a scale ratio below 2^21", `${factor} with accumulators up to ${bound}`);
}

/** True for a tensor that is 0 everywhere: its scale says nothing. */
function isZero(q: Quantization): boolean {
  return q.lo === q.zero && q.hi === q.zero;
}

function largestOf(q: Quantization): number {
  return Math.max(Math.abs(q.lo), Math.abs(q.hi));
}

function reduced(shape: readonly number[], axis: number): number[] {
  return shape.map((size, i) => (i === axis ? 1 : size));
}

function unionRange(values: readonly Value[]): Quantization {
  const [first] = values;
  if (first === undefined) throw new RangeError("no values");
  const lo = values.reduce((low, v) => Math.min(low, v.q.lo), first.q.lo);
  const hi = values.reduce((high, v) => Math.max(high, v.q.hi), first.q.hi);
  return { ...first.q, lo, hi };
}

function extent(data: ArrayLike<number>): { readonly lo: number; readonly hi: number } {
  let lo = data[0] ?? 0;
  let hi = lo;
  for (let i = 1; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return { lo, hi };
}

/** Emitting ops that move or choose elements: meaning and range pass through. */
import type { Quantization } from "../../../quantize/scheme.ts";
import { elementCount, equalShapes } from "../../../tensor/shape.ts";
import { broadcast, type Emitter, emit, integerConstant, type Value } from "./emit.ts";

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

function unionRange(values: readonly Value[]): Quantization {
  const [first] = values;
  if (first === undefined) throw new RangeError("no values");
  const lo = values.reduce((low, v) => Math.min(low, v.q.lo), first.q.lo);
  const hi = values.reduce((high, v) => Math.max(high, v.q.hi), first.q.hi);
  return { ...first.q, lo, hi };
}

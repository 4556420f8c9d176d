/** Emitting the ops on bits, order, positions and random numbers, and what is made of them: top k, cumulative sums. */
import { opNamed } from "../../../ops/registry.ts";
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { DTYPE_BYTES } from "../../../tensor/tensor.ts";
import { addScaled, rescale } from "./compute.ts";
import { broadcast, type Emitter, emit, integerConstant, typeOf, type Value } from "./emit.ts";
import { concat, gather, reshape, slice } from "./move.ts";

/** Bits of two raw integers, broadcast: scale 1, in the wider element type and the range that the bits prove. */
export function bitwise(e: Emitter, kind: "and" | "or" | "xor", [a, b]: readonly [Value, Value]): Value {
  const dtype = DTYPE_BYTES[a.q.dtype] > DTYPE_BYTES[b.q.dtype] ? a.q.dtype : b.q.dtype;
  const attrs = [kind === "and" ? 0 : kind === "or" ? 1 : 2];
  return emitPassing(e, "bitwise", { operands: [a, b], shape: broadcast(a.shape, b.shape), dtype, attrs });
}

/** A word as VM op `shift` knows it. */
export interface Word {
  readonly width: 8 | 16 | 32;
  readonly signed: boolean;
}

/** x moved by `by` bits inside a word, broadcast; scale 1. */
export function shift(
  e: Emitter,
  direction: "left" | "right",
  to: { readonly x: Value; readonly by: Value; readonly word: Word; readonly dtype: Quantization["dtype"] },
): Value {
  const attrs = [direction === "left" ? 0 : 1, to.word.width, to.word.signed ? 1 : 0];
  const shape = broadcast(to.x.shape, to.by.shape);
  return emitPassing(e, "shift", { operands: [to.x, to.by], shape, dtype: to.dtype, attrs });
}

/** Places of the first `count` elements along an axis, largest or smallest first; i32. */
export function rank(
  e: Emitter,
  x: Value,
  by: { readonly axis: number; readonly count: number; readonly largest: boolean },
): Value {
  const shape = x.shape.map((size, i) => (i === by.axis ? by.count : size));
  const q = integerQuantization("i32", { lo: 0, hi: (x.shape[by.axis] ?? 1) - 1 });
  return emit(e, "rank", { operands: [x], shape, q, attrs: [by.axis, by.largest ? 1 : 0] });
}

/** Reductions of VM op `scatter`, by the number that its attribute has. */
export const SCATTER_REDUCTIONS = ["none", "add", "mul", "max", "min"] as const;

/** What `scatter` does with an update. */
export type ScatterReduction = (typeof SCATTER_REDUCTIONS)[number];

/**
 * x with updates written into it at positions along an axis.
 * @param by.shift updates of "mul" are units of 2^-shift
 * @param q of the result; the others share x's scale
 */
export function scatter(
  e: Emitter,
  operands: { readonly x: Value; readonly positions: Value; readonly updates: Value },
  by: {
    readonly axis: number;
    readonly reduction: ScatterReduction;
    readonly q: Quantization;
    readonly shift?: number;
  },
): Value {
  const { x, positions, updates } = operands;
  const attrs = [by.axis, SCATTER_REDUCTIONS.indexOf(by.reduction), 1, by.shift ?? 0];
  return emit(e, "scatter", { operands: [x, positions, updates], shape: x.shape, q: by.q, attrs });
}

/** Uniform integers over the whole of their type; scale 1. */
export function random(
  e: Emitter,
  seed: Value,
  of: { readonly dtype: "i16" | "i32"; readonly shape: readonly number[]; readonly stream: number },
): Value {
  return emitPassing(e, "random", {
    operands: [seed],
    shape: of.shape,
    dtype: of.dtype,
    attrs: [of.stream],
  });
}

/** An op whose output has the range that the op itself announces. */
function emitPassing(
  e: Emitter,
  name: string,
  parts: {
    readonly operands: readonly Value[];
    readonly shape: readonly number[];
    readonly dtype: Quantization["dtype"];
    readonly attrs: readonly number[];
  },
): Value {
  const op = opNamed(name);
  const draft = {
    descriptor: {
      opcode: op.opcode,
      operands: parts.operands.map((value) => value.ref),
      output: { dtype: parts.dtype, shape: parts.shape, lo: 0, hi: 0 },
      attrs: parts.attrs,
    },
    operands: parts.operands.map(typeOf),
  };
  const range = op.passedRange?.(draft) ?? { lo: 0, hi: 0 };
  return emit(e, name, { ...parts, q: integerQuantization(parts.dtype, range) });
}

/** Longest row that is ranked at once: its bytes are one element's witness. */
const LONGEST_RANKED_BYTES = 32_768;

/** The first `count` of each row in order: their values and their indices, [rows, count]. */
export interface TopK {
  readonly values: Value;
  readonly indices: Value;
}

/**
 * The first `count` elements of each row of x [rows, length], the lowest index first among equals. Long rows are ranked
 * in blocks, then the winners of the blocks: their order decides ties as the whole row would.
 */
export function topK(e: Emitter, x: Value, by: { readonly count: number; readonly largest: boolean }): TopK {
  const [rows = 1, length = 1] = x.shape;
  const longest = LONGEST_RANKED_BYTES / DTYPE_BYTES[x.q.dtype];
  if (length <= longest) {
    const indices = rank(e, x, { axis: 1, ...by });
    return { indices, values: pickFromRows(e, x, indices) };
  }
  const pieces: TopK[] = [];
  for (let start = 0; start < length; start += longest) {
    const size = Math.min(longest, length - start);
    const block = slice(e, x, { starts: [0, start], steps: [1, 1], sizes: [rows, size] });
    const best = topK(e, block, { ...by, count: Math.min(by.count, size) });
    pieces.push({ values: best.values, indices: shifted(e, best.indices, { by: start, length }) });
  }
  const values = concat(
    e,
    pieces.map((piece) => piece.values),
    1,
  );
  const indices = concat(
    e,
    pieces.map((piece) => piece.indices),
    1,
  );
  const winners = topK(e, values, by);
  return { values: winners.values, indices: pickFromRows(e, indices, winners.indices) };
}

function shifted(e: Emitter, indices: Value, to: { readonly by: number; readonly length: number }): Value {
  const q = integerQuantization("i32", { lo: 0, hi: to.length - 1 });
  return emit(e, "add", {
    operands: [indices, indices],
    shape: indices.shape,
    q,
    attrs: [1, 0, to.by, 0, 0],
  });
}

/** Elements of x [rows, length] at column indices [rows, k] of their own row. */
export function pickFromRows(e: Emitter, x: Value, indices: Value): Value {
  const [rows = 1, length = 1] = x.shape;
  const flat = reshape(e, x, [rows * length]);
  if (rows === 1) return gather(e, flat, { indices, axis: 0 });
  const starts = Array.from({ length: rows }, (_, row) => row * length);
  const offsets = integerConstant(e, "i32", [rows, 1], starts);
  const q = integerQuantization("i32", { lo: 0, hi: rows * length - 1 });
  return gather(e, flat, { indices: addScaled(e, { a: indices, b: offsets }, q), axis: 0 });
}

/** Elements summed by one op of a cumulative sum. */
const CUMULATIVE_BLOCK = 128;

/**
 * Sum of all elements before each one of its row, x [rows, length] with zero point 0; the element itself included
 * unless `exclusive`. Exact, at x's scale, in i32.
 * @param limit largest magnitude that a sum has; clamped to it
 */
export function cumulativeSum(
  e: Emitter,
  x: Value,
  by: { readonly exclusive: boolean; readonly limit: number },
): Value {
  const [rows = 1, length = 1] = x.shape;
  const q: Quantization = { ...x.q, dtype: "i32", lo: x.q.lo < 0 ? -by.limit : 0, hi: by.limit };
  if (length <= CUMULATIVE_BLOCK) return triangularSum(e, x, { exclusive: by.exclusive, q });
  const blocks = Math.ceil(length / CUMULATIVE_BLOCK);
  const whole = blocks * CUMULATIVE_BLOCK;
  const padded = emit(e, "pad", {
    operands: [x],
    shape: [rows, whole],
    q: { ...x.q, lo: Math.min(0, x.q.lo), hi: Math.max(0, x.q.hi) },
    attrs: [0, 0, 0],
  });
  const pieces = reshape(e, padded, [rows * blocks, CUMULATIVE_BLOCK]);
  const within = triangularSum(e, pieces, { exclusive: by.exclusive, q });
  const totals = emit(e, "sumReduce", {
    operands: [pieces],
    shape: [rows * blocks, 1],
    q,
    attrs: [1, 0, 1, 0, 0],
  });
  const before = cumulativeSum(e, reshape(e, totals, [rows, blocks]), { exclusive: true, limit: by.limit });
  const start = reshape(e, before, [rows * blocks, 1]);
  const sums = emit(e, "add", { operands: [within, start], shape: pieces.shape, q, attrs: [1, 1, 0, 0, 0] });
  return slice(e, reshape(e, sums, [rows, whole]), { starts: [0, 0], steps: [1, 1], sizes: [rows, length] });
}

/** The same for one block: a product with zeros and ones, or a choice and a sum where x is wider than a product takes. */
function triangularSum(
  e: Emitter,
  x: Value,
  by: { readonly exclusive: boolean; readonly q: Quantization },
): Value {
  const [rows = 1, length = 1] = x.shape;
  const ones = Array.from({ length: length * length }, (_, i) => {
    const [to, from] = [Math.floor(i / length), i % length];
    return from < to || (from === to && !by.exclusive) ? 1 : 0;
  });
  const triangle = integerConstant(e, "i8", [length, length], ones);
  if (x.q.dtype !== "i32") {
    return emit(e, "matmul", { operands: [x, triangle], shape: x.shape, q: by.q, attrs: [0, 0, 1, 0, 0] });
  }
  const zero = integerConstant(e, "i32", [], [0]);
  const chosen = emit(e, "where", {
    operands: [triangle, reshape(e, x, [rows, 1, length]), zero],
    shape: [rows, length, length],
    q: { ...x.q, lo: Math.min(0, x.q.lo), hi: Math.max(0, x.q.hi) },
  });
  const sums = emit(e, "sumReduce", {
    operands: [chosen],
    shape: [rows, length, 1],
    q: by.q,
    attrs: [2, 0, 1, 0, 0],
  });
  return reshape(e, sums, [rows, length]);
}

/** Index of the largest element of each row [rows, length] -> [rows, 1], whatever the length: by blocks where it must be. */
export function argmaxOfRows(e: Emitter, x: Value): Value {
  const { indices } = topK(e, x, { count: 1, largest: true });
  return indices;
}

/** x in the scale, zero point and element type of `q`, its range unclamped; nothing is emitted where it has them. */
export function sameMeaning(e: Emitter, x: Value, q: Quantization): Value {
  return rescale(e, x, { ...q, lo: Math.min(q.lo, x.q.lo), hi: Math.max(q.hi, x.q.hi) });
}

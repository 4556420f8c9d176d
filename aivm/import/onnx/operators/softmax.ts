/** Softmax and its relatives, in primitive ops: every step is one that a dispute can stop at. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { DTYPE_RANGE } from "../../../tensor/tensor.ts";
import { addScaled, argmax, compare, maxReduce, rescale, table } from "../emit/compute.ts";
import { div, logWide, matmulDiv } from "../emit/division.ts";
import { emit, integerConstant, largestFrom, type Value } from "../emit/emit.ts";
import { reshape } from "../emit/move.ts";
import { sumWide } from "../emit/wide.ts";
import { intAttribute, type OnnxNode } from "../graph.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { inputName, onlyConsumer, outputName, positiveAxis, shapeOf } from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { type Rows, rowsAlong } from "./rows.ts";

/** Lowerers of softmax and its relatives. */
export const SOFTMAX_FAMILY: Family = new Map<string, Lowerer>([
  ["Softmax", (ctx, node) => lowerSoftmax(ctx, node, false)],
  ["LogSoftmax", (ctx, node) => lowerSoftmax(ctx, node, true)],
  ["Hardmax", lowerHardmax],
]);

/** exp of less than this is 0 at any scale used here: e^-24 = 4e-11. */
const LOWEST_EXPONENT = 24;
/** Longest row that a product divides itself: 16-bit products of it stay below 2^42. */
const LONGEST_WEIGHTED = 4096;
/** Exponentials in front of a division: 2^24 stands for 1. */
const FINE_UNIT = 2 ** 24;

/** Before opset 13 the axes from `axis` on are one row; since then a single axis is. */
export function softmaxRows(ctx: Lowering, node: OnnxNode): Rows {
  const x = getValue(ctx, inputName(node, 0));
  const rank = x.shape.length;
  const flat = ctx.graph.opset < 13;
  const axis = positiveAxis(intAttribute(node, "axis", flat ? 1 : -1), rank);
  const axes = flat ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
  return rowsAlong(ctx, x, axes);
}

function lowerSoftmax(ctx: Lowering, node: OnnxNode, logarithm: boolean): void {
  const rows = softmaxRows(ctx, node);
  const out = outputName(node);
  if (!logarithm && readAsWeights(ctx, node)) {
    ctx.unnormalised.set(out, { rows: rows.value, shape: shapeOf(ctx, out) });
    ctx.absorbed.add(out);
    return;
  }
  const q = quantizationOf(ctx, out);
  setValue(
    ctx,
    out,
    rows.restore(logarithm ? logSoftmaxOf(ctx, rows.value, q) : softmaxOf(ctx, rows.value, q)),
  );
}

/** True when nothing reads a softmax over the last axis but one product of which it is the left operand: it divides there. */
function readAsWeights(ctx: Lowering, node: OnnxNode): boolean {
  const out = outputName(node);
  const reader = onlyConsumer(ctx, out);
  const rank = shapeOf(ctx, out).length;
  const last = positiveAxis(intAttribute(node, "axis", ctx.graph.opset < 13 ? 1 : -1), rank) === rank - 1;
  const length = shapeOf(ctx, out).at(-1) ?? 1;
  if (reader?.opType !== "MatMul" || reader.domain !== "" || !last || rank < 2) return false;
  // A longer sum is split, which a product can be and a division not.
  if (length > LONGEST_WEIGHTED) return false;
  const [left, right] = reader.inputs;
  return left === out && right !== out && shapeOf(ctx, right ?? "").length >= 2;
}

/** Softmax of each row of x [rows, length]: exp(x - max) over the row's sum of them, one division per element. */
export function softmaxOf(ctx: Lowering, x: Value, q: Quantization): Value {
  const powers = exponentials(ctx, distance(ctx, x, LOWEST_EXPONENT), FINE_UNIT);
  return div(ctx.e, powers, sumWide(ctx.e, powers, 1), q);
}

/**
 * softmax(rows) b^T with one division per element of the result. b [...,N,K].
 * @param from rows [R,K] of scores and the shape [...,M,K] that they have in the graph
 */
export function softmaxTimes(
  ctx: Lowering,
  from: { readonly rows: Value; readonly shape: readonly number[] },
  b: Value,
  q: Quantization,
): Value {
  const { e } = ctx;
  const length = from.shape.at(-1) ?? 1;
  // The longest sum of products stays below 2^42.
  const unit = Math.floor(Math.min(32_767, (2 ** 42 - 1) / (length * Math.max(1, largestFrom(b.q)))));
  const powers = exponentials(ctx, distance(ctx, from.rows, LOWEST_EXPONENT), unit);
  const a = reshape(e, powers, from.shape);
  const d = reshape(e, sumWide(e, powers, 1), [...from.shape.slice(0, -1), 1]);
  return matmulDiv(e, { a, b, d }, q);
}

/** x - max - log(sum of exp(x - max)). */
function logSoftmaxOf(ctx: Lowering, x: Value, q: Quantization): Value {
  const { e } = ctx;
  const near = distance(ctx, x, LOWEST_EXPONENT);
  const largest = maxReduce(e, x, 1);
  const span = Math.min(2 ** 31 - 1, x.q.hi - x.q.lo);
  const belowQ: Quantization = { dtype: "i32", scale: x.q.scale, zero: 0, lo: -span, hi: 0 };
  const below = emit(e, "add", {
    operands: [x, largest],
    shape: x.shape,
    q: belowQ,
    attrs: [1, -1, 0, 0, 0],
  });
  return addScaled(e, { a: below, b: logOfSum(ctx, near), factorB: -1 }, q);
}

/** log(sum of exp(x - max)) per row of x [rows, length]. */
export function logOfExponentials(ctx: Lowering, x: Value): Value {
  return logOfSum(ctx, distance(ctx, x, LOWEST_EXPONENT));
}

function logOfSum(ctx: Lowering, near: Value): Value {
  const sum = sumWide(ctx.e, exponentials(ctx, near, FINE_UNIT), 1);
  // The largest element alone adds 1. The logarithm is at most that of the row's length.
  const log = logWide(ctx.e, sum, Math.floor(1 / sum.q.scale));
  const most = Math.log(near.shape[1] ?? 1) + 1;
  return rescale(ctx.e, log, { dtype: "i32", scale: most / 2 ** 20, zero: 0, lo: 0, hi: 2 ** 20 });
}

/** exp of a distance, `unit` standing for 1; 16 bits where they hold it. */
function exponentials(ctx: Lowering, below: Value, unit: number): Value {
  const q: Quantization = {
    dtype: unit < 2 ** 15 ? "i16" : "i32",
    scale: 1 / unit,
    zero: 0,
    lo: 0,
    hi: unit,
  };
  return table(ctx.e, below, Math.exp, q);
}

/**
 * x - max along rows. In steps of x where x has at most 16 bits: all of its 2^16 values are steps below 0. Else in steps
 * that reach `limit` below 0, further down at the lowest one.
 */
function distance(ctx: Lowering, x: Value, limit: number): Value {
  const { e } = ctx;
  const largest = maxReduce(e, x, 1);
  const span = x.q.hi - x.q.lo;
  const dtype = x.q.dtype === "i8" ? "i8" : "i16";
  const { lo, hi } = DTYPE_RANGE[dtype];
  const q: Quantization = { dtype, scale: x.q.scale, zero: hi, lo: Math.max(lo, hi - span), hi };
  if (x.q.dtype !== "i32") {
    return emit(e, "add", { operands: [x, largest], shape: x.shape, q, attrs: [1, -1, 0, 0, hi] });
  }
  const scale = Math.max(x.q.scale, Math.min(limit, x.q.scale * span) / (hi - lo));
  return addScaled(e, { a: x, b: largest, factorB: -1 }, { ...q, scale, lo });
}

/** 1 at the first largest element of a row, 0 elsewhere. */
function lowerHardmax(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const rows = softmaxRows(ctx, node);
  const length = rows.value.shape[1] ?? 1;
  const winner = argmax(e, rows.value, 1);
  const positions = integerConstant(
    e,
    "i32",
    [1, length],
    Array.from({ length }, (_, i) => i),
  );
  const hot = compare(e, winner, "=", positions);
  const bit = { ...hot, q: integerQuantization("i8", { lo: 0, hi: 1 }) };
  setValue(ctx, outputName(node), rows.restore(rescale(e, bit, quantizationOf(ctx, outputName(node)))));
}

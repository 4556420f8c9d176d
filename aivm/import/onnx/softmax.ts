/** Softmax and its relatives, in primitive ops: every step is one that a dispute can stop at. */
import { integerQuantization, type Quantization, symmetric16 } from "../../quantize/scheme.ts";
import {
  addScaled,
  argmax,
  compare,
  integerConstant,
  maxReduce,
  rescale,
  table,
  type Value,
} from "./emit.ts";
import { intAttribute, type OnnxNode } from "./graph.ts";
import {
  type Family,
  getValue,
  inputName,
  type Lowerer,
  type Lowering,
  outputName,
  positiveAxis,
  quantizationOf,
  setValue,
} from "./lowering.ts";
import { type Rows, rowsAlong } from "./rows.ts";
import { sumWide, tableWide } from "./wide.ts";

/** Lowerers of softmax and its relatives. */
export const SOFTMAX_FAMILY: Family = new Map<string, Lowerer>([
  ["Softmax", (ctx, node) => lowerSoftmax(ctx, node, false)],
  ["LogSoftmax", (ctx, node) => lowerSoftmax(ctx, node, true)],
  ["Hardmax", lowerHardmax],
]);

/** exp of less than this is 0 at any scale used here: e^-24 = 4e-11. */
const LOWEST_EXPONENT = 24;

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
  const q = quantizationOf(ctx, outputName(node));
  const y = logarithm ? logSoftmaxOf(ctx, rows.value, q) : softmaxOf(ctx, rows.value, q);
  setValue(ctx, outputName(node), rows.restore(y));
}

/** Softmax of each row of x [rows, length]: exp((x - max) - log(sum of exp(x - max))). */
export function softmaxOf(ctx: Lowering, x: Value, q: Quantization): Value {
  // A step of x beyond e^-24 gives 0 whatever its size, so huge scores need no huge scale.
  const scale = Math.min(x.q.scale, 2 * LOWEST_EXPONENT);
  const parts = logParts(ctx, { ...x, q: { ...x.q, scale } }, LOWEST_EXPONENT);
  const lowest = LOWEST_EXPONENT + Math.log(x.shape[1] ?? 1);
  const exponent = addScaled(
    ctx.e,
    { a: parts.distance, b: parts.logSum, factorB: -1 },
    symmetric16({ min: -lowest, max: 0 }),
  );
  return table(ctx.e, exponent, Math.exp, q);
}

function logSoftmaxOf(ctx: Lowering, x: Value, q: Quantization): Value {
  const parts = logParts(ctx, x, Number.POSITIVE_INFINITY);
  return addScaled(ctx.e, { a: parts.distance, b: parts.logSum, factorB: -1 }, q);
}

/** x - max along rows, at most `limit` below 0, and the logarithm of the sum of its exponentials. */
function logParts(
  ctx: Lowering,
  x: Value,
  limit: number,
): { readonly distance: Value; readonly logSum: Value } {
  const { e } = ctx;
  const length = x.shape[1] ?? 1;
  const largest = maxReduce(e, x, 1);
  const span = Math.min(limit, x.q.scale * (x.q.hi - x.q.lo));
  const distanceQ: Quantization = { ...symmetric16({ min: -span, max: 0 }), hi: 0 };
  const distance = addScaled(e, { a: x, b: largest, factorB: -1 }, distanceQ);
  const unit: Quantization = { dtype: "i32", scale: 2 ** -24, zero: 0, lo: 0, hi: 2 ** 24 };
  const sum = sumWide(e, table(e, distance, Math.exp, unit), 1);
  const logSum = tableWide(
    e,
    sum,
    (s) => Math.log(Math.max(s, 1)),
    symmetric16({ min: 0, max: Math.max(Math.log(length), 1e-3) }),
  );
  return { distance, logSum };
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

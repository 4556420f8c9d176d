/** Reductions and ArgMax/ArgMin. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, argmax, compare, maxReduce, rescale, sumReduce, table } from "../emit/compute.ts";
import { logWide, mod, root } from "../emit/division.ts";
import { constant, emit, integerConstant, largestFrom, type Value } from "../emit/emit.ts";
import { exponentQuantization, expWide } from "../emit/exponential.ts";
import { concat, reshape, slice, transpose, where } from "../emit/move.ts";
import { mulWide, sumWide } from "../emit/wide.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, intsAttribute, type OnnxDtype, type OnnxNode } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import {
  inputName,
  isFloat,
  numbersOf,
  outputName,
  positiveAxis,
  shapeOf,
  tensorType,
} from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { integerArithmetic } from "./integerMath.ts";
import { logOfExponentials } from "./softmax.ts";

/** Lowerers of reductions. */
export const REDUCE_FAMILY: Family = new Map<string, Lowerer>([
  ["ArgMax", (ctx, node) => lowerArg(ctx, node, false)],
  ["ArgMin", (ctx, node) => lowerArg(ctx, node, true)],
  ["ReduceMax", (ctx, node) => lowerExtreme(ctx, node, false)],
  ["ReduceMin", (ctx, node) => lowerExtreme(ctx, node, true)],
  ["ReduceSum", (ctx, node) => lowerSum(ctx, node, () => 1)],
  ["ReduceMean", (ctx, node) => lowerSum(ctx, node, (count) => 1 / count)],
  [
    "ReduceL1",
    (ctx, node) =>
      lowerSum(
        ctx,
        node,
        () => 1,
        (ctx2, x) => table(ctx2.e, x, Math.abs, widened(x.q)),
      ),
  ],
  [
    "ReduceSumSquare",
    (ctx, node) =>
      lowerSum(
        ctx,
        node,
        () => 1,
        (ctx2, x) => mulWide(ctx2.e, x, x),
      ),
  ],
  ["ReduceL2", lowerL2],
  ["ReduceLogSum", lowerLogSum],
  ["ReduceLogSumExp", lowerLogSumExp],
  ["ReduceProd", lowerProd],
]);

/** The same range with room for the magnitude of the lowest value. */
function widened(q: Quantization): Quantization {
  const largest = largestFrom(q);
  return { dtype: "i16", scale: q.scale, zero: 0, lo: -largest, hi: largest };
}

/** Axes of a reduction: attribute or input, all when none are given (unless noop_with_empty_axes says so). */
function reductionAxes(ctx: Lowering, node: OnnxNode, rank: number): number[] {
  const given = intsAttribute(node, "axes") ?? numbersOf(ctx, node, 1) ?? [];
  if (given.length > 0) return given.map((axis) => positiveAxis(axis, rank)).sort((a, b) => a - b);
  if (intAttribute(node, "noop_with_empty_axes", 0) !== 0) return [];
  return Array.from({ length: rank }, (_, i) => i);
}

/**
 * x as [kept, reduced]: the reduced axes brought to the end, so that one element of a reduction reads neighbours.
 */
export function reducedLast(ctx: Lowering, x: Value, axes: readonly number[]): Value {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const moved = transpose(ctx.e, x, [...kept, ...axes]);
  const count = elementCount(axes.map((axis) => x.shape[axis] ?? 1));
  return reshape(ctx.e, moved, [elementCount(x.shape) / count, count]);
}

function reductionRows(ctx: Lowering, node: OnnxNode): Value | undefined {
  const x = getValue(ctx, inputName(node, 0));
  const axes = reductionAxes(ctx, node, x.shape.length);
  return axes.length === 0 && x.shape.length > 0 ? undefined : reducedLast(ctx, x, axes);
}

function lowerSum(
  ctx: Lowering,
  node: OnnxNode,
  factor: (count: number) => number,
  before: (ctx: Lowering, x: Value) => Value = (_, x) => x,
): void {
  const { e } = ctx;
  if (!isFloat(ctx, outputName(node))) throw unsupportedForm(node, { want: "float32", got: "integers" });
  const output = foldedOutput(ctx, outputName(node));
  const rows = reductionRows(ctx, node);
  const outShape = shapeOf(ctx, outputName(node));
  if (rows === undefined) {
    const x = before(ctx, getValue(ctx, inputName(node, 0)));
    setValue(ctx, output.name, rescale(e, x, output.q));
    return;
  }
  const sum = sumWide(e, before(ctx, rows), 1);
  setValue(ctx, output.name, reshape(e, rescale(e, sum, output.q, factor(rows.shape[1] ?? 1)), outShape));
}

/** Rows along the reduced axes, or the elements one by one where nothing is reduced: x as [..., 1]. */
function rowsOrElements(ctx: Lowering, node: OnnxNode): Value {
  const x = getValue(ctx, inputName(node, 0));
  if (!isFloat(ctx, inputName(node, 0)))
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, inputName(node, 0)).dtype });
  return reductionRows(ctx, node) ?? reshape(ctx.e, x, [elementCount(x.shape), 1]);
}

function setReduced(ctx: Lowering, name: string, y: Value): void {
  setValue(ctx, name, reshape(ctx.e, y, shapeOf(ctx, name)));
}

/** Root of the sum of squares. */
function lowerL2(ctx: Lowering, node: OnnxNode): void {
  const rows = rowsOrElements(ctx, node);
  const out = outputName(node);
  setReduced(ctx, out, root(ctx.e, sumWide(ctx.e, mulWide(ctx.e, rows, rows), 1), quantizationOf(ctx, out)));
}

/** Logarithm of the sum. */
function lowerLogSum(ctx: Lowering, node: OnnxNode): void {
  const sum = sumWide(ctx.e, rowsOrElements(ctx, node), 1);
  const out = outputName(node);
  setReduced(ctx, out, rescale(ctx.e, logWide(ctx.e, sum, 1), quantizationOf(ctx, out)));
}

/** max + log(sum of exp(x - max)). */
function lowerLogSumExp(ctx: Lowering, node: OnnxNode): void {
  const rows = rowsOrElements(ctx, node);
  const out = outputName(node);
  const y = addScaled(
    ctx.e,
    { a: maxReduce(ctx.e, rows, 1), b: logOfExponentials(ctx, rows) },
    quantizationOf(ctx, out),
  );
  setReduced(ctx, out, y);
}

/** Product: of integers as a tree of products, of floats through the sum of logarithms, the sign by parity. */
function lowerProd(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const out = outputName(node);
  const { dtype } = tensorType(ctx, out);
  if (dtype !== "float32") {
    const x = getValue(ctx, inputName(node, 0));
    const all = reductionRows(ctx, node) ?? reshape(e, x, [elementCount(x.shape), 1]);
    setReduced(ctx, out, productTree(ctx, node, { rows: all, dtype }));
    return;
  }
  const rows = rowsOrElements(ctx, node);
  const q = quantizationOf(ctx, out);
  const limit = largestFrom(rows.q);
  const magnitudes = table(
    e,
    rows,
    (v) => Math.log(Math.max(Math.abs(v), rows.q.scale)),
    logarithms(rows.shape[1] ?? 1, rows.q.scale * limit),
  );
  const sum = sumReduce(e, magnitudes, 1, { q: exponentQuantization(q.scale * largestFrom(q)) });
  const count = (f: (v: number) => boolean): Value =>
    sumWide(
      e,
      table(e, rows, (v) => (f(v) ? 1 : 0), integerQuantization("i8", { lo: 0, hi: 1 })),
      1,
    );
  const odd = mod(
    e,
    count((v) => v < 0),
    integerConstant(e, "i32", [], [2]),
    "divisor",
  );
  const product = expWide(e, sum, q);
  const negative = addScaled(e, { a: product, b: product, factorA: -1, factorB: 0 }, q);
  const none = integerConstant(e, "i32", [], [0]);
  const nothing = constant(e, { shape: [], values: [q.zero], q });
  const signed = where(e, odd, negative, product);
  setReduced(
    ctx,
    out,
    where(
      e,
      compare(
        e,
        none,
        "<",
        count((v) => v === 0),
      ),
      nothing,
      signed,
    ),
  );
}

/** Quantisation of the logarithms of `count` magnitudes up to `largest`, such that their sum fits 2^42 and each 32 bits. */
function logarithms(count: number, largest: number): Quantization {
  const deepest = Math.max(Math.abs(Math.log(largest)), Math.abs(Math.log(largest / 65_535)), 1);
  const bits = Math.min(30, 41 - Math.ceil(Math.log2(count)));
  const limit = 2 ** Math.floor(bits);
  return { dtype: "i32", scale: deepest / limit, zero: 0, lo: -limit, hi: limit };
}

/** Product of each row of integers [rows, length]: halves times halves. */
function productTree(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly rows: Value; readonly dtype: Exclude<OnnxDtype, "float32"> },
): Value {
  const [count = 1, length = 1] = parts.rows.shape;
  if (length === 1) return parts.rows;
  const half = Math.floor(length / 2);
  const piece = (start: number, size: number): Value =>
    slice(ctx.e, parts.rows, { starts: [0, start], steps: [1, 1], sizes: [count, size] });
  const { dtype } = parts;
  const products = integerArithmetic(ctx, node, {
    a: piece(0, half),
    b: piece(half, half),
    kind: "*",
    dtype,
  });
  const rows = length % 2 === 0 ? products : concat(ctx.e, [products, piece(length - 1, 1)], 1);
  return productTree(ctx, node, { rows, dtype });
}

/** Raw integers with the opposite order: -1 - x, which every type holds. */
function opposite(ctx: Lowering, x: Value): Value {
  const q = integerQuantization(x.q.dtype, { lo: -1 - x.q.hi, hi: -1 - x.q.lo });
  const raw = { ...x, q: integerQuantization(x.q.dtype, x.q) };
  return emit(ctx.e, "add", { operands: [raw, raw], shape: x.shape, q, attrs: [-1, 0, -1, 0, 0] });
}

function lowerExtreme(ctx: Lowering, node: OnnxNode, lowest: boolean): void {
  const rows = reductionRows(ctx, node);
  const out = outputName(node);
  const outShape = shapeOf(ctx, out);
  if (rows === undefined) {
    setValue(ctx, out, getValue(ctx, inputName(node, 0)));
    return;
  }
  if (!lowest) {
    setValue(ctx, out, reshape(ctx.e, maxReduce(ctx.e, rows, 1), outShape));
    return;
  }
  const largest = maxReduce(ctx.e, opposite(ctx, rows), 1);
  const y = emit(ctx.e, "add", {
    operands: [largest, largest],
    shape: largest.shape,
    q: rows.q,
    attrs: [-1, 0, -1, 0, 0],
  });
  setValue(ctx, out, reshape(ctx.e, y, outShape));
}

function lowerArg(ctx: Lowering, node: OnnxNode, lowest: boolean): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), x.shape.length);
  const rows = reducedLast(ctx, x, [axis]);
  const ordered = lowest ? opposite(ctx, rows) : rows;
  const size = rows.shape[1] ?? 1;
  const out = outputName(node);
  const outShape = shapeOf(ctx, out);
  if (intAttribute(node, "select_last_index", 0) === 0) {
    setValue(ctx, out, reshape(e, argmax(e, ordered, 1), outShape));
    return;
  }
  const backwards = slice(e, ordered, { starts: [0, size - 1], steps: [1, -1], sizes: ordered.shape });
  const found = argmax(e, backwards, 1);
  const zero = integerConstant(e, "i32", [], [0]);
  const y = addScaled(
    e,
    { a: found, b: zero, factorA: -1, term: size - 1 },
    integerQuantization("i32", { lo: 0, hi: size - 1 }),
  );
  setValue(ctx, out, reshape(e, y, outShape));
}

/** Reductions and ArgMax/ArgMin. */
import { integerQuantization, type Quantization } from "../../quantize/scheme.ts";
import { elementCount } from "../../tensor/shape.ts";
import {
  addScaled,
  argmax,
  emit,
  integerConstant,
  maxReduce,
  rescale,
  reshape,
  slice,
  table,
  transpose,
  type Value,
} from "./emit.ts";
import { unsupportedForm } from "./errors.ts";
import { intAttribute, intsAttribute, type OnnxNode } from "./graph.ts";
import {
  type Family,
  foldedOutput,
  getValue,
  inputName,
  isFloat,
  type Lowerer,
  type Lowering,
  numbersOf,
  outputName,
  positiveAxis,
  quantizationOf,
  setValue,
  shapeOf,
} from "./lowering.ts";
import { mulWide, sumWide, tableWide } from "./wide.ts";

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
  ["ReduceL2", (ctx, node) => lowerFunctionOfSum(ctx, node, Math.sqrt, (ctx2, x) => mulWide(ctx2.e, x, x))],
  ["ReduceLogSum", (ctx, node) => lowerFunctionOfSum(ctx, node, Math.log, (_, x) => x)],
]);

/** The same range with room for the magnitude of the lowest value. */
function widened(q: Quantization): Quantization {
  const largest = Math.max(Math.abs(q.lo - q.zero), Math.abs(q.hi - q.zero));
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

function lowerFunctionOfSum(
  ctx: Lowering,
  node: OnnxNode,
  f: (sum: number) => number,
  before: (ctx: Lowering, x: Value) => Value,
): void {
  const rows = reductionRows(ctx, node);
  const q = quantizationOf(ctx, outputName(node));
  const x = before(ctx, rows ?? getValue(ctx, inputName(node, 0)));
  const sum = rows === undefined ? x : sumWide(ctx.e, x, 1);
  setValue(
    ctx,
    outputName(node),
    reshape(ctx.e, tableWide(ctx.e, sum, f, q), shapeOf(ctx, outputName(node))),
  );
}

/** Raw integers with the opposite order, in a type that holds them. */
function negated(ctx: Lowering, x: Value): Value {
  const wide = x.q.dtype === "i8" ? "i16" : "i32";
  const q = integerQuantization(wide, {
    lo: Math.max(-x.q.hi, -2147483648),
    hi: Math.min(-x.q.lo, 2147483647),
  });
  const raw = { ...x, q: integerQuantization(x.q.dtype, x.q) };
  return emit(ctx.e, "add", { operands: [raw, raw], shape: x.shape, q, attrs: [-1, 0, 0, 0, 0] });
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
  const largest = maxReduce(ctx.e, negated(ctx, rows), 1);
  const y = emit(ctx.e, "add", {
    operands: [largest, largest],
    shape: largest.shape,
    q: rows.q,
    attrs: [-1, 0, 0, 0, 0],
  });
  setValue(ctx, out, reshape(ctx.e, y, outShape));
}

function lowerArg(ctx: Lowering, node: OnnxNode, lowest: boolean): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), x.shape.length);
  const rows = reducedLast(ctx, x, [axis]);
  const ordered = lowest ? negated(ctx, rows) : rows;
  const size = rows.shape[1] ?? 1;
  const out = outputName(node);
  const outShape = shapeOf(ctx, out);
  if (intAttribute(node, "select_last_index", 0) === 0) {
    setValue(ctx, out, reshape(e, argmax(e, ordered, 1), outShape));
    return;
  }
  const reversed = slice(e, ordered, { starts: [0, size - 1], steps: [1, -1], sizes: ordered.shape });
  const found = argmax(e, reversed, 1);
  const zero = integerConstant(e, "i32", [], [0]);
  const y = addScaled(
    e,
    { a: found, b: zero, factorA: -1, term: size - 1 },
    integerQuantization("i32", { lo: 0, hi: size - 1 }),
  );
  setValue(ctx, out, reshape(e, y, outShape));
}

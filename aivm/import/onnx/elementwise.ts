/** Elementwise operators: functions by table, arithmetic, comparison, logic, choice, casts. */
import { integerQuantization, type Quantization, symmetric16 } from "../../quantize/scheme.ts";
import {
  addScaled,
  clampTo,
  compare,
  emit,
  integerConstant,
  mul,
  reshape,
  rescale,
  table,
  type Value,
  where,
} from "./emit.ts";
import { precisionError, nodeLabel, unsupportedForm } from "./errors.ts";
import { type RealFunction, UNARY_NAMES, unaryFunction } from "./functions.ts";
import { intAttribute, type OnnxNode } from "./graph.ts";
import { integerStorage, wrapRule } from "./integers.ts";
import {
  clampBounds,
  constantOf,
  type Family,
  foldedOutput,
  getAnyLayout,
  getValue,
  hasInput,
  inputName,
  isFloat,
  type Lowerer,
  type Lowering,
  numbersOf,
  onlyConsumer,
  operandValue,
  outputName,
  quantizationOf,
  rangeOf,
  setValue,
  shapeOf,
  tensorType,
} from "./lowering.ts";
import { dtypeFromCode } from "./tensorProto.ts";

/** Lowerers of elementwise operators. */
export const ELEMENTWISE_FAMILY: Family = new Map<string, Lowerer>([
  ...UNARY_NAMES.map((name): [string, Lowerer] => [name, lowerUnary]),
  ["Relu", lowerClamp],
  ["Clip", lowerClip],
  ["PRelu", lowerPrelu],
  ["Add", (ctx, node) => lowerSum(ctx, node, [1, 1])],
  ["Sub", (ctx, node) => lowerSum(ctx, node, [1, -1])],
  ["Sum", lowerSumOfAll],
  ["Mean", lowerSumOfAll],
  ["Mul", lowerMul],
  ["Div", lowerDiv],
  ["Pow", lowerPow],
  ["Max", (ctx, node) => lowerExtreme(ctx, node, false)],
  ["Min", (ctx, node) => lowerExtreme(ctx, node, true)],
  ["Where", lowerWhere],
  ["Equal", (ctx, node) => lowerCompare(ctx, node, { relation: "=", swap: false })],
  ["Less", (ctx, node) => lowerCompare(ctx, node, { relation: "<", swap: false })],
  ["LessOrEqual", (ctx, node) => lowerCompare(ctx, node, { relation: "<=", swap: false })],
  ["Greater", (ctx, node) => lowerCompare(ctx, node, { relation: "<", swap: true })],
  ["GreaterOrEqual", (ctx, node) => lowerCompare(ctx, node, { relation: "<=", swap: true })],
  ["And", (ctx, node) => lowerLogic(ctx, node, [1, 1, -1])],
  ["Or", (ctx, node) => lowerLogic(ctx, node, [1, 1, 0])],
  ["Xor", lowerXor],
  ["Not", lowerNot],
  ["Cast", (ctx, node) => lowerCast(ctx, node, dtypeFromCode(intAttribute(node, "to", 0)))],
  ["CastLike", (ctx, node) => lowerCast(ctx, node, tensorType(ctx, inputName(node, 1)).dtype)],
  ["BatchNormalization", lowerBatchNorm],
]);

// ---- one operand --------------------------------------------------------------------------------------------------

/** f(x) by table, in whatever layout x has; chains of functions that only pass through each other become one table. */
function lowerUnary(ctx: Lowering, node: OnnxNode): void {
  const name = inputName(node, 0);
  if (!isFloat(ctx, name)) return lowerIntegerUnary(ctx, node);
  let f: RealFunction = unaryFunction(node) ?? ((x) => x);
  let out = outputName(node);
  for (let next = onlyConsumer(ctx, out); next !== undefined; next = onlyConsumer(ctx, out)) {
    const g = unaryFunction(next);
    if (g === undefined) break;
    const inner = f;
    f = (x) => g(inner(x));
    out = outputName(next);
  }
  const { value, perm } = getAnyLayout(ctx, name);
  const output = foldedOutput(ctx, out);
  setValue(ctx, output.name, table(ctx.e, value, f, output.q), perm);
}

/** Abs, Neg and Sign of integers of at most 16 bits, by table; the only value without an opposite wraps. */
function lowerIntegerUnary(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const f = unaryFunction(node);
  const q = quantizationOf(ctx, outputName(node));
  if (f === undefined || !["Abs", "Neg", "Sign"].includes(node.opType) || x.q.dtype === "i32") {
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, inputName(node, 0)).dtype });
  }
  const wrap = (v: number): number => (v > q.hi ? v - 2 * (q.hi + 1) : v);
  setValue(ctx, outputName(node), table(ctx.e, x, (v) => wrap(f(v)), q));
}

/** Relu, or Clip with constant bounds, that no producer took in. */
function lowerClamp(ctx: Lowering, node: OnnxNode): void {
  const bounds = clampBounds(ctx, node);
  if (bounds === undefined) throw unsupportedForm(node, { want: "constant bounds", got: "computed ones" });
  const { value, perm } = getAnyLayout(ctx, inputName(node, 0));
  if (!isFloat(ctx, inputName(node, 0))) return setValue(ctx, outputName(node), clampTo(ctx.e, value, bounds), perm);
  const output = foldedOutput(ctx, outputName(node));
  const lowest = output.q.lo;
  void lowest;
  const q = clampedBy(output.q, bounds);
  setValue(ctx, output.name, rescale(ctx.e, value, q), perm);
}

function clampedBy(q: Quantization, bounds: { readonly min: number; readonly max: number }): Quantization {
  const lo = Math.max(q.lo, Math.ceil(bounds.min / q.scale - 0.5) + q.zero);
  const hi = Math.min(q.hi, Math.floor(bounds.max / q.scale + 0.5) + q.zero);
  return { ...q, lo: Math.min(Math.max(lo, q.lo), q.hi), hi: Math.max(Math.min(hi, q.hi), q.lo) };
}

function lowerClip(ctx: Lowering, node: OnnxNode): void {
  if (clampBounds(ctx, node) !== undefined) return lowerClamp(ctx, node);
  // Computed bounds: min(max(x, low), high), all at one scale.
  let y = getValue(ctx, inputName(node, 0));
  if (hasInput(node, 1)) y = extreme(ctx, y, getValue(ctx, inputName(node, 1)), false);
  if (hasInput(node, 2)) y = extreme(ctx, y, getValue(ctx, inputName(node, 2)), true);
  setValue(ctx, outputName(node), y);
}

/** x where x >= 0, else slope x: max(x, 0) + slope min(x, 0). */
function lowerPrelu(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const slopeShape = shapeOf(ctx, inputName(node, 1));
  const raw = operandValue(ctx, inputName(node, 1));
  // Before opset 7 a slope per channel was given as [C].
  const perChannel = slopeShape.length === 1 && x.shape.length > 2 && slopeShape[0] === x.shape[1] && slopeShape[0] !== 1;
  const aligned = ctx.graph.opset < 7 && perChannel ? reshape(e, raw, [slopeShape[0] ?? 1, ...x.shape.slice(2).map(() => 1)]) : raw;
  const q = quantizationOf(ctx, outputName(node));
  const positive = clampTo(e, x, { min: 0, max: Number.POSITIVE_INFINITY });
  const negative = clampTo(e, x, { min: Number.NEGATIVE_INFINITY, max: 0 });
  const scaled = mul(e, negative, aligned, symmetric16(rangeOf(ctx, outputName(node))));
  setValue(ctx, outputName(node), addScaled(e, { a: positive, b: scaled }, q));
}

/** scale (x - mean) / sqrt(variance + epsilon) + shift with constant parameters, where no producer took it in. */
function lowerBatchNorm(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  if (intAttribute(node, "training_mode", 0) !== 0 || outputName(node, 1) !== "") {
    throw unsupportedForm(node, { want: "inference (training_mode 0)", got: "training" });
  }
  const x = getValue(ctx, inputName(node, 0));
  const [scale = [], shift = [], mean = [], variance = []] = [1, 2, 3, 4].map((i) => numbersOf(ctx, node, i));
  const epsilon = node.attributes.get("epsilon");
  const small = epsilon?.kind === "float" ? epsilon.value : 1e-5;
  const gain = scale.map((s, c) => s / Math.sqrt((variance[c] ?? 0) + small));
  const offset = shift.map((b, c) => b - (mean[c] ?? 0) * (gain[c] ?? 0));
  const shape = [scale.length, ...x.shape.slice(2).map(() => 1)];
  const output = foldedOutput(ctx, outputName(node));
  const factors = realConstant(ctx, gain, shape);
  const product = emitProduct(ctx, x, factors);
  setValue(ctx, output.name, addScaled(e, { a: product, b: realConstant(ctx, offset, shape) }, output.q));
}

function realConstant(ctx: Lowering, values: readonly number[], shape: readonly number[]): Value {
  const q = symmetric16({ min: Math.min(0, ...values), max: Math.max(0, ...values) });
  return integerLike(ctx, values.map((v) => Math.round(v / q.scale)), { shape, q });
}

function integerLike(ctx: Lowering, values: readonly number[], form: { readonly shape: readonly number[]; readonly q: Quantization }): Value {
  const c = integerConstant(ctx.e, form.q.dtype, form.shape, values);
  return { ...c, q: { ...form.q, lo: c.q.lo, hi: c.q.hi } };
}

/** x times y in i32 without rounding. */
function emitProduct(ctx: Lowering, x: Value, y: Value): Value {
  const bound = maxFrom(x.q) * maxFrom(y.q);
  const q: Quantization = { dtype: "i32", scale: x.q.scale * y.q.scale, zero: 0, lo: -bound, hi: bound };
  const shape = emitShape(x, y);
  return emit(ctx.e, "mul", { operands: [x, y], shape, q, attrs: [x.q.zero, y.q.zero, 1, 0, 0] });
}

function maxFrom(q: Quantization): number {
  return Math.max(1, Math.abs(q.lo - q.zero), Math.abs(q.hi - q.zero));
}

/** Operators on one tensor, element by element: functions by table, clamps, casts, batch normalisation. */
import {
  clampedQuantization,
  integerQuantization,
  type Quantization,
  quantizeReal,
  symmetric16,
} from "../../../quantize/scheme.ts";
import { addScaled, clampTo, compare, rescale, table } from "../emit/compute.ts";
import { constant, integerConstant, type Value } from "../emit/emit.ts";
import { reshape } from "../emit/move.ts";
import { mulWide } from "../emit/wide.ts";
import { unsupportedForm } from "../errors.ts";
import { dtypeFromCode, dtypeName, subByteBits } from "../format/tensorProto.ts";
import { floatAttribute, intAttribute, type OnnxDtype, type OnnxNode } from "../graph.ts";
import { clampBounds, foldedOutput } from "../lowering/folded.ts";
import { wrapRule } from "../lowering/integers.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import {
  inputName,
  isFloat,
  isUsed,
  numbersOf,
  onlyConsumer,
  outputName,
  shapeOf,
  tensorType,
} from "../lowering/tensors.ts";
import { getAnyLayout, getValue, operandValue, setValue } from "../lowering/values.ts";
import { type RealFunction, UNARY_NAMES, unaryFunction } from "./functions.ts";
import { storeInteger } from "./integerMath.ts";
import { power } from "./powers.ts";

/** Lowerers of operators on one tensor. */
export const UNARY_FAMILY: Family = new Map<string, Lowerer>([
  ...UNARY_NAMES.map((name): [string, Lowerer] => [name, lowerUnary]),
  ["Relu", lowerClamp],
  ["PRelu", lowerPrelu],
  ["BatchNormalization", lowerBatchNorm],
  ["Cast", (ctx, node) => lowerCast(ctx, node, dtypeFromCode(intAttribute(node, "to", 0)))],
  ["CastLike", (ctx, node) => lowerCast(ctx, node, tensorType(ctx, inputName(node, 1)).dtype)],
]);

/** f(x) by table, in whatever layout x has; functions of functions become one table. */
function lowerUnary(ctx: Lowering, node: OnnxNode): void {
  const name = inputName(node, 0);
  if (!isFloat(ctx, name)) {
    lowerIntegerUnary(ctx, node);
    return;
  }
  let f: RealFunction = unaryFunction(node) ?? ((x) => x);
  const names = [node.opType];
  let out = outputName(node);
  const whole = getAnyLayout(ctx, name);
  if (isWhole(whole.value) && ["Round", "Floor", "Ceil"].includes(node.opType)) {
    setValue(ctx, out, whole.value, whole.perm);
    return;
  }
  for (let next = onlyConsumer(ctx, out); next !== undefined; next = onlyConsumer(ctx, out)) {
    const outer = unaryFunction(next);
    if (outer === undefined) break;
    const inner = f;
    f = (x) => outer(inner(x));
    names.push(next.opType);
    ctx.absorbed.add(out);
    out = outputName(next);
  }
  const { value, perm } = getAnyLayout(ctx, name);
  const output = foldedOutput(ctx, out);
  setValue(ctx, output.name, native(ctx, names, value, output.q) ?? table(ctx.e, value, f, output.q), perm);
}

/** Roots and reciprocals, which the VM computes; undefined for what needs a table. */
function native(ctx: Lowering, names: readonly string[], x: Value, q: Quantization): Value | undefined {
  const exponent = { Sqrt: 0.5, Reciprocal: -1, "Sqrt Reciprocal": -0.5 }[names.join(" ")];
  return exponent === undefined ? undefined : power(ctx.e, x, exponent, q);
}

/** True for real numbers that are integers as they are stored. */
function isWhole({ q }: Value): boolean {
  return q.scale === 1 && q.zero === 0;
}

/** Abs, Neg and Sign of integers of at most 16 bits; the one value without an opposite wraps, as ONNX runtimes do. */
function lowerIntegerUnary(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const f = unaryFunction(node);
  const q = quantizationOf(ctx, outputName(node));
  if (f === undefined || !["Abs", "Neg", "Sign"].includes(node.opType) || x.q.dtype === "i32") {
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, inputName(node, 0)).dtype });
  }
  const wrap = (v: number): number => (v > q.hi ? v - 2 * (q.hi + 1) : v);
  setValue(
    ctx,
    outputName(node),
    table(ctx.e, x, (v) => wrap(f(v)), q),
  );
}

/** Relu, or Clip with constant bounds, that no producer took in. */
export function lowerClamp(ctx: Lowering, node: OnnxNode): void {
  const bounds = clampBounds(ctx, node);
  if (bounds === undefined) throw unsupportedForm(node, { want: "constant bounds", got: "computed ones" });
  const name = inputName(node, 0);
  const { value, perm } = getAnyLayout(ctx, name);
  if (!isFloat(ctx, name)) {
    setValue(ctx, outputName(node), clampTo(ctx.e, value, bounds), perm);
    return;
  }
  const output = foldedOutput(ctx, outputName(node));
  setValue(ctx, output.name, rescale(ctx.e, value, clampedQuantization(output.q, bounds)), perm);
}

/** x where x >= 0, else slope x: max(x, 0) + slope min(x, 0). */
function lowerPrelu(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const slopeShape = shapeOf(ctx, inputName(node, 1));
  const raw = operandValue(ctx, inputName(node, 1));
  // Before opset 7 a slope per channel was given as [C].
  const perChannel = slopeShape.length === 1 && slopeShape[0] === x.shape[1] && slopeShape[0] !== 1;
  const slope =
    ctx.graph.opset < 7 && perChannel
      ? reshape(e, raw, [slopeShape[0] ?? 1, ...x.shape.slice(2).map(() => 1)])
      : raw;
  const q = quantizationOf(ctx, outputName(node));
  const positive = clampTo(e, x, { min: 0, max: Number.POSITIVE_INFINITY });
  const negative = clampTo(e, x, { min: Number.NEGATIVE_INFINITY, max: 0 });
  const scaled = mulWide(e, negative, slope);
  setValue(ctx, outputName(node), addScaled(e, { a: positive, b: scaled }, q));
}

/** scale (x - mean) / sqrt(variance + epsilon) + shift with constant parameters, where no producer took it in. */
function lowerBatchNorm(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  if (intAttribute(node, "training_mode", 0) !== 0 || isUsed(ctx, outputName(node, 1))) {
    throw unsupportedForm(node, { want: "inference (training_mode 0)", got: "training" });
  }
  const x = getValue(ctx, inputName(node, 0));
  const [scale = [], shift = [], mean = [], variance = []] = [1, 2, 3, 4].map((i) => numbersOf(ctx, node, i));
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const gain = scale.map((s, c) => s / Math.sqrt((variance[c] ?? 0) + epsilon));
  const offset = shift.map((b, c) => b - (mean[c] ?? 0) * (gain[c] ?? 0));
  const shape = [scale.length, ...x.shape.slice(2).map(() => 1)];
  const output = foldedOutput(ctx, outputName(node));
  const product = mulWide(e, x, reals(ctx, gain, shape));
  setValue(ctx, output.name, addScaled(e, { a: product, b: reals(ctx, offset, shape) }, output.q));
}

/** Real constants at 16 bits over their own range. */
export function reals(ctx: Lowering, values: readonly number[], shape: readonly number[]): Value {
  const q = symmetric16({ min: Math.min(0, ...values), max: Math.max(0, ...values) });
  return constant(ctx.e, { shape, values: values.map((v) => quantizeReal(v, q)), q });
}

function lowerCast(ctx: Lowering, node: OnnxNode, to: OnnxDtype | undefined): void {
  const { e } = ctx;
  const name = inputName(node, 0);
  const out = outputName(node);
  const x = getValue(ctx, name);
  if (to === undefined) {
    throw unsupportedForm(node, {
      want: "float32, bool or an integer type",
      got: dtypeName(intAttribute(node, "to", 0)),
    });
  }
  if (to === "float32") {
    setValue(ctx, out, rescale(e, x, quantizationOf(ctx, out)));
    return;
  }
  if (to === "bool") {
    const zero = integerConstant(e, "i32", [], [x.q.zero]);
    const isZero = compare(e, x, "=", zero);
    const q = integerQuantization("i8", { lo: 0, hi: 1 });
    setValue(ctx, out, addScaled(e, { a: isZero, b: isZero, factorA: -1, factorB: 0, term: 1 }, q));
    return;
  }
  if (isFloat(ctx, name) && !isWhole(x)) {
    const rule = subByteBits(to) === undefined ? undefined : wrapRule(to);
    setValue(
      ctx,
      out,
      table(e, x, (v) => wrapped(truncated(v, x.q.scale), rule), quantizationOf(ctx, out)),
    );
    return;
  }
  setValue(ctx, out, storeInteger(ctx, node, x, to));
}

/** v brought into the range of a type by a multiple of its modulus: types of less than a byte keep their lowest bits. */
function wrapped(v: number, rule: ReturnType<typeof wrapRule>): number {
  if (rule === undefined) return v;
  return v - rule.modulus * Math.floor((v - rule.lo) / rule.modulus);
}

/** v towards zero; within half a step of the operand's scale of an integer, v is that integer. */
function truncated(v: number, scale: number): number {
  const near = Math.round(v);
  return Math.abs(v - near) <= scale / 2 ? near : Math.trunc(v);
}

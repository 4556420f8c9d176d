/** Arithmetic of two or more tensors, broadcast (ai.onnx 7 and later). */
import { type Quantization, symmetric16 } from "../../quantize/scheme.ts";
import { elementCount } from "../../tensor/shape.ts";
import { addScaled, mul, rescale, table, type Value } from "./emit.ts";
import { nodeLabel, precisionError, unsupportedForm } from "./errors.ts";
import type { OnnxNode } from "./graph.ts";
import { integerArithmetic } from "./integerMath.ts";
import {
  constantOf,
  type Family,
  foldedOutput,
  getAnyLayout,
  getValue,
  inputName,
  isFloat,
  type Lowerer,
  type Lowering,
  numbersOf,
  operandValue,
  outputName,
  quantizationOf,
  setValue,
  shapeOf,
  tensorType,
} from "./lowering.ts";
import { reals } from "./unary.ts";

/** Lowerers of arithmetic. */
export const ARITHMETIC_FAMILY: Family = new Map<string, Lowerer>([
  ["Add", (ctx, node) => lowerAdd(ctx, node, 1)],
  ["Sub", (ctx, node) => lowerAdd(ctx, node, -1)],
  ["Sum", (ctx, node) => lowerSum(ctx, node, 1)],
  ["Mean", (ctx, node) => lowerSum(ctx, node, 1 / node.inputs.length)],
  ["Mul", lowerMul],
  ["Div", lowerDiv],
  ["Pow", lowerPow],
]);

/** Both operands in one layout: the stored one where it is the same for both and nothing is broadcast. */
function operands(
  ctx: Lowering,
  node: OnnxNode,
): { readonly a: Value; readonly b: Value; readonly perm?: readonly number[] } {
  const [aName, bName] = [inputName(node, 0), inputName(node, 1)];
  if (constantOf(ctx, aName) === undefined && constantOf(ctx, bName) === undefined) {
    const a = getAnyLayout(ctx, aName);
    const b = getAnyLayout(ctx, bName);
    const same =
      a.perm !== undefined &&
      a.perm.join() === b.perm?.join() &&
      shapeOf(ctx, aName).join() === shapeOf(ctx, bName).join();
    if (same && a.perm !== undefined) return { a: a.value, b: b.value, perm: a.perm };
  }
  return { a: operandValue(ctx, aName), b: operandValue(ctx, bName) };
}

function integers(ctx: Lowering, node: OnnxNode, kind: "+" | "-" | "*"): boolean {
  const { dtype } = tensorType(ctx, outputName(node));
  if (dtype === "float32") return false;
  const [a, b] = [getValue(ctx, inputName(node, 0)), getValue(ctx, inputName(node, 1))];
  setValue(ctx, outputName(node), integerArithmetic(ctx, node, { a, b, kind, dtype }));
  return true;
}

function lowerAdd(ctx: Lowering, node: OnnxNode, sign: 1 | -1): void {
  if (integers(ctx, node, sign === 1 ? "+" : "-")) return;
  const { a, b, perm } = operands(ctx, node);
  const output = foldedOutput(ctx, outputName(node));
  setValue(ctx, output.name, addScaled(ctx.e, { a, b, factorB: sign }, output.q), perm);
}

/** Sum or mean of any number of tensors, ten bits finer than the result on the way. */
function lowerSum(ctx: Lowering, node: OnnxNode, factor: number): void {
  if (!isFloat(ctx, outputName(node)))
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, outputName(node)).dtype });
  const output = foldedOutput(ctx, outputName(node));
  const values = node.inputs.map((name) => operandValue(ctx, name));
  const [first, ...rest] = values;
  if (first === undefined) throw unsupportedForm(node, { want: "at least one input", got: "none" });
  const largest = values.reduce(
    (sum, v) => sum + v.q.scale * Math.max(Math.abs(v.q.lo - v.q.zero), Math.abs(v.q.hi - v.q.zero)),
    0,
  );
  const q: Quantization = {
    dtype: "i32",
    scale: largest / 2 ** 26 || 1,
    zero: 0,
    lo: -(2 ** 27),
    hi: 2 ** 27,
  };
  const sum = rest.reduce((acc, v) => addScaled(ctx.e, { a: acc, b: v }, q), first);
  setValue(ctx, output.name, rescale(ctx.e, sum, output.q, factor));
}

function lowerMul(ctx: Lowering, node: OnnxNode): void {
  if (integers(ctx, node, "*")) return;
  const output = foldedOutput(ctx, outputName(node));
  for (const i of [0, 1]) {
    const c = scalarOf(ctx, node, i);
    if (
      c === undefined ||
      c <= 0 ||
      elementCount(shapeOf(ctx, outputName(node))) !== elementCount(shapeOf(ctx, inputName(node, 1 - i)))
    )
      continue;
    const { value, perm } = getAnyLayout(ctx, inputName(node, 1 - i));
    if (perm === undefined && value.shape.length !== shapeOf(ctx, outputName(node)).length) continue;
    setValue(ctx, output.name, rescale(ctx.e, value, output.q, c), perm);
    return;
  }
  const { a, b, perm } = operands(ctx, node);
  setValue(ctx, output.name, mul(ctx.e, a, b, output.q), perm);
}

/** A constant of one element, else undefined. */
function scalarOf(ctx: Lowering, node: OnnxNode, index: number): number | undefined {
  const tensor = constantOf(ctx, node.inputs[index]);
  return tensor !== undefined && tensor.data.length === 1 ? Number(tensor.data[0]) : undefined;
}

/** a / b as a times the reciprocal of b: a constant one, or a table over the range that calibration saw. */
function lowerDiv(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  if (!isFloat(ctx, outputName(node)))
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, outputName(node)).dtype });
  const output = foldedOutput(ctx, outputName(node));
  const bName = inputName(node, 1);
  const a = operandValue(ctx, inputName(node, 0));
  if (constantOf(ctx, bName) !== undefined) {
    const inverse = (numbersOf(ctx, node, 1) ?? []).map((v) => 1 / v);
    if (inverse.some((v) => !Number.isFinite(v)))
      throw precisionError(nodeLabel(node), "divisors other than 0", "0");
    const [only] = inverse;
    const keepsShape = a.shape.length >= shapeOf(ctx, bName).length;
    if (inverse.length === 1 && only !== undefined && only > 0 && keepsShape) {
      setValue(ctx, output.name, rescale(e, a, output.q, only));
      return;
    }
    setValue(ctx, output.name, mul(e, a, reals(ctx, inverse, shapeOf(ctx, bName)), output.q));
    return;
  }
  setValue(ctx, output.name, mul(e, a, reciprocal(ctx, node, bName), output.q));
}

/** 1 / x by table. @throws AIVM_ONNX_PRECISION when calibration saw values too close to 0. */
function reciprocal(ctx: Lowering, node: OnnxNode, name: string): Value {
  const x = getValue(ctx, name);
  const smallest = ctx.calibration.stats.get(name)?.minAbs ?? 0;
  if (smallest < x.q.scale)
    throw precisionError(nodeLabel(node), `divisors of at least ${x.q.scale}`, `${smallest}`);
  const largest = 1 / smallest;
  return table(ctx.e, x, (v) => (v === 0 ? largest : 1 / v), symmetric16({ min: -largest, max: largest }));
}

/** x^c by table; x^y as exp(y log x) for positive x. */
function lowerPow(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const xName = inputName(node, 0);
  if (!isFloat(ctx, xName))
    throw unsupportedForm(node, { want: "float32", got: tensorType(ctx, xName).dtype });
  const output = foldedOutput(ctx, outputName(node));
  const power = scalarOf(ctx, node, 1);
  if (power !== undefined && shapeOf(ctx, outputName(node)).length === shapeOf(ctx, xName).length) {
    const { value, perm } = getAnyLayout(ctx, xName);
    setValue(
      ctx,
      output.name,
      table(e, value, (v) => v ** power, output.q),
      perm,
    );
    return;
  }
  const stats = ctx.calibration.stats.get(xName);
  if (stats === undefined || stats.min <= 0)
    throw unsupportedForm(node, {
      want: "positive bases or a scalar exponent",
      got: `bases from ${stats?.min}`,
    });
  if (!isFloat(ctx, inputName(node, 1)))
    throw unsupportedForm(node, {
      want: "a float32 exponent",
      got: tensorType(ctx, inputName(node, 1)).dtype,
    });
  const bounds = [Math.log(stats.min), Math.log(stats.max)].map(Math.abs);
  const log = table(
    e,
    getValue(ctx, xName),
    (v) => Math.log(Math.max(v, stats.min / 2)),
    symmetric16({ min: 0, max: Math.max(...bounds) }),
  );
  const y = operandValue(ctx, inputName(node, 1));
  const largest = Math.max(...bounds) * y.q.scale * Math.max(Math.abs(y.q.lo), Math.abs(y.q.hi));
  const exponent = mul(e, log, y, symmetric16({ min: 0, max: largest }));
  setValue(ctx, output.name, table(e, exponent, Math.exp, quantizationOf(ctx, output.name)));
}

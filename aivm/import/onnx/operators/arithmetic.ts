/** Arithmetic of two or more tensors, broadcast (ai.onnx 7 and later). */
import type { Quantization } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, mul, rescale } from "../emit/compute.ts";
import { div, divIntegers, mod, wideConstant } from "../emit/division.ts";
import { largestFrom, type Value } from "../emit/emit.ts";
import { nodeLabel, precisionError, unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import {
  constantOf,
  inputName,
  isFloat,
  numbersOf,
  outputName,
  shapeOf,
  tensorType,
} from "../lowering/tensors.ts";
import { getAnyLayout, getValue, operandValue, setValue } from "../lowering/values.ts";
import { integerArithmetic, storeInteger } from "./integerMath.ts";
import { lowerPow } from "./powers.ts";

/** Lowerers of arithmetic. */
export const ARITHMETIC_FAMILY: Family = new Map<string, Lowerer>([
  ["Add", (ctx, node) => lowerAdd(ctx, node, 1)],
  ["Sub", (ctx, node) => lowerAdd(ctx, node, -1)],
  ["Sum", (ctx, node) => lowerSum(ctx, node, 1)],
  ["Mean", (ctx, node) => lowerSum(ctx, node, 1 / node.inputs.length)],
  ["Mul", lowerMul],
  ["Div", lowerDiv],
  ["Mod", lowerMod],
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
  const largest = values.reduce((sum, v) => sum + v.q.scale * largestFrom(v.q), 0);
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

/** a / b by one division per element, or by a constant factor; integers are rounded toward zero. */
function lowerDiv(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const { dtype } = tensorType(ctx, outputName(node));
  const bName = inputName(node, 1);
  if (dtype !== "float32") {
    const quotient = divIntegers(e, getValue(ctx, inputName(node, 0)), getValue(ctx, bName));
    setValue(ctx, outputName(node), storeInteger(ctx, node, quotient, dtype));
    return;
  }
  const output = foldedOutput(ctx, outputName(node));
  if (constantOf(ctx, bName) === undefined) {
    assertApartFromZero(ctx, node, bName);
    const { a, b, perm } = operands(ctx, node);
    setValue(ctx, output.name, div(e, a, b, output.q), perm);
    return;
  }
  const a = operandValue(ctx, inputName(node, 0));
  const divisors = numbersOf(ctx, node, 1) ?? [];
  if (divisors.includes(0)) throw precisionError(nodeLabel(node), "divisors other than 0", "0");
  const [only] = divisors;
  const keepsShape = a.shape.length >= shapeOf(ctx, bName).length;
  if (divisors.length === 1 && only !== undefined && only > 0 && keepsShape) {
    setValue(ctx, output.name, rescale(e, a, output.q, 1 / only));
    return;
  }
  setValue(ctx, output.name, div(e, a, wideConstant(e, divisors, shapeOf(ctx, bName)), output.q));
}

/** @throws AIVM_ONNX_PRECISION when calibration saw divisors that are hardly a step from 0. */
export function assertApartFromZero(ctx: Lowering, node: OnnxNode, name: string): void {
  const { scale } = getAnyLayout(ctx, name).value.q;
  const smallest = ctx.calibration.stats.get(name)?.minAbs ?? 0;
  if (smallest >= scale) return;
  throw precisionError(nodeLabel(node), `divisors of at least ${scale}`, `${smallest}`);
}

/** Remainder: of integers with the sign of the divisor or (fmod) the dividend; of floats with fmod. */
function lowerMod(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const sign = intAttribute(node, "fmod", 0) === 0 ? "divisor" : "dividend";
  const { dtype } = tensorType(ctx, outputName(node));
  const [a, b] = [operandValue(ctx, inputName(node, 0)), operandValue(ctx, inputName(node, 1))];
  if (dtype !== "float32") {
    setValue(ctx, outputName(node), storeInteger(ctx, node, mod(e, a, b, sign), dtype));
    return;
  }
  if (sign === "divisor") throw unsupportedForm(node, { want: "fmod 1 for float32", got: "fmod 0" });
  // One scale for both, fine enough for the smaller and wide enough for the larger.
  const largest = Math.max(...[a, b].map((v) => v.q.scale * largestFrom(v.q)));
  const common: Quantization = {
    dtype: "i32",
    scale: largest / 2 ** 29,
    zero: 0,
    lo: -(2 ** 30),
    hi: 2 ** 30,
  };
  const rest = mod(e, rescale(e, a, common), rescale(e, b, common), sign);
  setValue(ctx, outputName(node), rescale(e, rest, quantizationOf(ctx, outputName(node))));
}

/** Pow: roots and small powers by the VM's own arithmetic, constant exponents by table, others through logarithms. */
import {
  integerQuantization,
  type Quantization,
  quantizeReal,
  symmetric16,
} from "../../../quantize/scheme.ts";
import { compare, mul, rescale, table } from "../emit/compute.ts";
import { div, logWide, realConstant, root, rootWide } from "../emit/division.ts";
import {
  broadcast,
  constant,
  type Emitter,
  emit,
  integerConstant,
  largestFrom,
  type Value,
} from "../emit/emit.ts";
import { exponentQuantization, expWide } from "../emit/exponential.ts";
import { expand, where } from "../emit/move.ts";
import { unsupportedForm } from "../errors.ts";
import type { OnnxNode } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Lowering } from "../lowering/lowering.ts";
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
import { integerPower } from "./integerMath.ts";

/** Most different exponents of a constant tensor that get a function each. */
const MOST_EXPONENTS = 16;

/** x ^ y, broadcast. */
export function lowerPow(ctx: Lowering, node: OnnxNode): void {
  const [xName, yName] = [inputName(node, 0), inputName(node, 1)];
  const { dtype } = tensorType(ctx, outputName(node));
  if (dtype !== "float32") {
    const y = integerPower(ctx, node, { x: getValue(ctx, xName), y: getValue(ctx, yName), dtype });
    setValue(ctx, outputName(node), y);
    return;
  }
  const output = foldedOutput(ctx, outputName(node));
  const exponents = constantOf(ctx, yName) === undefined ? undefined : numbersOf(ctx, node, 1);
  const distinct = [...new Set(exponents ?? [])];
  const outShape = shapeOf(ctx, outputName(node));
  const [only] = distinct;
  if (distinct.length === 1 && only !== undefined && outShape.length === shapeOf(ctx, xName).length) {
    const { value, perm } = getAnyLayout(ctx, xName);
    const y = power(ctx.e, value, only, output.q);
    const same = y.shape.join() === broadcast(y.shape, shapeOf(ctx, yName)).join();
    if (same) {
      setValue(ctx, output.name, y, perm);
      return;
    }
  }
  if (exponents !== undefined && distinct.length <= MOST_EXPONENTS) {
    const y = byExponent(
      ctx,
      getValue(ctx, xName),
      { exponents, distinct, shape: shapeOf(ctx, yName) },
      output.q,
    );
    setValue(ctx, output.name, expand(ctx.e, y, outShape));
    return;
  }
  setValue(ctx, output.name, throughLogarithm(ctx, node, output.q));
}

/** x ^ c for one exponent. */
export function power(e: Emitter, x: Value, c: number, q: Quantization): Value {
  if (c === 1) return rescale(e, x, q);
  if (c === 2 && x.q.dtype !== "i32") return mul(e, x, x, q);
  if (c === 0.5) return root(e, x, q);
  if (c === -0.5) return div(e, realConstant(e, 1), rootWide(e, x), q);
  if (c === -1) return div(e, realConstant(e, 1), x, q);
  return table(e, x, (v) => v ** c, q);
}

/** A function for each exponent that a constant tensor holds, and a choice between them. */
function byExponent(
  ctx: Lowering,
  x: Value,
  y: {
    readonly exponents: readonly number[];
    readonly distinct: readonly number[];
    readonly shape: readonly number[];
  },
  q: Quantization,
): Value {
  const { e } = ctx;
  let result: Value | undefined;
  for (const c of y.distinct) {
    const candidate = power(e, x, c, q);
    if (result === undefined) {
      result = candidate;
      continue;
    }
    const mask = integerConstant(
      e,
      "i8",
      y.shape,
      y.exponents.map((exponent) => (exponent === c ? 1 : 0)),
    );
    result = where(e, mask, candidate, result);
  }
  return result ?? x;
}

/** exp(y log x) for bases of at least 0; 1 where the exponent is 0, else 0 where the base is. */
function throughLogarithm(ctx: Lowering, node: OnnxNode, q: Quantization): Value {
  const { e } = ctx;
  const [xName, yName] = [inputName(node, 0), inputName(node, 1)];
  const x = isFloat(ctx, xName) ? operandValue(ctx, xName) : getValue(ctx, xName);
  const stats = ctx.calibration.stats.get(xName);
  const least = stats?.min ?? x.q.scale * (x.q.lo - x.q.zero);
  if (least < 0) {
    throw unsupportedForm(node, {
      want: `bases of at least 0, or constant exponents with at most ${MOST_EXPONENTS} different values`,
      got: `bases from ${least}`,
    });
  }
  const y = isFloat(ctx, yName) ? operandValue(ctx, yName) : narrowed(e, getValue(ctx, yName));
  const positive = integerQuantization("i32", { lo: 1, hi: Math.max(1, x.q.hi - x.q.zero) });
  const log = logWide(e, rescale(e, x, { ...positive, scale: x.q.scale }), 1);
  const smallest = Math.max(stats?.minAbs ?? 0, x.q.scale);
  const largest = Math.max(
    Math.abs(Math.log(smallest)),
    Math.abs(Math.log(x.q.scale * positive.hi)),
    2 ** -10,
  );
  const logQ = symmetric16({ min: -largest, max: largest });
  const exponent = mul(e, rescale(e, log, logQ), y, exponentQuantization(q.scale * largestFrom(q)));
  const powers = expWide(e, exponent, q);
  const nothing = constant(e, { shape: [], values: [q.zero], q });
  const unit = constant(e, { shape: [], values: [quantizeReal(1, q)], q });
  const some = where(e, compare(e, x, "<=", zeroOf(e, x)), nothing, powers);
  return where(e, compare(e, y, "=", zeroOf(e, y)), unit, some);
}

/** The integer that stands for 0. */
function zeroOf(e: Emitter, x: Value): Value {
  return integerConstant(e, "i32", [], [x.q.zero]);
}

/** Integer exponents beyond 16 bits as the last of them: of any base that 16 bits tell from 1, both are 0 or too large. */
function narrowed(e: Emitter, y: Value): Value {
  const q = integerQuantization("i16", { lo: Math.max(y.q.lo, -32_768), hi: Math.min(y.q.hi, 32_767) });
  return emit(e, "rescale", { operands: [y], shape: y.shape, q, attrs: [0, 1, 0, 0] });
}

/**
 * DynamicQuantizeLinear (ai.onnx 11): scale and zero point from the tensor's own range, in integers. On a grid of a power
 * of two range, scale and quotients are rounded to 24 bits as float32 does, so the result is that of the definition
 * computed in float32. On another grid it is that of exact arithmetic on the tensor as it is stored.
 */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { compare, maxReduce, rescale } from "../emit/compute.ts";
import { emit, integerConstant, largestFrom, type Value } from "../emit/emit.ts";
import { pad, reshape, where } from "../emit/move.ts";
import { precisionError } from "../errors.ts";
import type { OnnxNode } from "../graph.ts";
import type { Family, Lowering } from "../lowering/lowering.ts";
import { inputName, outputName } from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { setStored } from "./quantized.ts";
import { storedQuantization } from "./quantParams.ts";

/** Lowerers of this file. */
export const DYNAMIC_QUANTIZE_FAMILY: Family = new Map([["DynamicQuantizeLinear", lowerDynamicQuantize]]);

/** Places by which dividends are lifted: the scale counts in 2^-8 of the grid. */
const LIFT = 8;

function lowerDynamicQuantize(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const given = getValue(ctx, inputName(node, 0));
  const x = signed(ctx, given, 1);
  const bottom = largest(ctx, signed(ctx, given, -1));
  const range = sum(ctx, largest(ctx, x), bottom);
  const byScale = x.q.dtype === "i32" && Number.isInteger(Math.log2(x.q.scale));
  const scale = byScale ? float32Scale(ctx, range) : range;
  const divided = byScale ? float32Quotient : exactQuotient;
  const zero = rescale(e, divided(ctx, bottom, scale), integerQuantization("i16", { lo: 0, hi: 255 }));
  const stored = storedQuantization("uint8", { scale: 1, zero: 0 });
  const quotient = divided(ctx, x, scale);
  const y = emit(e, "add", {
    operands: [quotient, zero],
    shape: x.shape,
    q: stored,
    attrs: [1, 1, stored.zero, 0, 0],
  });
  setStored(ctx, outputName(node, 0), { value: y, perm: undefined });
  setValue(ctx, outputName(node, 1), scaleOf(ctx, range));
  const plainZero = reshape(e, rescale(e, zero, stored), []);
  setStored(ctx, outputName(node, 2), { value: plainZero, perm: undefined });
}

/** x or -x from its zero point, zero point 0. */
function signed(ctx: Lowering, x: Value, sign: 1 | -1): Value {
  if (sign === 1 && x.q.zero === 0) return x;
  const bound = largestFrom(x.q);
  const q: Quantization = { dtype: "i32", scale: x.q.scale, zero: 0, lo: -bound, hi: bound };
  return emit(ctx.e, "add", {
    operands: [x, x],
    shape: x.shape,
    q,
    attrs: [sign, 0, -sign * x.q.zero, 0, 0],
  });
}

/** Elements of one partial maximum. */
const BLOCK = 4096;

/** The largest element, or 0 where none is larger, with rank 1 and size 1. */
function largest(ctx: Lowering, x: Value): Value {
  const { e } = ctx;
  let rest = reshape(e, x, [elementCount(x.shape)]);
  while ((rest.shape[0] ?? 1) > 1) {
    const count = rest.shape[0] ?? 1;
    const rows = Math.ceil(count / BLOCK);
    const size = rows === 1 ? count : BLOCK;
    const padded = pad(e, rest, { before: [0], after: [rows * size - count], value: 0 });
    rest = reshape(e, maxReduce(e, reshape(e, padded, [rows, size]), 1), [rows]);
  }
  return rescale(e, rest, { ...rest.q, lo: 0, hi: Math.max(0, rest.q.hi) });
}

function sum(ctx: Lowering, a: Value, b: Value): Value {
  const hi = a.q.hi + b.q.hi;
  if (hi > 2 ** 31 - 1) throw precisionError("range of a tensor", "a range that fits 32 bits", `${hi}`);
  const q: Quantization = { dtype: "i32", scale: a.q.scale, zero: 0, lo: 0, hi };
  return emit(ctx.e, "add", { operands: [a, b], shape: a.shape, q, attrs: [1, 1, 0, 0, 0] });
}

/** Bits of a float32's significand. */
const SIGNIFICAND = 24;

/**
 * float32(float32(range) / 255) in units of 2^-8 of the grid. For each power of two that the range may lie under, the
 * range rounded to 24 bits, then its quotient rounded to 24 bits; the one that applies is chosen.
 */
function float32Scale(ctx: Lowering, range: Value): Value {
  const { e } = ctx;
  const scalar = (v: number): Value => integerConstant(e, "i32", [1], [v]);
  const step = (name: string, operands: readonly Value[], attrs: readonly number[], hi: number): Value =>
    emit(e, name, { operands, shape: [1], q: integerQuantization("i32", { lo: 0, hi }), attrs });
  const places = Math.max(0, Math.ceil(Math.log2(range.q.hi + 1)) - SIGNIFICAND);
  const top = 2 ** SIGNIFICAND;
  let chosen: Value | undefined;
  for (let t = places; t >= 0; t--) {
    const rounded = step("rescale", [range], [0, 1, t, 0], top);
    const fine = step("div", [rounded, scalar(255)], [0, 0, 1, -LIFT, 0, 0], 2 * top);
    const coarse = step("div", [rounded, scalar(255)], [0, 0, 1, 1 - LIFT, 0, 0], top);
    const fits = compare(e, fine, "<=", scalar(top));
    const limit = 2 ** 31 - 1;
    const scale = where(
      e,
      fits,
      step("rescale", [fine], [0, 2 ** t, 0, 0], limit),
      step("rescale", [coarse], [0, 2 ** (t + 1), 0, 0], limit),
    );
    chosen =
      chosen === undefined
        ? scale
        : where(e, compare(e, range, "<", scalar(2 ** (SIGNIFICAND + t))), scale, chosen);
  }
  return chosen ?? range;
}

const QUOTIENT = integerQuantization("i16", { lo: -256, hi: 256 });

/** round(255 x / range). */
function exactQuotient(ctx: Lowering, x: Value, range: Value): Value {
  return emit(ctx.e, "div", {
    operands: [x, range],
    shape: x.shape,
    q: QUOTIENT,
    attrs: [0, 0, 255, 0, 0, 0],
  });
}

/**
 * round(float32(x / scale)), half to even. Rounding to 24 bits first changes the result only where the quotient is so
 * close to a tie m + 1/2 that it becomes one: where |2 x - (2m + 1) scale| is at most scale / 2^(24 - k), the tie being
 * below 2^k. Twice the quotient, rounded, names the tie; the difference is exact in two halves of the scale.
 */
function float32Quotient(ctx: Lowering, x: Value, scale: Value): Value {
  const { e } = ctx;
  const { shape } = x;
  const step = (name: string, operands: readonly Value[], q: Quantization, attrs: readonly number[]): Value =>
    emit(e, name, { operands, shape, q, attrs });
  const none = integerConstant(e, "i32", [1], [0]);
  const negative = compare(e, x, "<", none);
  const size = where(e, negative, signed(ctx, x, -1), x);
  const small = integerQuantization("i16", { lo: 0, hi: 511 });
  const nearest = step("div", [size, scale], small, [0, 0, 1, -LIFT, 0, 0]);
  const twice = step("div", [size, scale], small, [0, 0, 1, -LIFT - 1, 0, 0]);
  const halfOfTwice = step("rescale", [twice], small, [0, 1, 1, 0]);
  const rest = distanceToTie(ctx, { size, twice, scale });
  const bound = step(
    "div",
    [scale, tieUnits(ctx, twice)],
    integerQuantization("i32", I32),
    [0, 0, 1, 0, 0, 2],
  );
  const below = compare(e, rest, "<=", bound);
  const minusRest = step("add", [rest, rest], rest.q, [-1, 0, 0, 0, 0]);
  const above = compare(e, minusRest, "<=", bound);
  const rounded = where(e, below, where(e, above, halfOfTwice, nearest), nearest);
  const minus = step("add", [rounded, rounded], QUOTIENT, [-1, 0, 0, 0, 0]);
  return where(e, negative, minus, rescale(e, rounded, QUOTIENT));
}

const I32 = { lo: -(2 ** 31) + 1, hi: 2 ** 31 - 1 };
/** Bits of the lower half of a scale. */
const HALF = 15;

/** 2^(LIFT + 1) x size - twice x scale, exact: it is at most half of the scale, although its terms leave 32 bits. */
function distanceToTie(
  ctx: Lowering,
  of: { readonly size: Value; readonly twice: Value; readonly scale: Value },
): Value {
  const { e } = ctx;
  const { size, twice, scale } = of;
  const { shape } = size;
  const wide = integerQuantization("i32", I32);
  const high = emit(e, "div", {
    operands: [scale, integerConstant(e, "i32", [1], [2 ** HALF])],
    shape: [1],
    q: integerQuantization("i16", { lo: 0, hi: 2 ** HALF - 1 }),
    attrs: [0, 0, 1, 0, 0, 2],
  });
  const low = emit(e, "add", {
    operands: [scale, high],
    shape: [1],
    q: integerQuantization("i16", { lo: 0, hi: 2 ** HALF - 1 }),
    attrs: [1, -(2 ** HALF), 0, 0, 0],
  });
  const product = (part: Value): Value =>
    emit(e, "mul", { operands: [twice, part], shape, q: wide, attrs: [0, 0, 1, 0, 0] });
  const first = emit(e, "add", {
    operands: [size, product(high)],
    shape,
    q: wide,
    attrs: [2 ** (LIFT + 1), -(2 ** HALF), 0, 0, 0],
  });
  return emit(e, "add", { operands: [first, product(low)], shape, q: wide, attrs: [1, -1, 0, 0, 0] });
}

/** 2^(24 - k) for the tie m + 1/2 in [2^(k-1), 2^k) that the odd number 2m + 1 names. */
function tieUnits(ctx: Lowering, twice: Value): Value {
  const { e } = ctx;
  const q = integerQuantization("i8", { lo: -128, hi: 127 });
  const index = emit(e, "rescale", { operands: [twice], shape: twice.shape, q, attrs: [1, 1, 1, -128] });
  const units = Array.from({ length: 256 }, (_, m) => 2 ** (SIGNIFICAND - 32 + Math.clz32(m)));
  return emit(e, "table", {
    operands: [index, integerConstant(e, "i32", [256], units)],
    shape: twice.shape,
    q: integerQuantization("i32", { lo: 2 ** (SIGNIFICAND - 8), hi: 2 ** SIGNIFICAND }),
  });
}

/** range / 255 as a scalar of at most 22 bits: float32 says it no finer than one of its units. */
function scaleOf(ctx: Lowering, range: Value): Value {
  const shift = Math.max(0, Math.ceil(Math.log2(range.q.hi + 1)) - 22);
  const q: Quantization = {
    dtype: "i32",
    scale: (range.q.scale * 2 ** shift) / 255,
    zero: 0,
    lo: 0,
    hi: Math.ceil(range.q.hi / 2 ** shift),
  };
  const value = emit(ctx.e, "rescale", { operands: [range], shape: range.shape, q, attrs: [0, 1, shift, 0] });
  return reshape(ctx.e, value, []);
}

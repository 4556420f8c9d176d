/**
 * QuantizeLinear and DequantizeLinear (ai.onnx 10 to 25) on tensors: where a file's scale is single, dequantising and
 * quantising are changes of meaning, and what lies between works on the file's own integers.
 */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { coordinatesOf } from "../../../tensor/shape.ts";
import { DTYPE_RANGE } from "../../../tensor/tensor.ts";
import { rescale } from "../emit/compute.ts";
import { broadcast, constant, emit, largestFrom, type Value } from "../emit/emit.ts";
import { unsupportedForm } from "../errors.ts";
import type { OnnxDtype, OnnxNode } from "../graph.ts";
import type { Family, Lowerer, Lowering, Placed } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { constantOf, inputName, outputName, tensorType } from "../lowering/tensors.ts";
import { getAnyLayout, getValue, setValue } from "../lowering/values.ts";
import { type QuantParams, quantParams, singleQuantization, storedQuantization } from "./quantParams.ts";

/** Lowerers of QuantizeLinear and DequantizeLinear. */
export const QUANTIZED_FAMILY: Family = new Map<string, Lowerer>([
  ["QuantizeLinear", lowerQuantize],
  ["DequantizeLinear", lowerDequantize],
]);

/** Integers whose meaning is themselves, in the storage of quantised operators. */
function integerMeaning(dtype: OnnxDtype, range: { readonly lo: number; readonly hi: number }): Quantization {
  return { ...storedQuantization(dtype, { scale: 1, zero: 0 }), lo: range.lo, hi: range.hi };
}

/** Defines an integer tensor by a value in the storage of quantised operators, whatever its scale. */
export function setStored(ctx: Lowering, name: string, { value, perm }: Placed): void {
  const { dtype } = tensorType(ctx, name);
  const q = integerMeaning(dtype, value.q);
  const integers: Value = { ...value, q };
  if (q.zero === 0) setValue(ctx, name, integers, perm);
  else ctx.stored.set(name, { value: integers, perm });
}

/** An integer tensor in the storage of quantised operators, in whatever layout it has. */
export function getStored(ctx: Lowering, name: string): Placed {
  const { dtype } = tensorType(ctx, name);
  const known = ctx.stored.get(name);
  if (known !== undefined) return known;
  const want = storedQuantization(dtype, { scale: 1, zero: 0 });
  const { value, perm } = getAnyLayout(ctx, name);
  if (want.zero === value.q.zero && want.dtype === value.q.dtype) return { value, perm };
  const stored = { value: rescale(ctx.e, value, want), perm };
  ctx.stored.set(name, stored);
  return stored;
}

function paramsOf(ctx: Lowering, node: OnnxNode, integers: string): QuantParams {
  const { dtype, shape } = tensorType(ctx, integers);
  const params = quantParams(node, { constant: (name) => constantOf(ctx, name), dtype, shape });
  if (params !== undefined) return params;
  throw unsupportedForm(node, {
    want: "a constant scale and zero point",
    got: "ones that depend on the model's inputs",
  });
}

function lowerQuantize(ctx: Lowering, node: OnnxNode): void {
  const out = outputName(node);
  const params = paramsOf(ctx, node, out);
  const single = singleQuantization(params);
  const name = inputName(node, 0);
  const { value, perm } = getAnyLayout(ctx, name);
  if (single !== undefined && value.q.dtype !== "i32") {
    setStored(ctx, out, { value: rescale(ctx.e, value, single), perm });
    return;
  }
  setStored(ctx, out, { value: dividedBy(ctx, getValue(ctx, name), params), perm: undefined });
}

function lowerDequantize(ctx: Lowering, node: OnnxNode): void {
  const name = inputName(node, 0);
  const params = paramsOf(ctx, node, name);
  const single = singleQuantization(params);
  const out = outputName(node);
  if (single !== undefined) {
    const { value, perm } = getStored(ctx, name);
    const { lo, hi } = value.q;
    setValue(ctx, out, { ...value, q: { ...checkedZero(node, single), lo, hi } }, perm);
    return;
  }
  setValue(ctx, out, scaledParts(ctx, getStoredInOrder(ctx, name), { params, q: quantizationOf(ctx, out) }));
}

/** No op takes a zero point beyond 16 bits. */
function checkedZero(node: OnnxNode, q: Quantization): Quantization {
  const { lo, hi } = DTYPE_RANGE.i16;
  if (q.zero >= lo && q.zero <= hi) return q;
  throw unsupportedForm(node, { want: `a zero point in [${lo}, ${hi}]`, got: `${q.zero}` });
}

function getStoredInOrder(ctx: Lowering, name: string): Value {
  const { value, perm } = getStored(ctx, name);
  return perm === undefined ? value : getValue(ctx, name);
}

/**
 * round(x / scale) + zero by division, half to even, then clamped: exact for every x on its grid when the grid's step
 * divides each scale to within 31 bits, as a power of two does unless scales differ by more than 2^7.
 */
function dividedBy(ctx: Lowering, x: Value, params: QuantParams): Value {
  const { e } = ctx;
  const ratios = params.scales.map((scale) => scale / x.q.scale);
  const lift = liftOf(ratios, largestFrom(x.q));
  const divisors = perPosition(
    ctx,
    { ...params, values: ratios.map((r) => Math.round(r * 2 ** lift)) },
    x.shape,
  );
  const [zero = 0] = params.zeros;
  const target = storedQuantization(params.dtype, { scale: 1, zero });
  const sameZero = params.zeros.every((z) => z === zero);
  const attrs = [x.q.zero, 0, 1, -lift, sameZero ? target.zero : 0, 0];
  const wide = integerQuantization("i32", { lo: -(2 ** 30), hi: 2 ** 30 });
  const q = sameZero ? target : wide;
  const quotient = emit(e, "div", { operands: [x, divisors], shape: x.shape, q, attrs });
  if (sameZero) return quotient;
  const stored = params.zeros.map((z) => storedQuantization(params.dtype, { scale: 1, zero: z }).zero);
  const zeros = perPosition(ctx, { ...params, values: stored }, x.shape);
  return emit(e, "add", { operands: [quotient, zeros], shape: x.shape, q: target, attrs: [1, 1, 0, 0, 0] });
}

/** Most binary places by which ratios and a dividend up to `largest` can be lifted; fewer where none is lost. */
function liftOf(ratios: readonly number[], largest: number): number {
  const widest = Math.max(...ratios);
  let lift = Math.min(52, Math.floor(Math.log2((2 ** 31 - 1) / widest)));
  while (largest * 2 ** lift > 2 ** 52) lift--;
  while (lift > 0 && ratios.every((r) => Number.isInteger(r * 2 ** (lift - 1)))) lift--;
  return lift;
}

/** scale x (x - zero) with a scale and zero point per position. Equal scales leave the integers as they are. */
function scaledParts(
  ctx: Lowering,
  x: Value,
  by: { readonly params: QuantParams; readonly q: Quantization },
): Value {
  const { e } = ctx;
  const { params } = by;
  const zeros = perPosition(ctx, { ...params, values: params.zeros }, x.shape);
  const shape = broadcast(x.shape, zeros.shape);
  const moved = emit(e, "add", {
    operands: [x, zeros],
    shape,
    q: integerQuantization(x.q.dtype === "i8" ? "i16" : "i32", {
      lo: x.q.lo - x.q.zero - Math.max(...params.zeros),
      hi: x.q.hi - x.q.zero - Math.min(...params.zeros),
    }),
    attrs: [1, -1, -x.q.zero, 0, 0],
  });
  const [scale = 1] = params.scales;
  if (params.scales.every((s) => s === scale)) return { ...moved, q: { ...moved.q, scale } };
  const ratios = params.scales.map((s) => by.q.scale / s);
  const lift = liftOf(ratios, largestFrom(moved.q));
  const divisors = perPosition(
    ctx,
    { ...params, values: ratios.map((r) => Math.round(r * 2 ** lift)) },
    shape,
  );
  const attrs = [0, 0, 1, -lift, by.q.zero, 0];
  return emit(e, "div", { operands: [moved, divisors], shape, q: by.q, attrs });
}

/** One integer per scale as a constant that broadcasts to `shape`. */
function perPosition(
  ctx: Lowering,
  of: Pick<QuantParams, "shape" | "axis" | "repeat"> & { readonly values: readonly number[] },
  shape: readonly number[],
): Value {
  const rank = shape.length;
  const own = shape.map((_, i) => of.shape[i - rank + of.shape.length] ?? 1);
  const sizes = own.map((size, i) => (i === of.axis && size > 1 ? (shape[i] ?? 1) : size));
  const count = sizes.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: count }, (_, flat) => {
    const at = coordinatesOf(flat, sizes).map((c, i) => (i === of.axis ? Math.floor(c / of.repeat) : c));
    const index = at.reduce((sum, c, i) => sum * (own[i] ?? 1) + ((own[i] ?? 1) === 1 ? 0 : c), 0);
    return of.values[index] ?? 0;
  });
  return constant(ctx.e, { shape: sizes, values: data, q: integerQuantization("i32", DTYPE_RANGE.i32) });
}

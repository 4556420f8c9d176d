/**
 * QuantizeLinear and DequantizeLinear (ai.onnx 10 to 25) on tensors: where a file's scale is single, dequantising and
 * quantising are changes of meaning, and what lies between works on the file's own integers.
 */
import { integerQuantization, type Quantization } from "../../quantize/scheme.ts";
import { DTYPE_RANGE } from "../../tensor/tensor.ts";
import { broadcast, constant, emit, rescale, type Value } from "./emit.ts";
import { unsupportedForm } from "./errors.ts";
import type { OnnxDtype, OnnxNode } from "./graph.ts";
import {
  constantOf,
  type Family,
  getAnyLayout,
  getValue,
  inputName,
  type Lowerer,
  type Lowering,
  outputName,
  type Placed,
  quantizationOf,
  setValue,
  tensorType,
} from "./lowering.ts";
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
  if (single !== undefined) {
    const { value, perm } = getAnyLayout(ctx, name);
    setStored(ctx, out, { value: rescale(ctx.e, value, single), perm });
    return;
  }
  throw unsupportedForm(node, { want: "one scale", got: `${params.scales.length}` });
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

/** scale x (x - zero) with a scale and zero point per position. Equal scales leave the integers as they are. */
function scaledParts(
  ctx: Lowering,
  x: Value,
  by: { readonly params: QuantParams; readonly q: Quantization },
): Value {
  const { e } = ctx;
  const { params } = by;
  const zeros = perPosition(ctx, params, params.zeros, x.shape);
  const distance = integerQuantization(x.q.dtype === "i8" ? "i16" : "i32", {
    lo: x.q.lo - x.q.zero - Math.max(...params.zeros),
    hi: x.q.hi - x.q.zero - Math.min(...params.zeros),
  });
  const shape = broadcast(x.shape, zeros.shape);
  const moved = emit(e, "add", {
    operands: [x, zeros],
    shape,
    q: distance,
    attrs: [1, -1, -x.q.zero, 0, 0],
  });
  const [scale = 1] = params.scales;
  if (params.scales.every((s) => s === scale)) return { ...moved, q: { ...moved.q, scale } };
  throw new RangeError("not yet");
}

/** One integer per scale as a constant that broadcasts to `shape`. */
function perPosition(
  ctx: Lowering,
  params: QuantParams,
  values: readonly number[],
  shape: readonly number[],
): Value {
  const rank = shape.length;
  const own = shape.map((_, i) => params.shape[i - rank + params.shape.length] ?? 1);
  const sizes = own.map((size, i) => (i === params.axis && size > 1 ? (shape[i] ?? 1) : size));
  const count = sizes.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: count }, (_, flat) => {
    let rest = flat;
    let index = 0;
    let step = 1;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const size = sizes[axis] ?? 1;
      const at = rest % size;
      rest = (rest - at) / size;
      index += (axis === params.axis ? Math.floor(at / params.repeat) : at) * step;
      step *= own[axis] ?? 1;
    }
    return values[index] ?? 0;
  });
  return constant(ctx.e, { shape: sizes, values: data, q: integerQuantization("i32", DTYPE_RANGE.i32) });
}

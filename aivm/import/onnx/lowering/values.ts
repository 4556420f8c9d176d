/** Tensors of the graph as values of the program: set by the node that defines them, read in the layout that is asked for. */
import { notFinite } from "../../../quantize/errors.ts";
import {
  activationQuantization,
  type Quantization,
  quantizeReal,
  symmetric16,
} from "../../../quantize/scheme.ts";
import { rescale } from "../emit/compute.ts";
import { constant, type Value } from "../emit/emit.ts";
import { transpose } from "../emit/move.ts";
import { invalidGraph } from "../errors.ts";
import type { OnnxTensor } from "../graph.ts";
import { statedConstant } from "../quantized/statedConstants.ts";
import { integerValues } from "./integers.ts";
import type { Lowering, Placed } from "./lowering.ts";
import { quantizationOf, rangeOf } from "./quantization.ts";
import { constantRange } from "./ranges.ts";
import { constantOf, shapeOf } from "./tensors.ts";

/** Defines a tensor of the graph. */
export function setValue(ctx: Lowering, name: string, value: Value, perm?: readonly number[]): void {
  if (name !== "") ctx.placed.set(name, [{ value, perm }]);
}

/** True when a tensor has been lowered, or folded away: its node has nothing left to do. */
export function isDone(ctx: Lowering, name: string): boolean {
  return name === "" || ctx.placed.has(name) || ctx.stored.has(name) || ctx.absorbed.has(name);
}

/** The value of a tensor in the ONNX axis order; constants are quantised here. */
export function getValue(ctx: Lowering, name: string): Value {
  return getPlaced(ctx, name, undefined);
}

/** The value with the channel axis (1) moved to the end: NHWC and its like. */
export function getChannelsLast(ctx: Lowering, name: string): Value {
  return getPlaced(ctx, name, channelsLast(shapeOf(ctx, name).length));
}

/** [0, 2, ..., rank-1, 1]. */
export function channelsLast(rank: number): readonly number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** The value as it happens to be stored, with its layout, for operators that do not care. */
export function getAnyLayout(ctx: Lowering, name: string): Placed {
  if (!ctx.placed.has(name)) placeElsewhere(ctx, name);
  const found = ctx.placed.get(name)?.[0];
  if (found === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node before its reader", got: "none" });
  return found;
}

function getPlaced(ctx: Lowering, name: string, perm: readonly number[] | undefined): Value {
  if (!ctx.placed.has(name)) placeElsewhere(ctx, name);
  const all = ctx.placed.get(name) ?? [];
  const ready = all.find((placed) => samePerm(placed.perm, perm));
  if (ready !== undefined) return ready.value;
  const from = all[0];
  if (from === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node before its reader", got: "none" });
  const value = transpose(ctx.e, from.value, permBetween(from.perm, perm, from.value.shape.length));
  ctx.placed.set(name, [...all, { value, perm }]);
  return value;
}

/** Places a constant, or a tensor that so far exists as quantised operators store it. */
function placeElsewhere(ctx: Lowering, name: string): void {
  const tensor = constantOf(ctx, name);
  const stored = ctx.stored.get(name);
  if (tensor !== undefined) setValue(ctx, name, constantValue(ctx, tensor));
  else if (stored !== undefined)
    setValue(ctx, name, rescale(ctx.e, stored.value, quantizationOf(ctx, name)), stored.perm);
}

function samePerm(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  return a === undefined || b === undefined
    ? a === b
    : a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** Permutation of stored axes that turns layout `from` into layout `to`. */
function permBetween(
  from: readonly number[] | undefined,
  to: readonly number[] | undefined,
  rank: number,
): number[] {
  const identity = Array.from({ length: rank }, (_, i) => i);
  const source = from ?? identity;
  return (to ?? identity).map((axis) => source.indexOf(axis));
}

function constantValue(ctx: Lowering, tensor: OnnxTensor): Value {
  if (!(tensor.data instanceof Float32Array)) {
    const q = quantizationOf(ctx, tensor.name);
    return constant(ctx.e, { shape: tensor.shape, values: integerValues(tensor), q });
  }
  const stated = statedConstant(ctx, tensor);
  if (stated !== undefined) return constant(ctx.e, { shape: tensor.shape, ...stated });
  return floatConstant(ctx, tensor, activationQuantization(ctx.options.precision, rangeOf(ctx, tensor.name)));
}

/** A float constant in a given quantisation. @throws AIVM_CALIBRATION_NOT_FINITE. */
export function floatConstant(
  ctx: Lowering,
  tensor: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: ArrayLike<number | bigint>;
  },
  q: Quantization,
): Value {
  const values = Array.from(tensor.data, Number);
  const allowed = (v: number): boolean =>
    Number.isFinite(v) || (v === Number.NEGATIVE_INFINITY && ctx.masks.has(tensor.name));
  if (!values.every(allowed)) throw notFinite({ item: `constant ${tensor.name}`, got: "NaN or an infinity" });
  return constant(ctx.e, { shape: tensor.shape, values: values.map((v) => quantizeReal(v, q)), q });
}

/** An operand of arithmetic: a constant at 16 bits over its own range, anything else as it is. */
export function operandValue(ctx: Lowering, name: string): Value {
  const tensor = constantOf(ctx, name);
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) return getValue(ctx, name);
  const stated = statedConstant(ctx, tensor);
  if (stated !== undefined) return constant(ctx.e, { shape: tensor.shape, ...stated });
  const range = ctx.masks.has(name) ? rangeOf(ctx, name) : (constantRange(tensor) ?? { min: 0, max: 0 });
  return floatConstant(ctx, tensor, symmetric16(range));
}

/** Operators that choose or count: TopK, OneHot, Compress, CumSum, Range. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { compare, rescale, table } from "../emit/compute.ts";
import { emit, integerConstant, largestFrom, largestInteger, type Value } from "../emit/emit.ts";
import { gather, reshape, slice, transpose, where } from "../emit/move.ts";
import { cumulativeSum, topK } from "../emit/select.ts";
import { dataDependentShape, unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode } from "../graph.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import {
  constantOf,
  inputName,
  isFloat,
  numbersOf,
  outputName,
  positiveAxis,
  shapeOf,
  tensorType,
} from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { storeInteger } from "./integerMath.ts";
import { rowsAlong } from "./rows.ts";

/** Lowerers of selection. */
export const SELECTION_FAMILY: Family = new Map<string, Lowerer>([
  ["TopK", lowerTopK],
  ["OneHot", lowerOneHot],
  ["Compress", lowerCompress],
  ["CumSum", lowerCumSum],
  ["Range", lowerRange],
]);

/** Values and indices in order along an axis; k is the output's size there. Sorted whether or not that is asked for. */
function lowerTopK(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const [values, indices] = [outputName(node, 0), outputName(node, 1)];
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", -1), x.shape.length);
  const count = shapeOf(ctx, values === "" ? indices : values)[axis] ?? 1;
  if (node.inputs.length > 1 && constantOf(ctx, node.inputs[1]) === undefined) {
    throw dataDependentShape(node, "make k a constant of the model");
  }
  const rows = rowsAlong(ctx, x, [axis]);
  const best = topK(e, rows.value, { count, largest: intAttribute(node, "largest", 1) !== 0 });
  const moved = x.shape.filter((_, i) => i !== axis);
  const back = x.shape.map((_, i) => (i === axis ? moved.length : i < axis ? i : i - 1));
  for (const [name, value] of [[values, best.values] as const, [indices, best.indices] as const]) {
    setValue(ctx, name, transpose(e, reshape(e, value, [...moved, count]), back));
  }
}

/**
 * on where the position along the new axis is the index, else off; negative indices count from the end. The depth is the
 * output's size, which is static: a depth that is an input of the model is the one that calibration saw.
 */
function lowerOneHot(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const shape = shapeOf(ctx, outputName(node));
  const axis = positiveAxis(intAttribute(node, "axis", -1), shape.length);
  const depth = shape[axis] ?? 1;
  const indices = wholeNumbers(ctx, node, depth);
  const withAxis = [...indices.shape.slice(0, axis), 1, ...indices.shape.slice(axis)];
  const at = reshape(e, indices, withAxis);
  const places = integerConstant(
    e,
    "i32",
    [depth, ...shape.slice(axis + 1).map(() => 1)],
    Array.from({ length: depth }, (_, i) => i),
  );
  const fromEnd = integerConstant(
    e,
    "i32",
    places.shape,
    Array.from({ length: depth }, (_, i) => i - depth),
  );
  const choices = getValue(ctx, inputName(node, 2));
  const choice = (i: number): Value =>
    reshape(e, slice(e, choices, { starts: [i], steps: [1], sizes: [1] }), []);
  const [off, on] = [choice(0), choice(1)];
  const negative = where(e, compare(e, at, "=", fromEnd), on, off);
  setValue(ctx, outputName(node), where(e, compare(e, at, "=", places), on, negative));
}

/** Indices as integers; float ones are truncated, and what is within one step of the next integer counts as that. */
function wholeNumbers(ctx: Lowering, node: OnnxNode, depth: number): Value {
  const name = inputName(node, 0);
  const x = getValue(ctx, name);
  if (!isFloat(ctx, name)) return x;
  const step = x.q.scale;
  if (step > 0.25)
    throw unsupportedForm(node, {
      want: "indices of an integer type, or small ones",
      got: `steps of ${step}`,
    });
  const q = integerQuantization("i32", { lo: -depth - 1, hi: depth + 1 });
  return table(ctx.e, x, (v) => Math.trunc(v + Math.sign(v) * step), q);
}

/** The slices whose condition holds: a gather when the condition is a constant. */
function lowerCompress(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  if (constantOf(ctx, node.inputs[1]) === undefined) {
    throw dataDependentShape(
      node,
      "make the condition a constant, or keep all elements and set the others to 0 with Where",
    );
  }
  const kept = (numbersOf(ctx, node, 1) ?? []).flatMap((holds, i) => (holds === 0 ? [] : [i]));
  const x = getValue(ctx, inputName(node, 0));
  const flat = node.attributes.get("axis") === undefined;
  const source = flat ? reshape(e, x, [elementCount(x.shape)]) : x;
  const axis = positiveAxis(intAttribute(node, "axis", 0), source.shape.length);
  const indices = integerConstant(e, "i32", [kept.length], kept);
  setValue(ctx, outputName(node), gather(e, source, { indices, axis }));
}

const I32 = 2 ** 31 - 1;

/** Sums of all elements up to each one, or from each one on. */
function lowerCumSum(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const name = inputName(node, 0);
  const x = getValue(ctx, name);
  const axis = positiveAxis(numbersOf(ctx, node, 1)?.[0] ?? 0, x.shape.length);
  const reverse = intAttribute(node, "reverse", 0) !== 0;
  const rows = rowsAlong(ctx, centred(ctx, x), [axis]);
  const length = rows.value.shape[1] ?? 1;
  const limit = length * largestInteger(rows.value.q);
  if (limit > I32) {
    throw unsupportedForm(node, {
      want: "sums that provably fit 32 bits",
      got: `${length} values of up to ${limit / length}`,
    });
  }
  const exclusive = intAttribute(node, "exclusive", 0) !== 0;
  const turn = (value: Value): Value => (reverse ? reversed(ctx, value) : value);
  const sums = rows.restore(turn(cumulativeSum(e, turn(rows.value), { exclusive, limit })));
  const { dtype } = tensorType(ctx, outputName(node));
  setValue(
    ctx,
    outputName(node),
    dtype === "float32"
      ? rescale(e, sums, quantizationOf(ctx, outputName(node)))
      : storeInteger(ctx, node, sums, dtype),
  );
}

/** The same values with zero point 0. */
function centred(ctx: Lowering, x: Value): Value {
  if (x.q.zero === 0) return x;
  const largest = largestFrom(x.q);
  const q: Quantization = { dtype: "i16", scale: x.q.scale, zero: 0, lo: -largest, hi: largest };
  return rescale(ctx.e, x, q);
}

function reversed(ctx: Lowering, rows: Value): Value {
  const last = (rows.shape[1] ?? 1) - 1;
  return slice(ctx.e, rows, { starts: [0, last], steps: [1, -1], sizes: rows.shape });
}

/**
 * start + i x delta. The length must be the same for every input: limit must be start plus a constant, as positions
 * behind a cache are. Ranges of constants never come here.
 */
function lowerRange(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const [start, limit] = [inputName(node, 0), inputName(node, 1)];
  const delta = constantOf(ctx, node.inputs[2]);
  const { dtype } = tensorType(ctx, outputName(node));
  if (delta === undefined || dtype === "float32" || !isSumWithConstant(ctx, limit, start)) {
    throw dataDependentShape(
      node,
      "bind start, limit and delta to constants, or make the limit start + a constant of an integer type",
    );
  }
  const step = Number(delta.data[0]);
  const offsets = Array.from({ length: shapeOf(ctx, outputName(node))[0] ?? 1 }, (_, i) => i * step);
  const from = getValue(ctx, start);
  const q = integerQuantization("i32", {
    lo: from.q.lo + Math.min(...offsets),
    hi: from.q.hi + Math.max(...offsets),
  });
  if (q.lo < -I32 - 1 || q.hi > I32) {
    throw unsupportedForm(node, { want: "a range that provably fits 32 bits", got: `[${q.lo}, ${q.hi}]` });
  }
  const places = integerConstant(e, "i32", [offsets.length], offsets);
  const attrs = [1, 1, 0, 0, 0];
  const y = emit(e, "add", { operands: [reshape(e, from, []), places], shape: places.shape, q, attrs });
  setValue(ctx, outputName(node), y);
}

/** True when `name` is the sum of `part` and a constant, or both are the same but for changes of type and shape. */
function isSumWithConstant(ctx: Lowering, name: string, part: string): boolean {
  const [from, base] = [sourceOf(ctx, name), sourceOf(ctx, part)];
  const producer = ctx.graph.nodes.find((node) => node.outputs[0] === from);
  if (producer?.opType !== "Add" || producer.domain !== "") return false;
  const [a = "", b = ""] = producer.inputs;
  return (
    (sourceOf(ctx, a) === base && constantOf(ctx, b) !== undefined) ||
    (sourceOf(ctx, b) === base && constantOf(ctx, a) !== undefined)
  );
}

function sourceOf(ctx: Lowering, name: string): string {
  const producer = ctx.graph.nodes.find((node) => node.outputs[0] === name);
  const passes = producer !== undefined && ["Identity", "Squeeze", "Reshape"].includes(producer.opType);
  return passes ? sourceOf(ctx, producer.inputs[0] ?? "") : name;
}

/** Resize and Upsample (ai.onnx 7 to 19): nearest as an index map, linear and cubic as constant weights per axis. */
import { type Quantization, quantizeReal, symmetric16 } from "../../../quantize/scheme.ts";
import { coordinatesOf, elementCount, stridesOf } from "../../../tensor/shape.ts";
import { DTYPE_RANGE } from "../../../tensor/tensor.ts";
import { matmul } from "../emit/compute.ts";
import { constant, integerConstant, largestFrom, type Value } from "../emit/emit.ts";
import { rearrange, reshape, transpose, where } from "../emit/move.ts";
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, intsAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import type { Family, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { hasInput, inputName, numbersOf, outputName, positiveAxis, shapeOf } from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { reals } from "./unary.ts";

/** Lowerers of resizing. */
export const RESIZE_FAMILY: Family = new Map([
  ["Resize", lowerResize],
  ["Upsample", lowerResize],
]);

/** One axis: sizes, the scale that coordinates use, and the region of interest (tf_crop_and_resize). */
interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
}

function lowerResize(ctx: Lowering, node: OnnxNode): void {
  const mode = stringAttribute(node, "mode", "nearest");
  const coordinates =
    node.opType === "Upsample" || ctx.graph.opset < 11
      ? "asymmetric"
      : stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  if (coordinates === "tf_half_pixel_for_nn") {
    throw unsupportedForm(node, { want: "coordinates that ONNX 13 and later know", got: coordinates });
  }
  const crops = coordinates === "tf_crop_and_resize";
  const axes = crops ? croppedAxes(ctx, node) : axesOf(ctx, node);
  const x = getValue(ctx, inputName(node, 0));
  const finish = (y: Value): void =>
    setValue(ctx, outputName(node), crops ? extrapolated(ctx, node, { axes, y }) : y);
  const source = (axis: Axis, at: number): number => originalCoordinate(axis, at, coordinates);
  if (mode === "nearest") {
    const rounding =
      node.opType === "Upsample" || ctx.graph.opset < 11
        ? "floor"
        : stringAttribute(node, "nearest_mode", "round_prefer_floor");
    const picks = axes.map((axis) =>
      Array.from({ length: axis.output }, (_, i) => nearest(source(axis, i), rounding, axis.input)),
    );
    finish(pick(ctx, x, picks));
    return;
  }
  const cubic = mode === "cubic" ? floatAttribute(node, "cubic_coeff_a", -0.75) : undefined;
  const exclude = intAttribute(node, "exclude_outside", 0) !== 0;
  const antialias = intAttribute(node, "antialias", 0) !== 0;
  const q = quantizationOf(ctx, outputName(node));
  const changed = axes
    .map((axis, i) => ({ axis, i }))
    .filter(
      ({ axis }) => axis.input !== axis.output || axis.scale !== 1 || axis.start !== 0 || axis.end !== 1,
    );
  let y = x;
  for (const [step, { axis, i }] of changed.entries()) {
    const weights = Array.from({ length: axis.output }, (_, o) =>
      weightRow(axis, source(axis, o), { cubic, exclude, antialias }),
    );
    y = alongAxis(ctx, y, {
      axis: i,
      weights,
      q: step === changed.length - 1 ? q : widerThan(x, cubic !== undefined),
    });
  }
  finish(y);
}

/** The axes with their regions of interest, which must be constant: they choose which elements are read. */
function croppedAxes(ctx: Lowering, node: OnnxNode): Axis[] {
  const roi = numbersOf(ctx, node, 1) ?? [];
  const axes = axesOf(ctx, node);
  const listed = (intsAttribute(node, "axes") ?? axes.map((_, i) => i)).map((a) =>
    positiveAxis(a, axes.length),
  );
  return axes.map((axis, i) => {
    const k = listed.indexOf(i);
    return k < 0 ? axis : { ...axis, start: roi[k] ?? 0, end: roi[listed.length + k] ?? 1 };
  });
}

/** y with the extrapolation value wherever a coordinate lies outside the input. */
function extrapolated(
  ctx: Lowering,
  node: OnnxNode,
  of: { readonly axes: readonly Axis[]; readonly y: Value },
): Value {
  const { e } = ctx;
  const outside = of.axes.map((axis) =>
    Array.from({ length: axis.output }, (_, i) => {
      const at = originalCoordinate(axis, i, "tf_crop_and_resize");
      return at < 0 || at > axis.input - 1;
    }),
  );
  const shape = outside.map((flags) => flags.length);
  const mask = Array.from({ length: elementCount(shape) }, (_, i) =>
    coordinatesOf(i, shape).some((c, axis) => outside[axis]?.[c] === true) ? 1 : 0,
  );
  if (!mask.includes(1)) return of.y;
  const anyValue = { ...of.y.q, ...DTYPE_RANGE[of.y.q.dtype] };
  const value = quantizeReal(floatAttribute(node, "extrapolation_value", 0), anyValue);
  const fill = constant(e, { shape: [], values: [value], q: of.y.q });
  return where(e, integerConstant(e, "i8", shape, mask), fill, of.y);
}

/**
 * What lies between two axes: 16 bits over the input's range; cubic weights overshoot. Of 8-bit integers a power of two of
 * parts, so that weights like 1/4 and 3/4 lose nothing.
 */
function widerThan(x: Value, cubic: boolean): Quantization {
  const steps = largestFrom(x.q);
  const room = cubic ? 2 * steps : steps;
  if (x.q.dtype === "i8" && room > 0) {
    const parts = 2 ** Math.floor(Math.log2(32767 / room));
    return { dtype: "i16", scale: x.q.scale / parts, zero: 0, lo: -32767, hi: 32767 };
  }
  return symmetric16({ min: 0, max: x.q.scale * room });
}

function axesOf(ctx: Lowering, node: OnnxNode): Axis[] {
  const input = shapeOf(ctx, inputName(node, 0));
  const output = shapeOf(ctx, outputName(node));
  const rank = input.length;
  const scalesAt = node.opType === "Upsample" || ctx.graph.opset < 11 ? 1 : 2;
  const attribute = node.attributes.get("scales");
  const scales =
    attribute?.kind === "floats"
      ? attribute.value
      : hasInput(node, scalesAt)
        ? numbersOf(ctx, node, scalesAt)
        : undefined;
  const sizes = hasInput(node, 3) ? numbersOf(ctx, node, 3) : undefined;
  const listed = (intsAttribute(node, "axes") ?? input.map((_, i) => i)).map((a) => positiveAxis(a, rank));
  const policy = stringAttribute(node, "keep_aspect_ratio_policy", "stretch");
  const ratios = listed.map((axis, k) => (sizes?.[k] ?? 1) / (input[axis] ?? 1));
  const common =
    policy === "not_larger"
      ? Math.min(...ratios)
      : policy === "not_smaller"
        ? Math.max(...ratios)
        : undefined;
  return input.map((size, axis) => {
    const k = listed.indexOf(axis);
    const given = k >= 0 && scales !== undefined && scales.length > 0 ? scales[k] : undefined;
    const fromSizes = k >= 0 ? (common ?? ratios[k]) : 1;
    const scale = given ?? (sizes === undefined ? (output[axis] ?? 1) / size : fromSizes) ?? 1;
    return { input: size, output: output[axis] ?? 1, scale, start: 0, end: 1 };
  });
}

/** Coordinate in the input of output position `at` (ONNX Resize, coordinate_transformation_mode). */
function originalCoordinate(axis: Axis, at: number, mode: string): number {
  const resized = axis.scale * axis.input;
  switch (mode) {
    case "asymmetric":
      return at / axis.scale;
    case "align_corners":
      return resized <= 1 ? 0 : (at * (axis.input - 1)) / (resized - 1);
    case "pytorch_half_pixel":
      return resized > 1 ? (at + 0.5) / axis.scale - 0.5 : 0;
    case "tf_crop_and_resize": {
      const { start, end, input, output } = axis;
      const span = (end - start) * (input - 1);
      return output > 1
        ? start * (input - 1) + (at * span) / (output - 1)
        : ((start + end) / 2) * (input - 1);
    }
    case "half_pixel_symmetric": {
      const adjustment = axis.output / resized;
      const offset = (axis.input / 2) * (1 - adjustment);
      return offset + (at + 0.5) / axis.scale - 0.5;
    }
    default:
      return (at + 0.5) / axis.scale - 0.5;
  }
}

function nearest(x: number, mode: string, size: number): number {
  const rounded =
    mode === "floor"
      ? Math.floor(x)
      : mode === "ceil"
        ? Math.ceil(x)
        : mode === "round_prefer_ceil"
          ? Math.floor(x + 0.5)
          : Math.ceil(x - 0.5);
  return Math.min(Math.max(rounded, 0), size - 1);
}

function pick(ctx: Lowering, x: Value, picks: readonly (readonly number[])[]): Value {
  const shape = picks.map((p) => p.length);
  const outStrides = stridesOf(shape);
  const inStrides = stridesOf(x.shape);
  const map = new Int32Array(elementCount(shape)).map((_, i) =>
    picks.reduce(
      (sum, p, axis) =>
        sum + (p[Math.floor(i / (outStrides[axis] ?? 1)) % p.length] ?? 0) * (inStrides[axis] ?? 0),
      0,
    ),
  );
  return rearrange(ctx.e, x, { shape, map });
}

/** How output positions weigh input positions. */
interface WeightRule {
  /** Coefficient of the cubic kernel; undefined for the linear one. */
  readonly cubic: number | undefined;
  readonly exclude: boolean;
  /** Widens the kernel when sizes shrink, so that every input position counts. */
  readonly antialias: boolean;
}

/** Weight of every input position for one output position; positions beyond the edge count for the edge, or not at all. */
function weightRow(axis: Axis, x: number, rule: WeightRule): Float64Array {
  const row = new Float64Array(axis.input);
  const linear = rule.cubic === undefined;
  const at = linear && !rule.antialias ? Math.min(Math.max(x, 0), axis.input - 1) : x;
  const narrowing = rule.antialias ? Math.min(axis.scale, 1) : 1;
  const reach = (linear ? 1 : 2) / narrowing;
  for (let position = Math.ceil(at - reach); position <= Math.floor(at + reach); position++) {
    const distance = Math.abs(at - position) * narrowing;
    const weight = linear ? Math.max(0, 1 - distance) : cubicWeight(distance, rule.cubic ?? 0);
    const outside = position < 0 || position >= axis.input;
    if (outside && rule.exclude) continue;
    const clamped = Math.min(Math.max(position, 0), axis.input - 1);
    row[clamped] = (row[clamped] ?? 0) + weight;
  }
  const sum = row.reduce((a, b) => a + b, 0);
  return (rule.exclude || rule.antialias) && sum !== 0 ? row.map((w) => w / sum) : row;
}

/** Keys' cubic convolution kernel. */
function cubicWeight(d: number, a: number): number {
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

/** Steps of weights that are exact: multiples of 2^-14 below 2. */
const EXACT_STEP = 2 ** -14;

/** Weights at 16 bits: as they are where they are multiples of a small power of two. */
function weightMatrix(ctx: Lowering, values: readonly number[], shape: readonly number[]): Value {
  const exact = values.every((v) => Math.abs(v) < 2 && Number.isInteger(v / EXACT_STEP));
  if (!exact) return reals(ctx, values, shape);
  const q: Quantization = { dtype: "i16", scale: EXACT_STEP, zero: 0, lo: -32767, hi: 32767 };
  return constant(ctx.e, { shape, values: values.map((v) => v / EXACT_STEP), q });
}

/** Weights applied along one axis: a product with a constant matrix. */
function alongAxis(
  ctx: Lowering,
  x: Value,
  by: {
    readonly axis: number;
    readonly weights: readonly Float64Array[];
    readonly q: Quantization;
  },
): Value {
  const { e } = ctx;
  const rank = x.shape.length;
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== by.axis);
  const perm = [...others, by.axis];
  const size = x.shape[by.axis] ?? 1;
  const moved = transpose(e, x, perm);
  const rows = reshape(e, moved, [elementCount(x.shape) / size, size]);
  const matrix = weightMatrix(
    ctx,
    by.weights.flatMap((row) => [...row]),
    [by.weights.length, size],
  );
  const y = reshape(e, matmul(e, rows, matrix, by.q), [...moved.shape.slice(0, -1), by.weights.length]);
  return transpose(
    e,
    y,
    perm.map((_, i) => perm.indexOf(i)),
  );
}

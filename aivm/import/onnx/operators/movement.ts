/** Data movement: operators that choose elements and compute nothing. Integers pass through exactly. */

import { integerQuantization, quantizeReal } from "../../../quantize/scheme.ts";
import { elementCount, stridesOf } from "../../../tensor/shape.ts";
import { addScaled } from "../emit/compute.ts";
import { integerConstant, type Value } from "../emit/emit.ts";
import { concat, expand, gather, pad, rearrange, reshape, slice, transpose } from "../emit/move.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, intsAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import {
  constantOf,
  hasInput,
  inputName,
  isFloat,
  isUsed,
  numbersOf,
  outputName,
  positiveAxis,
  shapeOf,
} from "../lowering/tensors.ts";
import { floatConstant, getValue, setValue } from "../lowering/values.ts";
import { positionsOfTuples, wrapNegative } from "./positions.ts";

const reshaping: Lowerer = (ctx, node) => {
  const x = getValue(ctx, inputName(node, 0));
  setValue(ctx, outputName(node), reshape(ctx.e, x, shapeOf(ctx, outputName(node))));
};

/** Lowerers of data movement. */
export const MOVEMENT_FAMILY: Family = new Map<string, Lowerer>([
  ["Reshape", reshaping],
  ["Flatten", reshaping],
  ["Squeeze", reshaping],
  ["Unsqueeze", reshaping],
  ["Identity", reshaping],
  ["Dropout", lowerDropout],
  ["Transpose", lowerTranspose],
  ["Concat", lowerConcat],
  ["Split", lowerSplit],
  ["Slice", lowerSlice],
  [
    "Expand",
    (ctx, node) =>
      setValue(
        ctx,
        outputName(node),
        expand(ctx.e, getValue(ctx, inputName(node, 0)), shapeOf(ctx, outputName(node))),
      ),
  ],
  ["Tile", lowerTile],
  ["Pad", lowerPad],
  ["Gather", lowerGather],
  ["GatherElements", lowerGatherElements],
  ["GatherND", lowerGatherNd],
  ["DepthToSpace", lowerDepthToSpace],
  ["SpaceToDepth", lowerSpaceToDepth],
  ["Trilu", lowerTrilu],
  ["CenterCropPad", lowerCenterCropPad],
]);

/** Inference: the input as it is; the mask, where it is asked for, keeps everything. */
function lowerDropout(ctx: Lowering, node: OnnxNode): void {
  if ((numbersOf(ctx, node, 2)?.[0] ?? 0) !== 0)
    throw unsupportedForm(node, { want: "inference", got: "training_mode, which drops elements at random" });
  const mask = outputName(node, 1);
  if (isUsed(ctx, mask)) {
    const shape = shapeOf(ctx, mask);
    const data = new Array<number>(elementCount(shape)).fill(1);
    const kept = isFloat(ctx, mask)
      ? floatConstant(ctx, { name: mask, shape, data }, quantizationOf(ctx, mask))
      : integerConstant(ctx.e, "i8", shape, data);
    setValue(ctx, mask, kept);
  }
  reshaping(ctx, node);
}

function lowerTranspose(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const reversed = Array.from({ length: x.shape.length }, (_, i) => x.shape.length - 1 - i);
  setValue(ctx, outputName(node), transpose(ctx.e, x, intsAttribute(node, "perm") ?? reversed));
}

function lowerConcat(ctx: Lowering, node: OnnxNode): void {
  const values = node.inputs.map((name) => getValue(ctx, name));
  const axis = positiveAxis(intAttribute(node, "axis", 1), values[0]?.shape.length ?? 1);
  setValue(ctx, outputName(node), concat(ctx.e, values, axis));
}

function lowerSplit(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), x.shape.length);
  let start = 0;
  for (const name of node.outputs) {
    const sizes = shapeOf(ctx, name);
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    const steps = x.shape.map(() => 1);
    if (elementCount(sizes) > 0) setValue(ctx, name, slice(ctx.e, x, { starts, steps, sizes }));
    start += sizes[axis] ?? 0;
  }
}

function lowerSlice(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const rank = x.shape.length;
  const given = numbersOf(ctx, node, 1) ?? intsAttribute(node, "starts") ?? [];
  const axes = numbersOf(ctx, node, 3) ?? intsAttribute(node, "axes") ?? given.map((_, i) => i);
  const stepList = numbersOf(ctx, node, 4) ?? given.map(() => 1);
  numbersOf(ctx, node, 2); // the ends must be constants too; the sizes follow from the output's shape
  const starts = new Array<number>(rank).fill(0);
  const steps = new Array<number>(rank).fill(1);
  for (const [i, raw] of axes.entries()) {
    const axis = positiveAxis(raw, rank);
    const size = x.shape[axis] ?? 1;
    const step = stepList[i] ?? 1;
    const start = positiveAxis(given[i] ?? 0, size);
    starts[axis] = Math.min(Math.max(start, 0), size - 1);
    steps[axis] = step;
  }
  setValue(ctx, outputName(node), slice(ctx.e, x, { starts, steps, sizes: shapeOf(ctx, outputName(node)) }));
}

/** Row-major map of an output to source coordinates, written as a function of output coordinates. */
function mapOf(
  shape: readonly number[],
  from: readonly number[],
  source: (at: readonly number[]) => readonly number[] | undefined,
): Int32Array {
  const strides = stridesOf(from);
  const at = new Array<number>(shape.length).fill(0);
  const map = new Int32Array(elementCount(shape));
  for (let i = 0; i < map.length; i++) {
    const coordinates = source(at);
    map[i] =
      coordinates === undefined
        ? -1
        : coordinates.reduce((sum, c, axis) => sum + c * (strides[axis] ?? 0), 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis] = (at[axis] ?? 0) + 1;
      if ((at[axis] ?? 0) < (shape[axis] ?? 1)) break;
      at[axis] = 0;
    }
  }
  return map;
}

function lowerTile(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const shape = shapeOf(ctx, outputName(node));
  const map = mapOf(shape, x.shape, (at) => at.map((c, i) => c % (x.shape[i] ?? 1)));
  setValue(ctx, outputName(node), rearrange(ctx.e, x, { shape, map }));
}

function lowerPad(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const rank = x.shape.length;
  const list =
    numbersOf(ctx, node, 1) ?? intsAttribute(node, "pads") ?? intsAttribute(node, "paddings") ?? [];
  const axes = (numbersOf(ctx, node, 3) ?? Array.from({ length: rank }, (_, i) => i)).map((a) =>
    positiveAxis(a, rank),
  );
  const before = new Array<number>(rank).fill(0);
  for (const [i, axis] of axes.entries()) before[axis] = list[i] ?? 0;
  const shape = shapeOf(ctx, outputName(node));
  const mode = stringAttribute(node, "mode", "constant");
  const inside = (at: readonly number[]): readonly number[] => at.map((c, i) => c - (before[i] ?? 0));
  if (mode !== "constant") {
    const map = mapOf(shape, x.shape, (at) => inside(at).map((c, i) => folded(c, x.shape[i] ?? 1, mode)));
    setValue(ctx, outputName(node), rearrange(e, x, { shape, map }));
    return;
  }
  const fill = padValue(ctx, node, x);
  if (
    typeof fill === "number" &&
    before.every((n, i) => n >= 0 && (shape[i] ?? 1) - n - (x.shape[i] ?? 1) >= 0)
  ) {
    const after = shape.map((size, i) => size - (before[i] ?? 0) - (x.shape[i] ?? 1));
    setValue(ctx, outputName(node), pad(e, x, { before, after, value: fill }));
    return;
  }
  const map = mapOf(shape, x.shape, (at) => {
    const c = inside(at);
    return c.every((v, i) => v >= 0 && v < (x.shape[i] ?? 1)) ? c : undefined;
  });
  if (typeof fill === "number") {
    setValue(ctx, outputName(node), rearrange(e, x, { shape, map, fill }));
    return;
  }
  // A computed value: it stands behind the elements of x, and the map names it.
  const count = elementCount(x.shape);
  const both = concat(e, [reshape(e, x, [count]), reshape(e, fill, [1])], 0);
  setValue(ctx, outputName(node), rearrange(e, both, { shape, map: map.map((i) => (i < 0 ? count : i)) }));
}

/** The integer that pads, or the value that does when it is computed. */
function padValue(ctx: Lowering, node: OnnxNode, x: Value): number | Value {
  if (hasInput(node, 2) && constantOf(ctx, node.inputs[2]) === undefined)
    return getValue(ctx, inputName(node, 2));
  const attribute = node.attributes.get("value");
  const real = numbersOf(ctx, node, 2)?.[0] ?? (attribute?.kind === "float" ? attribute.value : 0);
  return quantizeReal(real, {
    ...x.q,
    ...quantizationOf(ctx, outputName(node)),
    scale: x.q.scale,
    zero: x.q.zero,
  });
}

/** Coordinate c brought into [0, size) as the Pad mode says. */
function folded(c: number, size: number, mode: string): number {
  if (mode === "edge") return Math.min(Math.max(c, 0), size - 1);
  if (mode === "wrap") return ((c % size) + size) % size;
  const period = Math.max(1, 2 * (size - 1));
  const at = ((c % period) + period) % period;
  return at < size ? at : period - at;
}

/** Indices of a Gather family operator with negative ones counted from the end. */
function wrappedIndices(ctx: Lowering, node: OnnxNode, size: number): Value {
  return wrapNegative(ctx, inputName(node, 1), size);
}

function lowerGather(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), x.shape.length);
  const indices = wrappedIndices(ctx, node, x.shape[axis] ?? 1);
  setValue(
    ctx,
    outputName(node),
    reshape(ctx.e, gather(ctx.e, x, { indices, axis }), shapeOf(ctx, outputName(node))),
  );
}

/** out[i][j] = x[indices[i][j]][j] along an axis: one flat gather, the position of j added to the index. */
function lowerGatherElements(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), x.shape.length);
  const indices = wrappedIndices(ctx, node, x.shape[axis] ?? 1);
  const stride = stridesOf(x.shape)[axis] ?? 1;
  const offsets = mapOf(indices.shape, x.shape, (at) => at.map((c, i) => (i === axis ? 0 : c)));
  setValue(ctx, outputName(node), gatherFlat(ctx, x, { indices, stride, offsets }));
}

/** Elements of x at indices x stride + offsets, in the shape of the indices. */
function gatherFlat(
  ctx: Lowering,
  x: Value,
  at: { readonly indices: Value; readonly stride: number; readonly offsets: Int32Array },
): Value {
  const { e } = ctx;
  const count = elementCount(x.shape);
  const offsets = integerConstant(e, "i32", at.indices.shape, at.offsets);
  const q = integerQuantization("i32", { lo: 0, hi: count - 1 });
  const flat = addScaled(e, { a: at.indices, b: offsets, factorA: at.stride }, q);
  return gather(e, reshape(e, x, [count]), { indices: flat, axis: 0 });
}

/** Slices of x named by tuples of coordinates: one gather from x seen as a list of slices. */
function lowerGatherNd(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const batchDims = intAttribute(node, "batch_dims", 0);
  const depth = shapeOf(ctx, inputName(node, 1)).at(-1) ?? 1;
  const named = batchDims + depth;
  const positions = positionsOfTuples(ctx, inputName(node, 1), { shape: x.shape, batchDims });
  const slices = reshape(e, x, [elementCount(x.shape.slice(0, named)), ...x.shape.slice(named)]);
  const y = gather(e, slices, { indices: reshape(e, positions, [elementCount(positions.shape)]), axis: 0 });
  setValue(ctx, outputName(node), reshape(e, y, shapeOf(ctx, outputName(node))));
}

function lowerDepthToSpace(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const b = intAttribute(node, "blocksize", 1);
  const deep = c / (b * b);
  const crd = stringAttribute(node, "mode", "DCR") === "CRD";
  const split = reshape(e, x, crd ? [n * deep, b, b, h, w] : [n, b, b, deep, h, w]);
  const moved = transpose(e, split, crd ? [0, 3, 1, 4, 2] : [0, 3, 4, 1, 5, 2]);
  setValue(ctx, outputName(node), reshape(e, moved, [n, deep, h * b, w * b]));
}

function lowerSpaceToDepth(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const b = intAttribute(node, "blocksize", 1);
  const moved = transpose(e, reshape(e, x, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]);
  setValue(ctx, outputName(node), reshape(e, moved, [n, c * b * b, h / b, w / b]));
}

function lowerTrilu(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  const k = numbersOf(ctx, node, 1)?.[0] ?? 0;
  const upper = intAttribute(node, "upper", 1) !== 0;
  const rank = x.shape.length;
  const map = mapOf(x.shape, x.shape, (at) => {
    const offset = (at[rank - 1] ?? 0) - (at[rank - 2] ?? 0);
    return (upper ? offset >= k : offset <= k) ? at : undefined;
  });
  setValue(ctx, outputName(node), rearrange(ctx.e, x, { shape: x.shape, map }));
}

function lowerCenterCropPad(ctx: Lowering, node: OnnxNode): void {
  const x = getValue(ctx, inputName(node, 0));
  numbersOf(ctx, node, 1); // must be constant; the sizes are the output's
  const shape = shapeOf(ctx, outputName(node));
  const shift = shape.map(
    (size, i) => Math.floor(Math.abs((x.shape[i] ?? 1) - size) / 2) * ((x.shape[i] ?? 1) > size ? 1 : -1),
  );
  const map = mapOf(shape, x.shape, (at) => {
    const c = at.map((v, i) => v + (shift[i] ?? 0));
    return c.every((v, i) => v >= 0 && v < (x.shape[i] ?? 1)) ? c : undefined;
  });
  setValue(ctx, outputName(node), rearrange(ctx.e, x, { shape, map }));
}

/** Operators that write updates into a tensor: ScatterElements, Scatter, ScatterND, TensorScatter. */
import { integerQuantization, type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, compare, rescale } from "../emit/compute.ts";
import { emit, integerConstant, largestFrom, largestInteger, type Value } from "../emit/emit.ts";
import { pad, reshape, transpose, where } from "../emit/move.ts";
import { SCATTER_REDUCTIONS, type ScatterReduction, sameMeaning, scatter } from "../emit/select.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { integerStorage } from "../lowering/integers.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { hasInput, inputName, outputName, positiveAxis, shapeOf, tensorType } from "../lowering/tensors.ts";
import { getValue, operandValue, setValue } from "../lowering/values.ts";
import { positionsOfTuples, wrapNegative } from "./positions.ts";

/** Lowerers of scattering. */
export const SCATTER_FAMILY: Family = new Map<string, Lowerer>([
  ["ScatterElements", lowerElements],
  ["Scatter", lowerElements],
  ["ScatterND", lowerNd],
  ["TensorScatter", lowerCache],
]);

/** Data, where its lanes lie along `axis`, with positions and updates shaped as VM op `scatter` wants them. */
interface Lanes {
  readonly axis: number;
  /** Brings data (and updates) into the lanes' layout. */
  readonly lay: (value: Value) => Value;
  readonly positions: Value;
  readonly layUpdates: (value: Value) => Value;
  /** Brings the result back. */
  readonly restore: (value: Value) => Value;
}

/** y[.., indices[i][j], ..] from updates[i][j]: every other coordinate names a lane, which is brought to the end. */
function lowerElements(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const shape = shapeOf(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", 0), shape.length);
  const indices = wrapNegative(ctx, inputName(node, 1), shape[axis] ?? 1);
  const perm = [...shape.map((_, i) => i).filter((i) => i !== axis), axis];
  const back = perm.map((_, i) => perm.indexOf(i));
  const after = shape.map((size, i) => (i === axis ? 0 : size - (indices.shape[i] ?? 1)));
  const before = shape.map(() => 0);
  const lay = (value: Value): Value => transpose(e, value, perm);
  write(ctx, node, {
    axis: shape.length - 1,
    lay,
    // Lanes without an update of their own get one at a position that no element has.
    positions: lay(pad(e, indices, { before, after, value: -1 })),
    layUpdates: (value) => lay(pad(e, value, { before, after, value: value.q.zero })),
    restore: (value) => transpose(e, value, back),
  });
}

/** Slices named by tuples of coordinates. With a reduction the updates of one element are brought together. */
function lowerNd(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const shape = shapeOf(ctx, inputName(node, 0));
  const depth = shapeOf(ctx, inputName(node, 1)).at(-1) ?? 1;
  const positions = positionsOfTuples(ctx, inputName(node, 1), { shape, batchDims: 0 });
  const [slices, inner] = [elementCount(shape.slice(0, depth)), elementCount(shape.slice(depth))];
  const count = elementCount(positions.shape);
  const turned = reductionOf(node) !== "none" && inner > 1;
  const turn = (value: Value): Value => (turned ? transpose(e, value, [1, 0]) : value);
  write(ctx, node, {
    axis: turned ? 1 : 0,
    lay: (value) => turn(reshape(e, value, [slices, inner])),
    positions: reshape(e, positions, turned ? [1, count] : [count, 1]),
    layUpdates: (value) => turn(reshape(e, value, [count, inner])),
    restore: (value) => reshape(e, turn(value), shape),
  });
}

/** A cache [batch, .., length, ..] with new entries written from a position on, one for each batch entry. */
function lowerCache(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const shape = shapeOf(ctx, inputName(node, 0));
  const axis = positiveAxis(intAttribute(node, "axis", -2), shape.length);
  const [batch = 1, length = 1] = [shape[0], shape[axis]];
  const count = shapeOf(ctx, inputName(node, 1))[axis] ?? 1;
  const places = integerConstant(
    e,
    "i32",
    [1, count],
    Array.from({ length: count }, (_, i) => i),
  );
  const first = hasInput(node, 2)
    ? reshape(e, getValue(ctx, inputName(node, 2)), [batch, 1])
    : integerConstant(e, "i32", [batch, 1], new Array<number>(batch).fill(0));
  const q = integerQuantization("i32", { lo: -1, hi: 2 * length });
  const linear = emit(e, "add", {
    operands: [first, places],
    shape: [batch, count],
    q,
    attrs: [1, 1, 0, 0, 0],
  });
  const circular = stringAttribute(node, "mode", "linear") === "circular";
  const positions = circular ? wrapEnd(ctx, linear, length) : linear;
  const updates = getValue(ctx, inputName(node, 1));
  const x = getValue(ctx, inputName(node, 0));
  const laned = shape.map((_, i) => (i === 0 ? batch : i === axis ? count : 1));
  const y = scatter(
    e,
    { x, positions: reshape(e, positions, laned), updates: sameMeaning(e, updates, x.q) },
    { axis, reduction: "none", q: unionOf(x, updates) },
  );
  setValue(ctx, outputName(node), y);
}

/** Positions beyond the end from the start on. */
function wrapEnd(ctx: Lowering, positions: Value, length: number): Value {
  const { e } = ctx;
  const last = integerConstant(e, "i32", [], [length - 1]);
  const moved = addScaled(e, { a: positions, b: positions, factorB: 0, term: -length }, positions.q);
  return where(e, compare(e, last, "<", positions), moved, positions);
}

function reductionOf(node: OnnxNode): ScatterReduction {
  const name = stringAttribute(node, "reduction", "none");
  const known = SCATTER_REDUCTIONS.find((reduction) => reduction === name);
  if (known !== undefined) return known;
  throw unsupportedForm(node, { want: `reduction ${SCATTER_REDUCTIONS.join(", ")}`, got: name });
}

function unionOf(a: Value, b: Value): Quantization {
  return { ...a.q, lo: Math.min(a.q.lo, b.q.lo), hi: Math.max(a.q.hi, b.q.hi) };
}

function write(ctx: Lowering, node: OnnxNode, lanes: Lanes): void {
  const reduction = reductionOf(node);
  const { dtype } = tensorType(ctx, outputName(node));
  const computes = reduction === "add" || reduction === "mul";
  const y = !computes
    ? place(ctx, node, { lanes, reduction })
    : dtype === "float32"
      ? computeReal(ctx, node, { lanes, reduction })
      : computeWhole(ctx, node, { lanes, reduction, storage: integerStorage(dtype) });
  setValue(ctx, outputName(node), y);
}

/** Updates share the data's scale: they are moved or compared, never rounded. */
function place(
  ctx: Lowering,
  node: OnnxNode,
  by: { readonly lanes: Lanes; readonly reduction: ScatterReduction },
): Value {
  const { lanes } = by;
  const x = lanes.lay(getValue(ctx, inputName(node, 0)));
  const updates = sameMeaning(ctx.e, lanes.layUpdates(getValue(ctx, inputName(node, 2))), x.q);
  const rule = { axis: lanes.axis, reduction: by.reduction, q: unionOf(x, updates) };
  return lanes.restore(scatter(ctx.e, { x, positions: lanes.positions, updates }, rule));
}

/** Bits that a sum or product keeps on the way. */
const FINE_BITS = 26;

/** Sums at one scale that leaves room for all of them; products by updates in units of a power of two. */
function computeReal(
  ctx: Lowering,
  node: OnnxNode,
  by: { readonly lanes: Lanes; readonly reduction: ScatterReduction },
): Value {
  const { e } = ctx;
  const { lanes, reduction } = by;
  const output = quantizationOf(ctx, outputName(node));
  const x = operandValue(ctx, inputName(node, 0));
  const updates = operandValue(ctx, inputName(node, 2));
  const count = lanes.positions.shape[lanes.axis] ?? 1;
  const sum = largestReal(x.q) + count * largestReal(updates.q);
  const product = 2 * Math.max(largestReal(x.q), largestReal(output));
  const fine: Quantization = {
    dtype: "i32",
    scale: (reduction === "add" ? sum : product) / 2 ** FINE_BITS || 1,
    zero: 0,
    lo: -(2 ** FINE_BITS),
    hi: 2 ** FINE_BITS,
  };
  const steps = reduction === "add" ? fine : powerOfTwo(symmetric16({ min: 0, max: largestReal(updates.q) }));
  const shift = reduction === "add" ? 0 : -Math.log2(steps.scale);
  if (shift < 0)
    throw unsupportedForm(node, {
      want: "updates below 2^15 in a product",
      got: `${largestReal(updates.q)}`,
    });
  // Zero points go first: padding is 0 then.
  const centred = rescale(e, updates, steps);
  const operands = {
    x: lanes.lay(rescale(e, x, fine)),
    positions: lanes.positions,
    updates: lanes.layUpdates(centred),
  };
  const y = scatter(e, operands, { axis: lanes.axis, reduction, q: fine, shift });
  return lanes.restore(rescale(e, y, output));
}

function largestReal(q: Quantization): number {
  return q.scale * largestFrom(q);
}

/** The same range in units of a power of two. */
function powerOfTwo(q: Quantization): Quantization {
  return { ...q, scale: 2 ** Math.ceil(Math.log2(q.scale)), lo: -32767, hi: 32767 };
}

/** Integers, refused where a result could leave their type. */
function computeWhole(
  ctx: Lowering,
  node: OnnxNode,
  by: { readonly lanes: Lanes; readonly reduction: ScatterReduction; readonly storage: Quantization },
): Value {
  const { lanes, reduction, storage } = by;
  const x = getValue(ctx, inputName(node, 0));
  const updates = getValue(ctx, inputName(node, 2));
  const count = lanes.positions.shape[lanes.axis] ?? 1;
  const [most, each] = [x, updates].map((value) => largestInteger(value.q)) as [number, number];
  const largest = reduction === "add" ? most + count * each : most * Math.max(1, each) ** count;
  if (largest > storage.hi) {
    throw unsupportedForm(node, {
      want: "sums or products that provably fit their type",
      got: `up to ${largest}`,
    });
  }
  const q = { ...storage, lo: Math.max(storage.lo, -largest), hi: largest };
  const operands = { x: lanes.lay(x), positions: lanes.positions, updates: lanes.layUpdates(updates) };
  return lanes.restore(scatter(ctx.e, operands, { axis: lanes.axis, reduction, q }));
}

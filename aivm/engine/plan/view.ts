/**
 * Views: tensors as strided windows onto a buffer or a constant. Reshape, transpose, slice and expand only make another
 * view; a step copies where somebody needs the elements dense.
 */
import { elementCount, equalShapes, stridesOf } from "../../tensor/shape.ts";
import type { DType } from "../../tensor/tensor.ts";

/** A buffer of the arena by number, or a constant by number. */
export interface Place {
  readonly kind: "arena" | "constant";
  readonly index: number;
}

/** Element (i0, i1, ...) lies at `base` + sum of i x stride, counted in elements. */
export interface View {
  readonly place: Place;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly base: number;
}

/** A whole tensor, row-major. */
export function denseView(place: Place, of: Pick<View, "dtype" | "shape">): View {
  return { place, dtype: of.dtype, shape: of.shape, strides: stridesOf(of.shape), base: 0 };
}

/**
 * A whole tensor whose axes lie in memory in this order, outermost first: `order` names every axis of the shape once.
 */
export function orderedView(
  place: Place,
  of: Pick<View, "dtype" | "shape"> & { readonly order: readonly number[] },
): View {
  const { dtype, shape, order } = of;
  const strides = new Array<number>(shape.length).fill(1);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return { place, dtype, shape, strides, base: 0 };
}

/** True when the elements lie row-major without gaps; axes of size 1 do not count. */
export function isDense(view: View): boolean {
  const strides = stridesOf(view.shape);
  return view.shape.every((size, axis) => size === 1 || view.strides[axis] === strides[axis]);
}

/** Axes from the largest stride to the smallest; the order in which memory holds them. */
export function memoryOrder(view: View): number[] {
  const axes = view.shape.map((_, axis) => axis);
  const strideAt = (axis: number): number => Math.abs(view.strides[axis] ?? 0);
  return axes.sort((a, b) => strideAt(b) - strideAt(a) || a - b);
}

/** Axis i of the result is axis `permutation[i]` of the view. */
export function transposed(view: View, permutation: readonly number[]): View {
  return {
    ...view,
    shape: permutation.map((axis) => view.shape[axis] ?? 1),
    strides: permutation.map((axis) => view.strides[axis] ?? 0),
  };
}

/** Every steps[i]-th element from starts[i] on along axis i. */
export function sliced(
  view: View,
  by: {
    readonly starts: readonly number[];
    readonly steps: readonly number[];
    readonly shape: readonly number[];
  },
): View {
  const { starts, steps, shape } = by;
  const base = view.strides.reduce((sum, stride, axis) => sum + stride * (starts[axis] ?? 0), view.base);
  const strides = view.strides.map((stride, axis) => stride * (steps[axis] ?? 1));
  return { ...view, shape, strides, base };
}

/** The view as an operand of `shape`: right-aligned, stride 0 along axes that repeat. */
export function broadcastTo(view: View, shape: readonly number[]): View {
  const offset = shape.length - view.shape.length;
  const strides = shape.map((_, axis) =>
    axis < offset || view.shape[axis - offset] === 1 ? 0 : (view.strides[axis - offset] ?? 0),
  );
  return { ...view, shape, strides };
}

/**
 * The same elements in the same row-major order under another shape, or undefined where no strides can say that. Axes
 * are matched in groups of equal size from the left; a group that is joined must lie in memory as if it were one axis.
 */
export function reshaped(view: View, shape: readonly number[]): View | undefined {
  if (equalShapes(view.shape, shape)) return view;
  if (isDense(view)) return { ...view, shape, strides: stridesOf(shape) };
  const strides = new Array<number>(shape.length).fill(0);
  const axes = view.shape.map((_, axis) => axis).filter((axis) => view.shape[axis] !== 1);
  let from = 0;
  let to = 0;
  while (from < axes.length) {
    const start = { from, to };
    let have = view.shape[axes[from++] ?? 0] ?? 1;
    let want = shape[to++] ?? 1;
    while (have !== want) {
      if (have < want) have *= view.shape[axes[from++] ?? 0] ?? 1;
      else want *= shape[to++] ?? 1;
    }
    const group = axes.slice(start.from, from);
    if (!liesAsOne(view, group)) return undefined;
    let stride = view.strides[group.at(-1) ?? 0] ?? 0;
    for (let axis = to - 1; axis >= start.to; axis--) {
      strides[axis] = stride;
      stride *= shape[axis] ?? 1;
    }
  }
  return { ...view, shape, strides };
}

/** Elements of the view. */
export function viewElements(view: View): number {
  return elementCount(view.shape);
}

function liesAsOne(view: View, axes: readonly number[]): boolean {
  return axes.every((axis, i) => {
    const next = axes[i + 1];
    return next === undefined || view.strides[axis] === (view.strides[next] ?? 0) * (view.shape[next] ?? 1);
  });
}

/**
 * Views of one shape and dtype, as views of wider elements that each hold neighbours along an axis of 2 (or 4) of them:
 * what is only copied may be copied in larger pieces. The views themselves where that can not be.
 */
export function widened(views: readonly View[]): readonly View[] {
  const [first] = views;
  const axis =
    first?.shape.findIndex((size, i) => size > 1 && views.every((view) => view.strides[i] === 1)) ?? -1;
  const size = first?.shape[axis] ?? 1;
  const dtype = first === undefined ? undefined : WIDER[first.dtype]?.[size];
  if (dtype === undefined || views.some((view) => !isWidenable(view, axis, size))) return views;
  return views.map((view) => ({
    ...view,
    dtype,
    shape: view.shape.map((length, i) => (i === axis ? 1 : length)),
    strides: view.strides.map((stride, i) => (i === axis ? 1 : Math.trunc(stride / size))),
    base: view.base / size,
  }));
}

/** The dtype that has room for so many elements of a dtype. */
const WIDER: Readonly<Record<DType, Readonly<Record<number, DType>>>> = {
  i8: { 2: "i16", 4: "i32" },
  i16: { 2: "i32" },
  i32: {},
};

/** Constants keep their own dtype: only buffers are bytes to whoever reads them. */
function isWidenable(view: View, axis: number, size: number): boolean {
  const aligned = view.strides.every((stride, i) => i === axis || view.shape[i] === 1 || stride % size === 0);
  return view.place.kind === "arena" && view.base % size === 0 && aligned;
}

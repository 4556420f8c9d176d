/** Tensors seen as rows along one or more axes: how norms and softmax see them. */
import { elementCount, stridesOf } from "../../../tensor/shape.ts";
import type { Value } from "../emit/emit.ts";
import { reshape, transpose } from "../emit/move.ts";
import type { Lowering } from "../lowering/lowering.ts";

/** x as [rows, length] with `axes` (ascending) innermost, and the way back. */
export interface Rows {
  readonly value: Value;
  readonly restore: (rows: Value) => Value;
}

/** Rows of x along `axes`. */
export function rowsAlong(ctx: Lowering, x: Value, axes: readonly number[]): Rows {
  const perm = rowPermutation(x.shape.length, axes);
  const moved = transpose(ctx.e, x, perm);
  const length = elementCount(axes.map((axis) => x.shape[axis] ?? 1));
  const value = reshape(ctx.e, moved, [elementCount(x.shape) / length, length]);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return { value, restore: (rows) => transpose(ctx.e, reshape(ctx.e, rows, moved.shape), back) };
}

function rowPermutation(rank: number, axes: readonly number[]): number[] {
  const kept = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
  return [...kept, ...axes];
}

/** The same view of float data, for measuring: calls `visit` with each row. */
export function forEachRow(
  tensor: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> },
  axes: readonly number[],
  visit: (row: Float64Array) => void,
): void {
  const perm = rowPermutation(tensor.shape.length, axes);
  const length = elementCount(axes.map((axis) => tensor.shape[axis] ?? 1));
  const sizes = perm.map((axis) => tensor.shape[axis] ?? 1);
  const strides = stridesOf(tensor.shape);
  const moved = perm.map((axis) => strides[axis] ?? 0);
  const at = new Array<number>(sizes.length).fill(0);
  const row = new Float64Array(length);
  for (let i = 0; i < tensor.data.length; i++) {
    row[i % length] = Number(tensor.data[at.reduce((sum, c, axis) => sum + c * (moved[axis] ?? 0), 0)]);
    if (i % length === length - 1) visit(row);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      at[axis] = (at[axis] ?? 0) + 1;
      if ((at[axis] ?? 0) < (sizes[axis] ?? 1)) break;
      at[axis] = 0;
    }
  }
}

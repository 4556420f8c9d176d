/** Shapes by coordinates: every index is made from a full list of coordinates. */
import { at, type Call, operand, rule } from "./types.ts";

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Index of coordinates. */
export function indexAt(shape: readonly number[], coordinates: readonly number[]): number {
  return coordinates.reduce((index, c, axis) => index * at(shape, axis) + c, 0);
}

/** All coordinates of a shape, in index order. */
export function everywhere(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((head) => Array.from({ length: size }, (_, c) => [...head, c])),
    [[]],
  );
}

/** Two shapes broadcast together. @throws Refusal. */
export function together(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const left = [...ones(rank - a.length), ...a];
  const right = [...ones(rank - b.length), ...b];
  return left.map((size, axis) => {
    const other = at(right, axis);
    rule(size === other || size === 1 || other === 1, "AIVM_SHAPE");
    return Math.max(size, other);
  });
}

/** True when `from` broadcasts to `to`. */
export function broadcastsTo(from: readonly number[], to: readonly number[]): boolean {
  const skip = to.length - from.length;
  return skip >= 0 && from.every((size, axis) => size === 1 || size === to[axis + skip]);
}

/** Index of the element of `shape` that belongs to output coordinates. */
export function broadcastAt(shape: readonly number[], coordinates: readonly number[]): number {
  const tail = coordinates.slice(coordinates.length - shape.length);
  return indexAt(
    shape,
    tail.map((c, axis) => (shape[axis] === 1 ? 0 : c)),
  );
}

/** Same sizes. */
export function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Axis attribute `index` over operand 0. @throws Refusal. */
export function axisOf(call: Call, index: number): number {
  const { shape } = operand(call, 0);
  rule(shape.length > 0, "AIVM_SHAPE");
  const axis = at(call.attrs, index);
  rule(axis >= 0n && axis < BigInt(shape.length), "AIVM_ATTRIBUTE");
  return Number(axis);
}

/** `shape` with another size at an axis. */
export function withSize(shape: readonly number[], axis: number, size: number): number[] {
  return shape.map((old, i) => (i === axis ? size : old));
}

function ones(count: number): number[] {
  return new Array<number>(count).fill(1);
}

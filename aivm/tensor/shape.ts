/** Shapes: row-major index arithmetic. A shape has at most six dimensions, each at least 1; [] is a scalar. */
import { AivmError } from "../../common/errors.ts";

/** Highest rank of a tensor. */
export const MAX_RANK = 6;

/** Most elements of one tensor: 2^28, so that an element index and a byte offset are exact int32/uint32. */
export const MAX_ELEMENTS: number = 2 ** 28;

/** Number of elements of `shape`; 1 for a scalar. Exact while below 2^53. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Row-major strides in elements: the last one is 1. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** Coordinates of element `index` in row-major order. */
export function coordinatesOf(index: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length).fill(0);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    at[axis] = rest % size;
    rest = (rest - (rest % size)) / size;
  }
  return at;
}

/** True when both shapes have the same sizes. */
export function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[2,3]` as text for messages. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/**
 * Shape of two operands broadcast against each other, right-aligned, sizes equal or 1 (as NumPy and ONNX do).
 * @throws AIVM_SHAPE when two sizes differ and neither is 1.
 */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new AivmError("AIVM_SHAPE", {
        what: "broadcast",
        want: "sizes that are equal or 1, right-aligned",
        got: `${shapeText(a)} with ${shapeText(b)}`,
        remedy: "reshape or expand one operand",
      });
    }
    return left === 1 ? right : left;
  });
}

/**
 * Strides that read an operand of shape `from` as if it had shape `to`: 0 along broadcast axes. Same length as `to`.
 * @throws AIVM_SHAPE when `from` does not broadcast to `to`.
 */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const offset = to.length - from.length;
  if (offset < 0 || from.some((size, axis) => size !== 1 && size !== to[axis + offset])) {
    throw new AivmError("AIVM_SHAPE", {
      what: "broadcast",
      want: `a shape that broadcasts to ${shapeText(to)}`,
      got: shapeText(from),
      remedy: "reshape or expand the operand",
    });
  }
  return to.map((_, axis) =>
    axis < offset || from[axis - offset] === 1 ? 0 : (strides[axis - offset] ?? 0),
  );
}

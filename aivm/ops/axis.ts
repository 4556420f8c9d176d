/** Ops along one axis: elements of a tensor seen as [outer, size, inner]. */
import { elementCount } from "../tensor/shape.ts";
import { assertAttr, attrAt, type OpNode, operandAt, type ReadBound, shapeError } from "./op.ts";

/** A tensor as [outer, size, inner] around one axis. */
export interface AxisView {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Axis attribute `index` of a node over operand 0, checked. @throws AIVM_ATTRIBUTE, AIVM_SHAPE for a scalar. */
export function assertAxis(node: OpNode, index: number): number {
  const { shape } = operandAt(node, 0);
  if (shape.length === 0) throw shapeError("operand 0", "rank 1 or more", shape);
  assertAttr(node, index, { name: "axis", lo: 0, hi: shape.length - 1 });
  return attrAt(node.descriptor, index);
}

/** View of `shape` around `axis`. */
export function axisView(shape: readonly number[], axis: number): AxisView {
  return {
    outer: elementCount(shape.slice(0, axis)),
    size: shape[axis] ?? 1,
    inner: elementCount(shape.slice(axis + 1)),
  };
}

/** `shape` with size 1 at `axis`. */
export function reducedShape(shape: readonly number[], axis: number): number[] {
  return shape.map((size, i) => (i === axis ? 1 : size));
}

/** Index of the first element along the axis for element `element` of the reduced tensor; the others follow by `inner`. */
export function axisStart(element: number, view: AxisView): number {
  const inner = element % view.inner;
  return ((element - inner) / view.inner) * view.size * view.inner + inner;
}

/** What one element of a reduction reads. */
export function axisReads(view: AxisView): ReadBound {
  if (view.inner === 1) return { runs: 1, length: view.size, stride: 0 };
  return { runs: view.size, length: 1, stride: view.inner };
}

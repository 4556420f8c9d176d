/**
 * concat: operands one behind the other along an axis.
 *
 * - shape: equal sizes except along the axis, which adds up; one element type. range: passes all operands'.
 * - gas of an element: 1. reads: one element of one operand.
 */
import { equalShapes } from "../tensor/shape.ts";
import { type AxisView, assertAxis, axisView, reducedShape } from "./axis.ts";
import {
  assertDType,
  assertOutputDType,
  attrAt,
  type Op,
  operandAt,
  READ_NONE,
  READ_ONE,
  shapeError,
} from "./op.ts";

/** The op. */
export const concat: Op = {
  opcode: 12,
  name: "concat",
  operands: ["x..."],
  attributes: ["axis"],
  infer(node) {
    const axis = assertAxis(node, 0);
    const first = operandAt(node, 0);
    for (const [operand, type] of node.operands.entries()) {
      assertDType(node, operand, first.dtype);
      if (!equalShapes(reducedShape(type.shape, axis), reducedShape(first.shape, axis))) {
        throw shapeError(`operand ${operand}`, `operand 0's sizes except along axis ${axis}`, type.shape);
      }
    }
    assertOutputDType(node, first.dtype);
    const total = node.operands.reduce((sum, type) => sum + (type.shape[axis] ?? 1), 0);
    return first.shape.map((size, i) => (i === axis ? total : size));
  },
  passedRange: (node) => ({
    lo: Math.min(...node.operands.map((type) => type.lo)),
    hi: Math.max(...node.operands.map((type) => type.hi)),
  }),
  elementGas: () => 1,
  // Only one operand is read; the largest has the longest path.
  reads(node) {
    const sizes = node.operands.map((type) => type.shape.reduce((a, b) => a * b, 1));
    const largest = sizes.indexOf(Math.max(...sizes));
    return node.operands.map((_, operand) => (operand === largest ? READ_ONE : READ_NONE));
  },
  prepare(node) {
    const axis = attrAt(node.descriptor, 0);
    const whole = axisView(node.descriptor.output.shape, axis);
    const views = node.operands.map((type) => axisView(type.shape, axis));
    return (element, read) => {
      const inner = element % whole.inner;
      const row = (element - inner) / whole.inner;
      const along = row % whole.size;
      const outer = (row - along) / whole.size;
      const source = locate(views, along);
      return read(source.operand, (outer * source.size + source.at) * whole.inner + inner);
    };
  },
};

/** Which operand holds position `along` of the joined axis, and where. */
function locate(
  views: readonly AxisView[],
  along: number,
): { readonly operand: number; readonly at: number; readonly size: number } {
  let at = along;
  for (const [operand, { size }] of views.entries()) {
    if (at < size) return { operand, at, size };
    at -= size;
  }
  return { operand: 0, at: 0, size: views[0]?.size ?? 1 };
}

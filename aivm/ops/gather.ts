/**
 * gather: slices of x along an axis, chosen by indices (a constant or computed).
 *
 * - shape: x's with the axis replaced by the shape of the indices. range: passes x's.
 * - an index is clamped into [0, size - 1]. gas of an element: 1. reads: one index, then one element of x.
 */
import { clamp } from "../numeric/clamp.ts";
import { elementCount } from "../tensor/shape.ts";
import { assertAxis, axisView } from "./axis.ts";
import { assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const gather: Op = {
  opcode: 16,
  name: "gather",
  operands: ["x", "indices"],
  attributes: ["axis"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertDType(node, 1, "i8", "i16", "i32");
    const { shape, dtype } = operandAt(node, 0);
    assertOutputDType(node, dtype);
    return [...shape.slice(0, axis), ...operandAt(node, 1).shape, ...shape.slice(axis + 1)];
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const view = axisView(operandAt(node, 0).shape, attrAt(node.descriptor, 0));
    const count = elementCount(operandAt(node, 1).shape);
    return (element, read) => {
      const inner = element % view.inner;
      const row = (element - inner) / view.inner;
      const which = row % count;
      const outer = (row - which) / count;
      const at = clamp(read(1, which), 0, view.size - 1);
      return read(0, (outer * view.size + at) * view.inner + inner);
    };
  },
};

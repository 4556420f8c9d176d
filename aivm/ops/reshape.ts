/**
 * reshape: the same elements in the same order under another shape, the output's.
 *
 * - shape: as many elements. range: passes x's. gas of an element: 1. reads: one element.
 */
import { elementCount } from "../tensor/shape.ts";
import { assertOutputDType, type Op, operandAt, READ_ONE, shapeError } from "./op.ts";

/** The op. */
export const reshape: Op = {
  opcode: 10,
  name: "reshape",
  operands: ["x"],
  attributes: [],
  infer(node) {
    const x = operandAt(node, 0);
    const { shape } = node.descriptor.output;
    assertOutputDType(node, x.dtype);
    if (elementCount(shape) !== elementCount(x.shape)) {
      throw shapeError("output", `a shape of ${elementCount(x.shape)} elements`, shape);
    }
    return shape;
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare: () => (element, read) => read(0, element),
};

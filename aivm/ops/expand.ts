/**
 * expand: x repeated along axes where it has size 1, to the output's shape.
 *
 * - shape: x's must broadcast to the output's. range: passes x's. gas of an element: 1. reads: one element.
 */
import { broadcastStrides } from "../tensor/shape.ts";
import { broadcastIndex } from "./broadcast.ts";
import { assertOutputDType, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const expand: Op = {
  opcode: 15,
  name: "expand",
  operands: ["x"],
  attributes: [],
  infer(node) {
    const { shape, dtype } = operandAt(node, 0);
    assertOutputDType(node, dtype);
    broadcastStrides(shape, node.descriptor.output.shape);
    return node.descriptor.output.shape;
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const index = broadcastIndex(node, 0);
    return (element, read) => read(0, index(element));
  },
};

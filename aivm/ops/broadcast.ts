/** Elementwise ops over operands that broadcast to the output's shape. */
import { broadcastShape, broadcastStrides } from "../tensor/shape.ts";
import { mapIndex } from "./indexing.ts";
import { type OpNode, operandAt } from "./op.ts";

/** Shape of all operands of a node broadcast together. @throws AIVM_SHAPE. */
export function broadcastOperands(node: OpNode): readonly number[] {
  return node.operands.map((type) => type.shape).reduce((a, b) => broadcastShape(a, b), []);
}

/** Element of operand `operand` that output element `element` reads. */
export function broadcastIndex(node: OpNode, operand: number): (element: number) => number {
  const { shape } = node.descriptor.output;
  const map = { shape, strides: broadcastStrides(operandAt(node, operand).shape, shape), base: 0 };
  return (element) => mapIndex(element, map);
}

/**
 * maxReduce: largest element along an axis.
 *
 * - shape: x's with size 1 at the axis. range: passes x's. gas of an element: size + 1.
 * - reads: all elements along the axis.
 */
import { assertAxis, axisReads, axisStart, axisView, reducedShape } from "./axis.ts";
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt } from "./op.ts";

/** The op. */
export const maxReduce: Op = {
  opcode: 18,
  name: "maxReduce",
  operands: ["x"],
  attributes: ["axis"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertDType(node, 0, "i8", "i16", "i32");
    assertOutputDType(node, operandAt(node, 0).dtype);
    return reducedShape(operandAt(node, 0).shape, axis);
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: (node) => viewOf(node).size + 1,
  reads: (node) => [axisReads(viewOf(node))],
  prepare(node) {
    const view = viewOf(node);
    return (element, read) => {
      const start = axisStart(element, view);
      let largest = read(0, start);
      for (let i = 1; i < view.size; i++) largest = Math.max(largest, read(0, start + i * view.inner));
      return largest;
    };
  },
};

function viewOf(node: OpNode): ReturnType<typeof axisView> {
  return axisView(operandAt(node, 0).shape, attrAt(node.descriptor, 0));
}

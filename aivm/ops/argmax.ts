/**
 * argmax: index of the largest element along an axis, the lowest one on a tie.
 *
 * - shape: x's with size 1 at the axis; i32. range: [0, size - 1]. gas of an element: size + 1.
 * - reads: all elements along the axis.
 */
import { assertAxis, axisReads, axisStart, axisView, reducedShape } from "./axis.ts";
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt } from "./op.ts";

/** The op. */
export const argmax: Op = {
  opcode: 17,
  name: "argmax",
  operands: ["x"],
  attributes: ["axis"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertDType(node, 0, "i8", "i16", "i32");
    assertOutputDType(node, "i32");
    return reducedShape(operandAt(node, 0).shape, axis);
  },
  passedRange: (node) => ({ lo: 0, hi: viewOf(node).size - 1 }),
  elementGas: (node) => viewOf(node).size + 1,
  reads: (node) => [axisReads(viewOf(node))],
  prepare(node) {
    const view = viewOf(node);
    return (element, read) => {
      const start = axisStart(element, view);
      let best = 0;
      let largest = read(0, start);
      for (let i = 1; i < view.size; i++) {
        const value = read(0, start + i * view.inner);
        if (value > largest) {
          largest = value;
          best = i;
        }
      }
      return best;
    };
  },
};

function viewOf(node: OpNode): ReturnType<typeof axisView> {
  return axisView(operandAt(node, 0).shape, attrAt(node.descriptor, 0));
}

/**
 * sumReduce: scaled sum along an axis; with the divisor in the multiplier it is the mean.
 *
 * - shape: x's with size 1 at the axis. arithmetic: requantise(sum of (x - zeroX)). range: the output's clamp.
 * - bound: size x max |x - zeroX|. gas of an element: size + 1. reads: all elements along the axis.
 */
import { requantize } from "../numeric/requant.ts";
import { assertAxis, axisReads, axisStart, axisView, reducedShape } from "./axis.ts";
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, boundWith, maxAbsFrom, requantOfAttrs } from "./requantAttrs.ts";

/** The op. */
export const sumReduce: Op = {
  opcode: 19,
  name: "sumReduce",
  operands: ["x"],
  attributes: ["axis", "zeroX", "multiplier", "shift", "zero"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertDType(node, 0, "i8", "i16", "i32");
    assertZeroAttr(node, 1, "zeroX");
    assertRequantAttrs(node, 2);
    assertOutputDType(node, "i8", "i16", "i32");
    return reducedShape(operandAt(node, 0).shape, axis);
  },
  bound(node) {
    const { descriptor } = node;
    const largest = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 1));
    return boundWith(BigInt(viewOf(node).size) * BigInt(largest), attrAt(descriptor, 2));
  },
  elementGas: (node) => viewOf(node).size + 1,
  reads: (node) => [axisReads(viewOf(node))],
  prepare(node) {
    const view = viewOf(node);
    const zeroX = attrAt(node.descriptor, 1);
    const requant = requantOfAttrs(node, 2);
    return (element, read) => {
      const start = axisStart(element, view);
      let acc = 0;
      for (let i = 0; i < view.size; i++) acc += read(0, start + i * view.inner) - zeroX;
      return requantize(acc, requant);
    };
  },
};

function viewOf(node: OpNode): ReturnType<typeof axisView> {
  return axisView(operandAt(node, 0).shape, attrAt(node.descriptor, 0));
}

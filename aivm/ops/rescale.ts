/**
 * rescale: another scale, zero point, range or element type; with a tighter range it is relu and clip.
 *
 * - arithmetic: requantise(x - zeroX). range: the output's clamp. gas of an element: 1. reads: one element.
 */
import { requantize } from "../numeric/requant.ts";
import { assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, boundWith, maxAbsFrom, requantOfAttrs } from "./requantAttrs.ts";

/** The op. */
export const rescale: Op = {
  opcode: 8,
  name: "rescale",
  operands: ["x"],
  attributes: ["zeroX", "multiplier", "shift", "zero"],
  infer(node) {
    assertDType(node, 0, "i8", "i16", "i32");
    assertZeroAttr(node, 0, "zeroX");
    assertRequantAttrs(node, 1);
    assertOutputDType(node, "i8", "i16", "i32");
    return operandAt(node, 0).shape;
  },
  bound(node) {
    const { descriptor } = node;
    const largest = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 0));
    return boundWith(BigInt(largest), attrAt(descriptor, 1));
  },
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const zeroX = attrAt(node.descriptor, 0);
    const requant = requantOfAttrs(node, 1);
    return (element, read) => requantize(read(0, element) - zeroX, requant);
  },
};

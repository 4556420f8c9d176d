/**
 * mul: product of two operands, broadcast.
 *
 * - arithmetic: requantise((a - zeroA) x (b - zeroB)). range: the output's clamp. Bound: the largest product, which
 *   must stay below 2^42 also where an operand is i32.
 * - gas of an element: 1. reads: one element of each operand.
 */
import { requantizeProduct } from "../numeric/requant.ts";
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import { assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, boundWith, maxAbsFrom, requantOfAttrs } from "./requantAttrs.ts";

/** The op. */
export const mul: Op = {
  opcode: 7,
  name: "mul",
  operands: ["a", "b"],
  attributes: ["zeroA", "zeroB", "multiplier", "shift", "zero"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertZeroAttr(node, 0, "zeroA");
    assertZeroAttr(node, 1, "zeroB");
    assertRequantAttrs(node, 2);
    assertOutputDType(node, "i8", "i16", "i32");
    return broadcastOperands(node);
  },
  bound(node) {
    const { descriptor } = node;
    const a = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 0));
    const b = maxAbsFrom(operandAt(node, 1), attrAt(descriptor, 1));
    return boundWith(BigInt(a) * BigInt(b), attrAt(descriptor, 2));
  },
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const { descriptor } = node;
    const zeroA = attrAt(descriptor, 0);
    const zeroB = attrAt(descriptor, 1);
    const requant = requantOfAttrs(node, 2);
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) =>
      requantizeProduct(read(0, indexA(element)) - zeroA, read(1, indexB(element)) - zeroB, requant);
  },
};

/**
 * div: quotient of two operands, broadcast.
 *
 * - arithmetic: clamp(zero + round((a - zeroA) x multiplier / ((b - zeroB) x 2^shift))); a shift below 0 lifts the
 *   dividend. rounding: 0 half to even, 1 toward zero, 2 toward minus infinity.
 * - a divisor of 0 gives the output's hi, lo or (0 / 0) zero, by the dividend's sign: what the quotient tends to.
 * - range: the output's clamp. Bound: twice the dividend, and the divisor, at most 2^53.
 * - gas of an element: 1. reads: one element of each operand.
 */
import { type DivisionRounding, divide } from "../numeric/divide.ts";
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import { assertDivisionAttrs, divisionBound, divisionOfAttrs } from "./divisionAttrs.ts";
import { assertAttr, assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";
import { assertZeroAttr, maxAbsFrom } from "./requantAttrs.ts";

/** The op. */
export const div: Op = {
  opcode: 22,
  name: "div",
  operands: ["a", "b"],
  attributes: ["zeroA", "zeroB", "multiplier", "shift", "zero", "rounding"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertZeroAttr(node, 0, "zeroA");
    assertZeroAttr(node, 1, "zeroB");
    assertDivisionAttrs(node, 2);
    assertAttr(node, 5, { name: "rounding", lo: 0, hi: 2 });
    assertOutputDType(node, "i8", "i16", "i32");
    return broadcastOperands(node);
  },
  bound(node) {
    const { descriptor } = node;
    return divisionBound(node, 2, {
      dividend: BigInt(maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 0))),
      divisor: BigInt(maxAbsFrom(operandAt(node, 1), attrAt(descriptor, 1))),
    });
  },
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const { descriptor } = node;
    const zeroA = attrAt(descriptor, 0);
    const zeroB = attrAt(descriptor, 1);
    const by = divisionOfAttrs(node, 2, attrAt(descriptor, 5) as DivisionRounding);
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) => divide(read(0, indexA(element)) - zeroA, read(1, indexB(element)) - zeroB, by);
  },
};

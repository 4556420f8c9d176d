/**
 * where: a where the condition is not 0, else b; broadcast.
 *
 * - a, b and the output have one element type. range: passes a's and b's. gas of an element: 1.
 * - reads: one element of the condition, then one of a or of b.
 */
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import { assertDType, assertOutputDType, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const where: Op = {
  opcode: 20,
  name: "where",
  operands: ["condition", "a", "b"],
  attributes: [],
  infer(node) {
    const { dtype } = operandAt(node, 1);
    assertDType(node, 0, "i8", "i16", "i32");
    assertDType(node, 2, dtype);
    assertOutputDType(node, dtype);
    return broadcastOperands(node);
  },
  passedRange(node) {
    const a = operandAt(node, 1);
    const b = operandAt(node, 2);
    return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
  },
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE, READ_ONE],
  prepare(node) {
    const [condition, a, b] = [0, 1, 2].map((operand) => broadcastIndex(node, operand));
    return (element, read) => {
      const chosen = read(0, condition?.(element) ?? 0) !== 0 ? 1 : 2;
      return read(chosen, (chosen === 1 ? a : b)?.(element) ?? 0);
    };
  },
};

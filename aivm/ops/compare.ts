/**
 * compare: i8 1 where a relation holds between raw integers, else 0; broadcast. The compiler brings both operands to
 * one scale first.
 *
 * - relation: 0 a = b, 1 a < b, 2 a <= b. range: [0, 1]. gas of an element: 1. reads: one element of each operand.
 */
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import { assertAttr, assertDType, assertOutputDType, attrAt, type Op, READ_ONE } from "./op.ts";

/** The op. */
export const compare: Op = {
  opcode: 21,
  name: "compare",
  operands: ["a", "b"],
  attributes: ["relation"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertAttr(node, 0, { name: "relation", lo: 0, hi: 2 });
    assertOutputDType(node, "i8");
    return broadcastOperands(node);
  },
  passedRange: () => ({ lo: 0, hi: 1 }),
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const relation = attrAt(node.descriptor, 0);
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) => {
      const a = read(0, indexA(element));
      const b = read(1, indexB(element));
      return (relation === 0 ? a === b : relation === 1 ? a < b : a <= b) ? 1 : 0;
    };
  },
};

/**
 * mod: remainder of raw integers, broadcast. The compiler brings both operands to one scale first.
 *
 * - sign: 0 the remainder has the divisor's sign (a - b x floor(a / b)), 1 the dividend's (a - b x trunc(a / b)).
 * - a divisor of 0 gives 0, the only remainder that every range below has.
 * - range: what a remainder can be, inside the output's. gas of an element: 1. reads: one element of each operand.
 */
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import {
  assertAttr,
  assertDType,
  assertOutputDType,
  attrAt,
  maxAbs,
  type Op,
  operandAt,
  READ_ONE,
} from "./op.ts";

/** The op. */
export const mod: Op = {
  opcode: 23,
  name: "mod",
  operands: ["a", "b"],
  attributes: ["sign"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertAttr(node, 0, { name: "sign", lo: 0, hi: 1 });
    assertOutputDType(node, "i8", "i16", "i32");
    return broadcastOperands(node);
  },
  passedRange: (node) =>
    remainderRange(operandAt(node, 0), operandAt(node, 1), attrAt(node.descriptor, 0) === 1),
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const ofDividend = attrAt(node.descriptor, 0) === 1;
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) => {
      const a = read(0, indexA(element));
      const b = read(1, indexB(element));
      if (b === 0) return 0;
      // |a| and |b| are below 2^32: the quotient's integer part is exact in f64, and so is the product.
      const quotient = ofDividend ? Math.trunc(a / b) : Math.floor(a / b);
      return a - b * quotient;
    };
  },
};

/** Values in a range. */
interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** Values that a remainder can have: below the largest divisor, and no further from 0 than a dividend of its sign. */
export function remainderRange(a: Interval, b: Interval, ofDividend: boolean): Interval {
  if (ofDividend) {
    const most = Math.max(0, maxAbs(b) - 1);
    return { lo: Math.min(0, Math.max(-most, a.lo)), hi: Math.max(0, Math.min(most, a.hi)) };
  }
  const range = { lo: Math.min(0, b.lo + 1), hi: Math.max(0, b.hi - 1) };
  // A dividend of the divisor's sign only shrinks.
  if (a.lo >= 0 && b.lo >= 0) return { lo: 0, hi: Math.min(range.hi, a.hi) };
  if (a.hi <= 0 && b.hi <= 0) return { lo: Math.max(range.lo, a.lo), hi: 0 };
  return range;
}

/**
 * add: two operands brought to one scale and added, broadcast.
 *
 * - arithmetic: clamp(zero + RNE((a x multiplierA + b x multiplierB + offset) / 2^shift)); |multiplier| < 2^21 of
 *   either sign, so that it subtracts too; offset carries the zero points.
 * - exact for any i32 operands: the sum stays below 2^53. gas of an element: 1. reads: one element of each operand.
 */
import { clamp } from "../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT, roundShift } from "../numeric/requant.ts";
import { DTYPE_RANGE } from "../tensor/tensor.ts";
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
import { assertZeroAttr } from "./requantAttrs.ts";

/** The op. */
export const add: Op = {
  opcode: 6,
  name: "add",
  operands: ["a", "b"],
  attributes: ["multiplierA", "multiplierB", "offset", "shift", "zero"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertAttr(node, 0, { name: "multiplierA", lo: -MAX_MULTIPLIER, hi: MAX_MULTIPLIER });
    assertAttr(node, 1, { name: "multiplierB", lo: -MAX_MULTIPLIER, hi: MAX_MULTIPLIER });
    assertAttr(node, 2, { name: "offset", ...DTYPE_RANGE.i32 });
    assertAttr(node, 3, { name: "shift", lo: 0, hi: MAX_SHIFT });
    assertZeroAttr(node, 4, "zero");
    assertOutputDType(node, "i8", "i16", "i32");
    return broadcastOperands(node);
  },
  bound(node) {
    const a = BigInt(maxAbs(operandAt(node, 0)));
    const b = BigInt(maxAbs(operandAt(node, 1)));
    const [multiplierA, multiplierB, offset] = [0, 1, 2].map((index) =>
      BigInt(Math.abs(attrAt(node.descriptor, index))),
    );
    const product = a * (multiplierA ?? 0n) + b * (multiplierB ?? 0n) + (offset ?? 0n);
    return { accumulator: a > b ? a : b, product };
  },
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const { descriptor } = node;
    const { lo, hi } = descriptor.output;
    const [multiplierA = 0, multiplierB = 0, offset = 0, shift = 0, zero = 0] = descriptor.attrs;
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) => {
      const sum = read(0, indexA(element)) * multiplierA + read(1, indexB(element)) * multiplierB + offset;
      return clamp(zero + roundShift(sum, shift), lo, hi);
    };
  },
};

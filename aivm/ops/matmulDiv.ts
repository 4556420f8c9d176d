/**
 * matmulDiv: matmul whose rows are divided by a number each, once per output: the end of a softmax, with a the
 * exponentials as they are and d their sums. a [...,M,K], b [...,N,K], d i32 [...,M,1] -> [...,M,N].
 *
 * - arithmetic: clamp(zero + RNE(acc x multiplier / (d x 2^shift))), acc = sum over k of (a - zeroA) x (b - zeroB);
 *   a shift below 0 lifts the dividend. A divisor of 0 gives the output's hi, lo or (0 / 0) zero, by acc's sign.
 * - range: the output's clamp. Bound: K x max |a - zeroA| x max |b - zeroB|; twice the dividend, and the divisor, at
 *   most 2^53.
 * - gas of an element: K MACs + 1. reads: one row of a, one row of b, one element of d.
 */
import { divide } from "../numeric/divide.ts";
import { broadcastShape, equalShapes, shapeText } from "../tensor/shape.ts";
import { broadcastIndex } from "./broadcast.ts";
import { assertDivisionAttrs, divisionBound, divisionOfAttrs } from "./divisionAttrs.ts";
import { lengthOf, productShape, rowMap } from "./matmul.ts";
import {
  assertDType,
  assertOutputDType,
  attrAt,
  maxAbs,
  type Op,
  operandAt,
  READ_ONE,
  shapeError,
} from "./op.ts";
import { assertZeroAttr, maxAbsFrom } from "./requantAttrs.ts";

/** The op. */
export const matmulDiv: Op = {
  opcode: 25,
  name: "matmulDiv",
  operands: ["a", "b", "d"],
  attributes: ["zeroA", "zeroB", "multiplier", "shift", "zero"],
  infer(node) {
    assertDType(node, 0, "i8", "i16");
    assertDType(node, 1, "i8", "i16");
    assertDType(node, 2, "i32");
    assertZeroAttr(node, 0, "zeroA");
    assertZeroAttr(node, 1, "zeroB");
    assertDivisionAttrs(node, 2);
    assertOutputDType(node, "i8", "i16", "i32");
    const shape = productShape(node);
    const d = operandAt(node, 2).shape;
    const fits = d.at(-1) === 1 && equalShapes(broadcastShape(d, shape), shape);
    if (!fits)
      throw shapeError("operand 2", `a shape that broadcasts to ${shapeText([...shape.slice(0, -1), 1])}`, d);
    return shape;
  },
  bound(node) {
    const { descriptor } = node;
    const a = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 0));
    const b = maxAbsFrom(operandAt(node, 1), attrAt(descriptor, 1));
    const dividend = BigInt(lengthOf(node)) * BigInt(a) * BigInt(b);
    return divisionBound(node, 2, { dividend, divisor: BigInt(maxAbs(operandAt(node, 2))) });
  },
  elementGas: (node) => lengthOf(node) + 1,
  reads(node) {
    const row = { runs: 1, length: lengthOf(node), stride: 0 };
    return [row, row, READ_ONE];
  },
  prepare(node) {
    const { descriptor } = node;
    const length = lengthOf(node);
    const zeroA = attrAt(descriptor, 0);
    const zeroB = attrAt(descriptor, 1);
    const by = divisionOfAttrs(node, 2);
    const rowOfA = rowMap(node, 0);
    const rowOfB = rowMap(node, 1);
    const divisorOf = broadcastIndex(node, 2);
    return (element, read) => {
      const a = rowOfA(element) * length;
      const b = rowOfB(element) * length;
      let acc = 0;
      for (let k = 0; k < length; k++) acc += (read(0, a + k) - zeroA) * (read(1, b + k) - zeroB);
      return divide(acc, read(2, divisorOf(element)), by);
    };
  },
};

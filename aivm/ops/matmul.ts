/**
 * matmul: a [...,M,K] times b [...,N,K], both activations -> [...,M,N]. Rows of b are the columns of the product, so
 * that both operands of an element are contiguous; a transpose before it makes them so. Leading dimensions broadcast.
 *
 * - arithmetic: requantise(sum over k of (a - zeroA) x (b - zeroB)).
 * - range: the output's clamp. Bound: K x max |a - zeroA| x max |b - zeroB|.
 * - gas of an element: K MACs + 1.
 * - reads: one row of a, one row of b.
 */
import { requantize } from "../numeric/requant.ts";
import { broadcastShape, broadcastStrides } from "../tensor/shape.ts";
import { mapIndex } from "./indexing.ts";
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt, shapeError } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, boundWith, maxAbsFrom, requantOfAttrs } from "./requantAttrs.ts";

/** The op. */
export const matmul: Op = {
  opcode: 3,
  name: "matmul",
  operands: ["a", "b"],
  attributes: ["zeroA", "zeroB", "multiplier", "shift", "zero"],
  infer(node) {
    assertDType(node, 0, "i8", "i16");
    assertDType(node, 1, "i8", "i16");
    assertZeroAttr(node, 0, "zeroA");
    assertZeroAttr(node, 1, "zeroB");
    assertRequantAttrs(node, 2);
    assertOutputDType(node, "i8", "i16", "i32");
    return productShape(node);
  },
  bound(node) {
    const { descriptor } = node;
    const a = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, 0));
    const b = maxAbsFrom(operandAt(node, 1), attrAt(descriptor, 1));
    return boundWith(BigInt(lengthOf(node)) * BigInt(a) * BigInt(b), attrAt(descriptor, 2));
  },
  elementGas: (node) => lengthOf(node) + 1,
  reads(node) {
    const row = { runs: 1, length: lengthOf(node), stride: 0 };
    return [row, row];
  },
  prepare(node) {
    const { descriptor } = node;
    const length = lengthOf(node);
    const zeroA = attrAt(descriptor, 0);
    const zeroB = attrAt(descriptor, 1);
    const requant = requantOfAttrs(node, 2);
    const rowOfA = rowMap(node, 0);
    const rowOfB = rowMap(node, 1);
    return (element, read) => {
      const a = rowOfA(element) * length;
      const b = rowOfB(element) * length;
      let acc = 0;
      for (let k = 0; k < length; k++) acc += (read(0, a + k) - zeroA) * (read(1, b + k) - zeroB);
      return requantize(acc, requant);
    };
  },
};

/** Shape of the product of operands 0 and 1. @throws AIVM_SHAPE. */
export function productShape(node: OpNode): number[] {
  const a = operandAt(node, 0).shape;
  const b = operandAt(node, 1).shape;
  if (a.length < 2) throw shapeError("operand 0", "rank 2 or more", a);
  if (b.length < 2 || a.at(-1) !== b.at(-1)) throw shapeError("operand 1", `[...,N,${a.at(-1)}]`, b);
  return [...broadcastShape(a.slice(0, -2), b.slice(0, -2)), a.at(-2) ?? 1, b.at(-2) ?? 1];
}

/** K: elements of a row. */
export function lengthOf(node: OpNode): number {
  return operandAt(node, 0).shape.at(-1) ?? 1;
}

/** Number of the row of an operand that an output element takes: a by all but the last axis, b by all but M. */
export function rowMap(node: OpNode, operand: 0 | 1): (element: number) => number {
  const { shape } = node.descriptor.output;
  const rows = operandAt(node, operand).shape.slice(0, -1);
  const rowAxis = operand === 0 ? shape.slice(0, -1) : [...shape.slice(0, -2), shape.at(-1) ?? 1];
  const strides = broadcastStrides(rows, rowAxis);
  const last = strides.at(-1) ?? 0;
  const full = operand === 0 ? [...strides, 0] : [...strides.slice(0, -1), 0, last];
  const map = { shape, strides: full, base: 0 };
  return (element) => mapIndex(element, map);
}

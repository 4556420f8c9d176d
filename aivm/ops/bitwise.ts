/**
 * bitwise: and, or, xor of raw two's-complement integers, broadcast. The narrower operand is sign-extended.
 *
 * - kind: 0 and, 1 or, 2 xor. dtype: the wider operand's. gas of an element: 1. reads: one element of each operand.
 * - range: passes what the bits of the operands' ranges can give.
 */
import { DTYPE_BYTES, type TensorType } from "../tensor/tensor.ts";
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import { assertAttr, assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const bitwise: Op = {
  opcode: 30,
  name: "bitwise",
  operands: ["a", "b"],
  attributes: ["kind"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertAttr(node, 0, { name: "kind", lo: 0, hi: 2 });
    const [a, b] = [operandAt(node, 0).dtype, operandAt(node, 1).dtype];
    assertOutputDType(node, DTYPE_BYTES[a] > DTYPE_BYTES[b] ? a : b);
    return broadcastOperands(node);
  },
  passedRange: (node) =>
    rangeOfBits(attrAt(node.descriptor, 0), { a: operandAt(node, 0), b: operandAt(node, 1) }),
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const kind = attrAt(node.descriptor, 0);
    const indexA = broadcastIndex(node, 0);
    const indexB = broadcastIndex(node, 1);
    return (element, read) => {
      const a = read(0, indexA(element));
      const b = read(1, indexB(element));
      return kind === 0 ? a & b : kind === 1 ? a | b : a ^ b;
    };
  },
};

type Interval = Pick<TensorType, "lo" | "hi">;

/** Range of `kind` over operands in their ranges: none of the three sets a bit that no operand has. */
function rangeOfBits(
  kind: number,
  { a, b }: { readonly a: Interval; readonly b: Interval },
): { readonly lo: number; readonly hi: number } {
  // 2^bits - 1, all ones below: every value of both ranges lies in [-2^bits, 2^bits - 1].
  let ones = 0;
  while (ones < Math.max(a.hi, b.hi) || -1 - ones > Math.min(a.lo, b.lo)) ones = 2 * ones + 1;
  const positive = [a, b].filter((type) => type.lo >= 0).map((type) => type.hi);
  if (kind === 0 && positive.length > 0) return { lo: 0, hi: Math.min(...positive) };
  return { lo: positive.length === 2 ? 0 : -1 - ones, hi: ones };
}

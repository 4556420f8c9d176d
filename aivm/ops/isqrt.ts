/**
 * isqrt: integer square root, for norms and standard deviations.
 *
 * - arithmetic: requantise(r), r = the nearest integer to the square root of (x - zeroX) x 2^lift. A negative argument
 *   counts as 0. A root is never halfway between integers.
 * - range: the output's clamp. Bound: the argument, and root x multiplier, at most 2^53.
 * - gas of an element: 1. reads: one element.
 */
import { isqrtBig, isqrt as nearestRoot } from "../numeric/isqrt.ts";
import { powerOfTwo, requantize } from "../numeric/requant.ts";
import { assertAttr, assertDType, assertOutputDType, attrAt, type Op, operandAt, READ_ONE } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, requantOfAttrs } from "./requantAttrs.ts";

/** Most binary places that the argument is lifted by. */
export const MAX_ROOT_LIFT = 52;

/** The op. */
export const isqrt: Op = {
  opcode: 24,
  name: "isqrt",
  operands: ["x"],
  attributes: ["zeroX", "lift", "multiplier", "shift", "zero"],
  infer(node) {
    assertDType(node, 0, "i8", "i16", "i32");
    assertZeroAttr(node, 0, "zeroX");
    assertAttr(node, 1, { name: "lift", lo: 0, hi: MAX_ROOT_LIFT });
    assertRequantAttrs(node, 2);
    assertOutputDType(node, "i8", "i16", "i32");
    return operandAt(node, 0).shape;
  },
  bound(node) {
    const { descriptor } = node;
    const largest = Math.max(0, operandAt(node, 0).hi - attrAt(descriptor, 0));
    const argument = BigInt(largest) << BigInt(attrAt(descriptor, 1));
    const root = isqrtBig(argument);
    const product = root * BigInt(attrAt(descriptor, 2));
    return { accumulator: root, product: product > argument ? product : argument };
  },
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const { descriptor } = node;
    const zeroX = attrAt(descriptor, 0);
    const lift = attrAt(descriptor, 1);
    const requant = requantOfAttrs(node, 2);
    return (element, read) => {
      const x = Math.max(0, read(0, element) - zeroX);
      const argument = x * powerOfTwo(lift);
      const root =
        argument <= Number.MAX_SAFE_INTEGER
          ? nearestRoot(argument)
          : Number(isqrtBig(BigInt(x) << BigInt(lift)));
      return requantize(root, requant);
    };
  },
};

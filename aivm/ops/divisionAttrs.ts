/** Parameters of a rounded division as attributes, and the bound of what it divides. */
import { type Division, type DivisionRounding, MAX_LIFT } from "../numeric/divide.ts";
import { MAX_MULTIPLIER, MAX_SHIFT } from "../numeric/requant.ts";
import { type ArithmeticBound, assertAttr, attrAt, type OpNode } from "./op.ts";
import { assertZeroAttr } from "./requantAttrs.ts";

/** Checks the three attributes multiplier, shift (of either sign), zero that start at `first`. @throws AIVM_ATTRIBUTE. */
export function assertDivisionAttrs(node: OpNode, first: number): void {
  assertAttr(node, first, { name: "multiplier", lo: 0, hi: MAX_MULTIPLIER });
  assertAttr(node, first + 1, { name: "shift", lo: -MAX_LIFT, hi: MAX_SHIFT });
  assertZeroAttr(node, first + 2, "zero");
}

/** Division of the attributes multiplier, shift, zero at `first`, clamped to the output's range. */
export function divisionOfAttrs(node: OpNode, first: number, rounding: DivisionRounding = 0): Division {
  const { descriptor } = node;
  const { lo, hi } = descriptor.output;
  return {
    multiplier: attrAt(descriptor, first),
    shift: attrAt(descriptor, first + 1),
    zero: attrAt(descriptor, first + 2),
    rounding,
    lo,
    hi,
  };
}

/**
 * Bound of a division whose attributes multiplier and shift start at `first`. Its product is the larger of twice the
 * dividend and the divisor: with both at most 2^53, the quotient in f64 rounds as the exact one does, because the
 * dividend (at most 2^52) can not come closer to a tie than f64 can tell without being one.
 */
export function divisionBound(
  node: OpNode,
  first: number,
  of: { readonly dividend: bigint; readonly divisor: bigint },
): ArithmeticBound {
  const shift = attrAt(node.descriptor, first + 1);
  const multiplier = BigInt(attrAt(node.descriptor, first));
  const twice = (2n * of.dividend * multiplier) << BigInt(Math.max(0, -shift));
  const divisor = of.divisor << BigInt(Math.max(0, shift));
  return {
    accumulator: of.dividend > of.divisor ? of.dividend : of.divisor,
    product: twice > divisor ? twice : divisor,
  };
}

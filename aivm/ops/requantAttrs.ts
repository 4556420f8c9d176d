/** Requantisation parameters as attributes and as constant operands, and the bound of what they multiply. */
import { clamp } from "../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT, type Requant } from "../numeric/requant.ts";
import { DTYPE_RANGE, type TensorType } from "../tensor/tensor.ts";
import {
  type ArithmeticBound,
  assertAttr,
  attrAt,
  type ConstantOperands,
  maxAbs,
  type OpNode,
  operandAt,
  rowSumsOf,
} from "./op.ts";

/** Checks the three attributes multiplier, shift, zero that start at `first`. @throws AIVM_ATTRIBUTE. */
export function assertRequantAttrs(node: OpNode, first: number): void {
  assertAttr(node, first, { name: "multiplier", lo: 0, hi: MAX_MULTIPLIER });
  assertAttr(node, first + 1, { name: "shift", lo: 0, hi: MAX_SHIFT });
  assertZeroAttr(node, first + 2, "zero");
}

/** Checks a zero point: any i16. @throws AIVM_ATTRIBUTE. */
export function assertZeroAttr(node: OpNode, index: number, name: string): void {
  assertAttr(node, index, { name, ...DTYPE_RANGE.i16 });
}

/** Requantisation of the attributes multiplier, shift, zero at `first`, clamped to the output's range. */
export function requantOfAttrs(node: OpNode, first: number): Requant {
  const { descriptor } = node;
  const { lo, hi } = descriptor.output;
  return {
    multiplier: attrAt(descriptor, first),
    shift: attrAt(descriptor, first + 1),
    zero: attrAt(descriptor, first + 2),
    lo,
    hi,
  };
}

/** Bound of an accumulator that a constant multiplier in an attribute multiplies. */
export function boundWith(accumulator: bigint, multiplier: number): ArithmeticBound {
  return { accumulator, product: accumulator * BigInt(Math.abs(multiplier)) };
}

/** Largest |x - zero| over a type's range. */
export function maxAbsFrom(type: TensorType, zero: number): number {
  return maxAbs({ lo: type.lo - zero, hi: type.hi - zero });
}

/**
 * Bound of a dot product per output channel with operands x, w [channels][length], bias, multiplier (0..3): the
 * largest over the channels of sum |w| x `xMaxAbs` + |bias|. Without the constants, their types' ranges stand in.
 */
export function channelBound(
  node: OpNode,
  constants: ConstantOperands,
  dot: { readonly length: number; readonly channels: number; readonly xMaxAbs: number },
): ArithmeticBound {
  const [, weights, bias, multiplier] = constants;
  const sums = weights === undefined ? undefined : (weights.rowSums?.() ?? rowSumsOf(weights));
  const anySum = dot.length * maxAbs(operandAt(node, 1));
  const anyOffset = maxAbs(operandAt(node, 2));
  const anyFactor = operandAt(node, 3).hi;
  const largest = { accumulator: 0n, product: 0n };
  // What no constant distinguishes is the same for every channel.
  const channels = sums === undefined && bias === undefined && multiplier === undefined ? 1 : dot.channels;
  let accumulator = 0;
  let product = 0;
  for (let channel = 0; channel < channels; channel++) {
    const sum = sums === undefined ? anySum : (sums[channel] ?? 0);
    const offset = bias === undefined ? anyOffset : Math.abs(bias.data[channel] ?? 0);
    const given = multiplier === undefined ? anyFactor : (multiplier.data[channel] ?? 0);
    const factor = clamp(given, 0, MAX_MULTIPLIER);
    // Rounding is monotone: what f64 puts below 2^53 is exact. At most 2^59 x 2^21 in principle.
    const magnitude = sum * dot.xMaxAbs + offset;
    const scaled = magnitude * factor;
    if (scaled < EXACT) {
      if (magnitude > accumulator) accumulator = magnitude;
      if (scaled > product) product = scaled;
      // A factor of 0 says nothing about the magnitude.
      if (magnitude < EXACT) continue;
    }
    const exact = BigInt(sum) * BigInt(dot.xMaxAbs) + BigInt(offset);
    widen(largest, { accumulator: exact, product: exact * BigInt(factor) });
  }
  widen(largest, { accumulator: BigInt(accumulator), product: BigInt(product) });
  return largest;
}

const EXACT = 2 ** 53;

function widen(to: { accumulator: bigint; product: bigint }, by: ArithmeticBound): void {
  if (by.accumulator > to.accumulator) to.accumulator = by.accumulator;
  if (by.product > to.product) to.product = by.product;
}

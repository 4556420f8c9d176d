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
  let accumulator = 0n;
  let product = 0n;
  for (let channel = 0; channel < dot.channels; channel++) {
    let sum = 0;
    if (weights === undefined) sum = dot.length * maxAbs(operandAt(node, 1));
    else {
      const start = channel * dot.length;
      for (let i = start; i < start + dot.length; i++) sum += Math.abs(weights.data[i] ?? 0);
    }
    const offset = bias === undefined ? maxAbs(operandAt(node, 2)) : Math.abs(bias.data[channel] ?? 0);
    const factor = multiplier === undefined ? operandAt(node, 3).hi : (multiplier.data[channel] ?? 0);
    // At most 2^28 x 2^15 x 2^17 in principle: bigint where it could leave 2^53.
    const magnitude = BigInt(sum) * BigInt(dot.xMaxAbs) + BigInt(offset);
    const scaled = magnitude * BigInt(clamp(factor, 0, MAX_MULTIPLIER));
    if (magnitude > accumulator) accumulator = magnitude;
    if (scaled > product) product = scaled;
  }
  return { accumulator, product };
}

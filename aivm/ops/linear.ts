/**
 * linear: x [...,K] times w [N,K], bias i32, multiplier i32 and shift i8, each [N] -> [...,N].
 *
 * - arithmetic: requantise(bias[n] + sum over k of x[...,k] x w[n,k]) with the channel's multiplier and shift.
 * - range: the output's clamp. Bound: sum |w[n]| x max |x| + |bias[n]|, per channel.
 * - gas of an element: K MACs + 1.
 * - reads: one row of x, one row of w, one element each of bias, multiplier and shift.
 */
import { requantize } from "../numeric/requant.ts";
import {
  assertDType,
  assertOutputDType,
  assertRank,
  assertShape,
  attrAt,
  maxAbs,
  type Op,
  type OpNode,
  operandAt,
  READ_ONE,
  shapeError,
} from "./op.ts";
import { assertZeroAttr, channelBound } from "./requantAttrs.ts";

/** The op. */
export const linear: Op = {
  opcode: 2,
  name: "linear",
  operands: ["x", "w", "bias", "multiplier", "shift"],
  attributes: ["zero"],
  infer(node) {
    assertDType(node, 0, "i8", "i16");
    assertDType(node, 1, "i8", "i16");
    assertDType(node, 2, "i32");
    assertDType(node, 3, "i32");
    assertDType(node, 4, "i8");
    assertRank(node, 1, 2);
    const { shape } = operandAt(node, 0);
    const { channels, length } = linearSizes(node);
    if (shape.length === 0 || shape.at(-1) !== length)
      throw shapeError("operand 0", `[...,${length}]`, shape);
    for (const operand of [2, 3, 4]) assertShape(node, operand, [channels]);
    assertZeroAttr(node, 0, "zero");
    assertOutputDType(node, "i8", "i16", "i32");
    return [...shape.slice(0, -1), channels];
  },
  bound(node, constants) {
    return channelBound(node, constants, { ...linearSizes(node), xMaxAbs: maxAbs(operandAt(node, 0)) });
  },
  boundSteps: (node) => linearSizes(node).channels,
  elementGas: (node) => linearSizes(node).length + 1,
  reads(node) {
    const row = { runs: 1, length: linearSizes(node).length, stride: 0 };
    return [row, row, READ_ONE, READ_ONE, READ_ONE];
  },
  prepare(node) {
    const { channels, length } = linearSizes(node);
    const { lo, hi } = node.descriptor.output;
    const zero = attrAt(node.descriptor, 0);
    return (element, read) => {
      const channel = element % channels;
      const xRow = ((element - channel) / channels) * length;
      const wRow = channel * length;
      let acc = read(2, channel);
      for (let k = 0; k < length; k++) acc += read(0, xRow + k) * read(1, wRow + k);
      return requantize(acc, { multiplier: read(3, channel), shift: read(4, channel), zero, lo, hi });
    };
  },
};

function linearSizes(node: OpNode): { readonly channels: number; readonly length: number } {
  const [channels = 1, length = 1] = operandAt(node, 1).shape;
  return { channels, length };
}

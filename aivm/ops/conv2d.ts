/**
 * conv2d: grouped, dilated, strided convolution. x [N,H,W,C], w [Cout,kh,kw,C/groups], bias i32, multiplier i32 and
 * shift i8, each [Cout] -> [N,OH,OW,Cout].
 *
 * - shape: OH = floor((H + padTop + padBottom - (kh-1) x dilationH - 1) / strideH) + 1, OW alike.
 * - arithmetic: requantise(bias[o] + sum of x x w[o]) with the channel's multiplier and shift; a padded position
 *   counts as padValue, the zero point of x, whose share the compiler has folded into bias.
 * - range: the output's clamp. Bound: sum |w[o]| x max(|x|, |padValue|) + |bias[o]|, per channel.
 * - gas of an element: kh x kw x C/groups MACs + 1.
 * - reads: the window's C/groups channels of x, the row of w, one element each of bias, multiplier and shift.
 */
import { requantize } from "../numeric/requant.ts";
import {
  assertAttr,
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
import {
  forEachPosition,
  type Window,
  windowGeometry,
  windowOf,
  windowPosition,
  windowReads,
} from "./window.ts";

const GROUPS = 8;
const PAD_VALUE = 9;
const ZERO = 10;

/** Attributes of conv2d by position, and its window. Also used by the engines. */
export interface ConvGeometry {
  readonly window: Window;
  readonly groups: number;
  /** Channels of x that one output channel sees. */
  readonly groupSize: number;
  readonly outChannels: number;
  readonly padValue: number;
  readonly zero: number;
  /** MACs of one output element. */
  readonly length: number;
}

/** Geometry of a validated conv2d node. */
export function convGeometry(node: OpNode): ConvGeometry {
  const window = windowGeometry(node, windowAttrs(node));
  const groups = attrAt(node.descriptor, GROUPS);
  const groupSize = window.channels / groups;
  return {
    window,
    groups,
    groupSize,
    outChannels: operandAt(node, 1).shape[0] ?? 1,
    padValue: attrAt(node.descriptor, PAD_VALUE),
    zero: attrAt(node.descriptor, ZERO),
    length: window.kernelH * window.kernelW * groupSize,
  };
}

/** The op. */
export const conv2d: Op = {
  opcode: 1,
  name: "conv2d",
  operands: ["x", "w", "bias", "multiplier", "shift"],
  attributes: [
    "strideH",
    "strideW",
    "padTop",
    "padLeft",
    "padBottom",
    "padRight",
    "dilationH",
    "dilationW",
    "groups",
    "padValue",
    "zero",
  ],
  infer: inferConv,
  bound(node, constants) {
    const { length, outChannels, padValue } = convGeometry(node);
    const xMaxAbs = Math.max(maxAbs(operandAt(node, 0)), Math.abs(padValue));
    return channelBound(node, constants, { length, channels: outChannels, xMaxAbs });
  },
  boundSteps: (node) => convGeometry(node).outChannels,
  elementGas: (node) => convGeometry(node).length + 1,
  reads(node) {
    const { window, groupSize, length } = convGeometry(node);
    return [windowReads(window, groupSize), { runs: 1, length, stride: 0 }, READ_ONE, READ_ONE, READ_ONE];
  },
  prepare(node) {
    const { window, groups, groupSize, outChannels, padValue, zero, length } = convGeometry(node);
    const { lo, hi } = node.descriptor.output;
    return (element, read) => {
      const at = windowPosition(element, window, outChannels);
      const firstChannel = Math.floor(at.channel / (outChannels / groups)) * groupSize;
      let acc = read(2, at.channel);
      forEachPosition(window, at, (base, position) => {
        const row = at.channel * length + position * groupSize;
        for (let c = 0; c < groupSize; c++) {
          acc += (base < 0 ? padValue : read(0, base + firstChannel + c)) * read(1, row + c);
        }
      });
      return requantize(acc, { multiplier: read(3, at.channel), shift: read(4, at.channel), zero, lo, hi });
    };
  },
};

function windowAttrs(node: OpNode): { kernelH: number; kernelW: number; stride: number; dilation: number } {
  const [, kernelH = 1, kernelW = 1] = operandAt(node, 1).shape;
  return { kernelH, kernelW, stride: 0, dilation: 6 };
}

function inferConv(node: OpNode): readonly number[] {
  assertDType(node, 0, "i8", "i16");
  assertDType(node, 1, "i8", "i16");
  assertDType(node, 2, "i32");
  assertDType(node, 3, "i32");
  assertDType(node, 4, "i8");
  assertRank(node, 1, 4);
  const window = windowOf(node, windowAttrs(node));
  const [outChannels = 1, , , groupSize = 1] = operandAt(node, 1).shape;
  assertAttr(node, GROUPS, { name: "groups", lo: 1, hi: window.channels });
  assertAttr(node, PAD_VALUE, { name: "padValue", lo: operandAt(node, 0).lo, hi: operandAt(node, 0).hi });
  assertZeroAttr(node, ZERO, "zero");
  const groups = attrAt(node.descriptor, GROUPS);
  if (groups * groupSize !== window.channels || outChannels % groups !== 0) {
    const want = `[Cout,kh,kw,${window.channels}/groups] with Cout a multiple of groups ${groups}`;
    throw shapeError("weights", want, operandAt(node, 1).shape);
  }
  for (const operand of [2, 3, 4]) assertShape(node, operand, [outChannels]);
  assertOutputDType(node, "i8", "i16", "i32");
  return [window.batch, window.outHeight, window.outWidth, outChannels];
}

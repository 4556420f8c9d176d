/**
 * avgPool2d: scaled sum of each window of each channel; with the kernel as large as the input it is the global
 * average. x [N,H,W,C] -> [N,OH,OW,C].
 *
 * - shape: as conv2d's. arithmetic: requantise(sum over the window of (x - zeroX)): the divisor is in the multiplier;
 *   padded positions add nothing, that is, they count as real zeros.
 * - range: the output's clamp. Bound: kernelH x kernelW x max |x - zeroX|.
 * - gas of an element: kernelH x kernelW + 1. reads: the window's positions of one channel.
 */
import { requantize } from "../numeric/requant.ts";
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt } from "./op.ts";
import { assertRequantAttrs, assertZeroAttr, boundWith, maxAbsFrom, requantOfAttrs } from "./requantAttrs.ts";
import {
  assertKernel,
  forEachPosition,
  type WindowAttrs,
  windowGeometry,
  windowOf,
  windowPosition,
  windowReads,
} from "./window.ts";

const ZERO_X = 8;
const MULTIPLIER = 9;

/** The op. */
export const avgPool2d: Op = {
  opcode: 5,
  name: "avgPool2d",
  operands: ["x"],
  attributes: [
    "kernelH",
    "kernelW",
    "strideH",
    "strideW",
    "padTop",
    "padLeft",
    "padBottom",
    "padRight",
    "zeroX",
    "multiplier",
    "shift",
    "zero",
  ],
  infer(node) {
    assertDType(node, 0, "i8", "i16");
    assertKernel(node, 0);
    assertZeroAttr(node, ZERO_X, "zeroX");
    assertRequantAttrs(node, MULTIPLIER);
    assertOutputDType(node, "i8", "i16", "i32");
    const window = windowOf(node, avgPoolAttrs(node));
    return [window.batch, window.outHeight, window.outWidth, window.channels];
  },
  bound(node) {
    const { descriptor } = node;
    const area = BigInt(attrAt(descriptor, 0)) * BigInt(attrAt(descriptor, 1));
    const largest = maxAbsFrom(operandAt(node, 0), attrAt(descriptor, ZERO_X));
    return boundWith(area * BigInt(largest), attrAt(descriptor, MULTIPLIER));
  },
  elementGas: (node) => attrAt(node.descriptor, 0) * attrAt(node.descriptor, 1) + 1,
  reads: (node) => [windowReads(windowGeometry(node, avgPoolAttrs(node)), 1)],
  prepare(node) {
    const window = windowGeometry(node, avgPoolAttrs(node));
    const zeroX = attrAt(node.descriptor, ZERO_X);
    const requant = requantOfAttrs(node, MULTIPLIER);
    return (element, read) => {
      const at = windowPosition(element, window, window.channels);
      let acc = 0;
      forEachPosition(window, at, (base) => {
        if (base >= 0) acc += read(0, base + at.channel) - zeroX;
      });
      return requantize(acc, requant);
    };
  },
};

/** Where avgPool2d keeps its window. */
export function avgPoolAttrs(node: OpNode): WindowAttrs {
  const { descriptor } = node;
  return { kernelH: attrAt(descriptor, 0), kernelW: attrAt(descriptor, 1), stride: 2 };
}

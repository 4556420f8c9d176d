/**
 * maxPool2d: largest value of each window of each channel. x [N,H,W,C] -> [N,OH,OW,C].
 *
 * - shape: as conv2d's. Padded positions are ignored; a window of nothing but padding gives the output's lo.
 * - range: passes x's range. gas of an element: kernelH x kernelW + 1. reads: the window's positions of one channel.
 */
import { assertDType, assertOutputDType, attrAt, type Op, type OpNode, operandAt } from "./op.ts";
import {
  assertKernel,
  forEachPosition,
  type WindowAttrs,
  windowGeometry,
  windowOf,
  windowPosition,
  windowReads,
} from "./window.ts";

/** The op. */
export const maxPool2d: Op = {
  opcode: 4,
  name: "maxPool2d",
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
    "dilationH",
    "dilationW",
  ],
  infer(node) {
    assertDType(node, 0, "i8", "i16", "i32");
    assertKernel(node, 0);
    const window = windowOf(node, maxPoolAttrs(node));
    assertOutputDType(node, operandAt(node, 0).dtype);
    return [window.batch, window.outHeight, window.outWidth, window.channels];
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: (node) => attrAt(node.descriptor, 0) * attrAt(node.descriptor, 1) + 1,
  reads: (node) => [windowReads(windowGeometry(node, maxPoolAttrs(node)), 1)],
  prepare(node) {
    const window = windowGeometry(node, maxPoolAttrs(node));
    const { lo } = node.descriptor.output;
    return (element, read) => {
      const at = windowPosition(element, window, window.channels);
      let best = lo;
      forEachPosition(window, at, (base) => {
        if (base >= 0) best = Math.max(best, read(0, base + at.channel));
      });
      return best;
    };
  },
};

/** Where maxPool2d keeps its window. */
export function maxPoolAttrs(node: OpNode): WindowAttrs {
  const { descriptor } = node;
  return { kernelH: attrAt(descriptor, 0), kernelW: attrAt(descriptor, 1), stride: 2, dilation: 8 };
}

/** Sliding windows over [N,H,W,C]: the geometry that convolution and pooling share. */
import { assertAttr, assertRank, attrAt, type OpNode, operandAt, type ReadBound, shapeError } from "./op.ts";

/** Largest kernel size, stride, dilation or padding. */
const MAX_WINDOW = 16_384;

/** Sizes of a windowed op: input, output and window along both axes. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationH: number;
  readonly dilationW: number;
}

/** Where a windowed op keeps its numbers: index of strideH (strideW, then four pads follow) and of dilationH, if any. */
export interface WindowAttrs {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly stride: number;
  readonly dilation?: number;
}

/**
 * Window of a node over its operand 0. @throws AIVM_SHAPE (rank, window larger than the padded input),
 * AIVM_ATTRIBUTE.
 */
export function windowOf(node: OpNode, at: WindowAttrs): Window {
  assertRank(node, 0, 4);
  for (const [offset, name] of [
    "strideH",
    "strideW",
    "padTop",
    "padLeft",
    "padBottom",
    "padRight",
  ].entries()) {
    assertAttr(node, at.stride + offset, { name, lo: offset < 2 ? 1 : 0, hi: MAX_WINDOW });
  }
  if (at.dilation !== undefined) {
    assertAttr(node, at.dilation, { name: "dilationH", lo: 1, hi: MAX_WINDOW });
    assertAttr(node, at.dilation + 1, { name: "dilationW", lo: 1, hi: MAX_WINDOW });
  }
  const window = windowGeometry(node, at);
  if (window.outHeight < 1 || window.outWidth < 1) {
    throw shapeError(
      "window",
      "an input at least as large as the window, padding included",
      operandAt(node, 0).shape,
    );
  }
  return window;
}

/** The same without the checks: for nodes that have passed validation. */
export function windowGeometry(node: OpNode, at: WindowAttrs): Window {
  const { descriptor } = node;
  const [batch = 1, height = 1, width = 1, channels = 1] = operandAt(node, 0).shape;
  const attr = (index: number): number => attrAt(descriptor, at.stride + index);
  const [strideH, strideW, padTop, padLeft, padBottom, padRight] = [0, 1, 2, 3, 4, 5].map(attr) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const dilationH = at.dilation === undefined ? 1 : attrAt(descriptor, at.dilation);
  const dilationW = at.dilation === undefined ? 1 : attrAt(descriptor, at.dilation + 1);
  const { kernelH, kernelW } = at;
  const outHeight = Math.floor((height + padTop + padBottom - (kernelH - 1) * dilationH - 1) / strideH) + 1;
  const outWidth = Math.floor((width + padLeft + padRight - (kernelW - 1) * dilationW - 1) / strideW) + 1;
  const sizes = { batch, height, width, channels, outHeight, outWidth, kernelH, kernelW };
  return { ...sizes, strideH, strideW, padTop, padLeft, dilationH, dilationW };
}

/** Checks the kernel attributes at `index` and `index + 1`. @throws AIVM_ATTRIBUTE. */
export function assertKernel(node: OpNode, index: number): void {
  assertAttr(node, index, { name: "kernelH", lo: 1, hi: MAX_WINDOW });
  assertAttr(node, index + 1, { name: "kernelW", lo: 1, hi: MAX_WINDOW });
}

/** Output element of a windowed op as coordinates; `channel` of `channels` output channels. */
export function windowPosition(
  element: number,
  window: Window,
  channels: number,
): { readonly n: number; readonly top: number; readonly left: number; readonly channel: number } {
  const channel = element % channels;
  const pixel = (element - channel) / channels;
  const x = pixel % window.outWidth;
  const row = (pixel - x) / window.outWidth;
  const y = row % window.outHeight;
  const n = (row - y) / window.outHeight;
  return { n, top: y * window.strideH - window.padTop, left: x * window.strideW - window.padLeft, channel };
}

/**
 * Calls `visit` for every position of a window, row by row, with the element index of its channel 0, or -1 where the
 * position is padding, and its number in the window.
 */
export function forEachPosition(
  window: Window,
  at: { readonly n: number; readonly top: number; readonly left: number },
  visit: (base: number, position: number) => void,
): void {
  for (let i = 0; i < window.kernelH; i++) {
    const y = at.top + i * window.dilationH;
    for (let j = 0; j < window.kernelW; j++) {
      const x = at.left + j * window.dilationW;
      const inside = y >= 0 && y < window.height && x >= 0 && x < window.width;
      const base = inside ? ((at.n * window.height + y) * window.width + x) * window.channels : -1;
      visit(base, i * window.kernelW + j);
    }
  }
}

/** What a window reads when it takes `length` neighbouring channels at each position. */
export function windowReads(window: Window, length: number): ReadBound {
  const { kernelH, kernelW, channels, width, dilationH, dilationW } = window;
  const rowSpan = (kernelW - 1) * dilationW * channels + length;
  const rowStride = dilationH * width * channels;
  // Near neighbours share chunks: count a row as one run when it spans less than its positions could touch apart.
  const elements = kernelH * kernelW * length;
  if (rowSpan <= kernelW * 256) return { runs: kernelH, length: rowSpan, stride: rowStride, elements };
  return { runs: kernelH * kernelW, length, stride: 0 };
}

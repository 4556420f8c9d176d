/** The window of conv2d and the pools (docs/spec/ops/README.md). */
import { at, attr, type Call, operand, type Reads, rule } from "./types.ts";

/** Sizes of a window over x [N, H, W, C]. */
export interface Window {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly kh: number;
  readonly kw: number;
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly oh: number;
  readonly ow: number;
}

/** Where the attributes lie: the first of strideH .. padRight, and dilationH (-1: none). */
export interface WindowAt {
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly dilation: number;
}

const MOST = 16384;

/** Window of a call. @throws Refusal. */
export function windowAt(call: Call, where: WindowAt): Window {
  const { shape } = operand(call, 0);
  rule(shape.length === 4, "AIVM_SHAPE");
  const between = (index: number, least: number): number => {
    const value = attr(call, index);
    rule(value >= least && value <= MOST, "AIVM_ATTRIBUTE");
    return value;
  };
  const strideH = between(where.stride, 1);
  const strideW = between(where.stride + 1, 1);
  const [top, left, bottom, right] = [2, 3, 4, 5].map((i) => between(where.stride + i, 0));
  const dilationH = where.dilation < 0 ? 1 : between(where.dilation, 1);
  const dilationW = where.dilation < 0 ? 1 : between(where.dilation + 1, 1);
  const [n, h, w, c] = [0, 1, 2, 3].map((axis) => at(shape, axis)) as [number, number, number, number];
  const [kh, kw] = where.kernel;
  const oh = positions(h + (top ?? 0) + (bottom ?? 0), (kh - 1) * dilationH + 1, strideH);
  const ow = positions(w + (left ?? 0) + (right ?? 0), (kw - 1) * dilationW + 1, strideW);
  rule(oh >= 1 && ow >= 1, "AIVM_SHAPE");
  const before: [number, number] = [top ?? 0, left ?? 0];
  return {
    n,
    h,
    w,
    c,
    kh,
    kw,
    strides: [strideH, strideW],
    before,
    dilations: [dilationH, dilationW],
    oh,
    ow,
  };
}

/** How often an extent fits, step by step: counted, not divided. */
function positions(room: number, extent: number, stride: number): number {
  let count = 0;
  for (let start = 0; start + extent <= room; start += stride) count++;
  return count;
}

/** Index of pixel (n, y, x), channel 0, of a position of an output pixel; undefined in padding. */
export function pixelAt(
  window: Window,
  pixel: readonly [number, number, number],
  position: readonly [number, number],
): number | undefined {
  const [n, oy, ox] = pixel;
  const y = oy * window.strides[0] - window.before[0] + position[0] * window.dilations[0];
  const x = ox * window.strides[1] - window.before[1] + position[1] * window.dilations[1];
  if (y < 0 || x < 0 || y >= window.h || x >= window.w) return undefined;
  return ((n * window.h + y) * window.w + x) * window.c;
}

/** Reads of x when `channels` neighbours are read at each position. */
export function windowReads(window: Window, channels: number): Reads {
  const span = (window.kw - 1) * window.dilations[1] * window.c + channels;
  const elements = window.kh * window.kw * channels;
  if (span <= 256 * window.kw) return [window.kh, span, window.dilations[0] * window.w * window.c, elements];
  return [window.kh * window.kw, channels, 0];
}

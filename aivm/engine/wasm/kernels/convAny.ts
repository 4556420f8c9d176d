/** Convolutions whose weights are not constants (AssemblyScript): any step, one product at a time, sums in 64 bits. */
import {
  CONV_BIAS,
  CONV_C,
  CONV_COUT,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_GROUPS,
  CONV_H,
  CONV_HI,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  CONV_LO,
  CONV_MULTIPLIER,
  CONV_N,
  CONV_OH,
  CONV_OW,
  CONV_PAD_LEFT,
  CONV_PAD_TOP,
  CONV_PAD_VALUE,
  CONV_SHIFT,
  CONV_STRIDE_H,
  CONV_STRIDE_W,
  CONV_W,
  CONV_WIDTH,
  CONV_X,
  CONV_Y,
  CONV_ZERO,
} from "./convWords";
import { powerOfHalf } from "./denseFinish";
import { loadElement, refAddress, refDtype, shareOf, storeElement, word } from "./step";

/** This thread's share of the output pixels. */
export function convAny(step: usize, thread: i32, threads: i32): void {
  const outHeight = word(step, CONV_OH);
  const outWidth = word(step, CONV_OW);
  const pixels = word(step, CONV_N) * outHeight * outWidth;
  const end = shareOf(pixels, thread + 1, threads);
  for (let pixel = shareOf(pixels, thread, threads); pixel < end; pixel++) {
    const row = pixel / outWidth;
    convPixel(step, pixel, row / outHeight, row % outHeight, pixel % outWidth);
  }
}

/** All channels of output pixel (n, oy, ox). */
function convPixel(step: usize, pixel: i32, n: i32, oy: i32, ox: i32): void {
  const channels = word(step, CONV_COUT);
  const groupOut = channels / word(step, CONV_GROUPS);
  const y = refAddress(step, CONV_Y);
  const bias = refAddress(step, CONV_BIAS);
  const low = <f64>word(step, CONV_LO) - <f64>word(step, CONV_ZERO);
  const high = <f64>word(step, CONV_HI) - <f64>word(step, CONV_ZERO);
  for (let channel = 0; channel < channels; channel++) {
    const sum = <f64>load<i32>(bias + (<usize>channel << 2)) + <f64>windowSum(step, n, oy, ox, channel, channel / groupOut);
    const value = nearest(min(max(sum * factorOf(step, channel), low), high));
    storeElement(y, refDtype(step, CONV_Y), pixel * channels + channel, <i32>(value + <f64>word(step, CONV_ZERO)));
  }
}

/** multiplier / 2^shift of a channel, both clamped into their ranges. */
function factorOf(step: usize, channel: i32): f64 {
  const multiplier = load<i32>(refAddress(step, CONV_MULTIPLIER) + (<usize>channel << 2));
  const shift = <i32>load<i8>(refAddress(step, CONV_SHIFT) + <usize>channel);
  return <f64>min(max(multiplier, 0), (1 << 21) - 1) * powerOfHalf(min(max(shift, 0), 62));
}

/** Sum of products of one output element. */
function windowSum(step: usize, n: i32, oy: i32, ox: i32, channel: i32, group: i32): i64 {
  const kernelH = word(step, CONV_KERNEL_H);
  const kernelW = word(step, CONV_KERNEL_W);
  const channels = word(step, CONV_C);
  const length = channels / word(step, CONV_GROUPS);
  const height = word(step, CONV_H);
  const width = word(step, CONV_WIDTH);
  let sum: i64 = 0;
  for (let i = 0; i < kernelH; i++) {
    const row = oy * word(step, CONV_STRIDE_H) - word(step, CONV_PAD_TOP) + i * word(step, CONV_DILATION_H);
    for (let j = 0; j < kernelW; j++) {
      const column = ox * word(step, CONV_STRIDE_W) - word(step, CONV_PAD_LEFT) + j * word(step, CONV_DILATION_W);
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      const from = inside ? ((n * height + row) * width + column) * channels + group * length : -1;
      sum += positionSum(step, from, ((channel * kernelH + i) * kernelW + j) * length, length);
    }
  }
  return sum;
}

/** Sum over the channels of one position: x from element `from` (-1: padValue), w from element `weight`. */
function positionSum(step: usize, from: i32, weight: i32, length: i32): i64 {
  const x = refAddress(step, CONV_X);
  const xDtype = refDtype(step, CONV_X);
  const w = refAddress(step, CONV_W);
  const wDtype = refDtype(step, CONV_W);
  const pad = word(step, CONV_PAD_VALUE);
  let sum: i64 = 0;
  for (let c = 0; c < length; c++) {
    const value = from < 0 ? pad : loadElement(x, xDtype, from + c);
    sum += <i64>value * <i64>loadElement(w, wDtype, weight + c);
  }
  return sum;
}

/** Bringing x into tiles of i16 (AssemblyScript): runs, bands with their border, unfolded windows. */
import {
  CONV_C,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_GROUPS,
  CONV_H,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  CONV_PAD_LEFT,
  CONV_PAD_TOP,
  CONV_PAD_VALUE,
  CONV_STRIDE_H,
  CONV_STRIDE_W,
  CONV_WIDTH,
} from "./convWords";
import { word } from "./step";

/** Copies `count` neighbouring elements, i8 (dtype 0) or i16 (dtype 1), to i16. */
export function widen(from: usize, dtype: i32, to: usize, count: i32): void {
  if (dtype == 1) {
    memory.copy(to, from, <usize>count << 1);
    return;
  }
  let i = 0;
  for (; i + 16 <= count; i += 16, from += 16, to += 32) {
    v128.store(to, v128.load8x8_s(from));
    v128.store(to, v128.load8x8_s(from, 8), 16);
  }
  for (; i + 8 <= count; i += 8, from += 8, to += 16) v128.store(to, v128.load8x8_s(from));
  for (; i < count; i++, from++, to += 2) store<i16>(to, load<i8>(from));
}

/** Sets `count` i16 elements. */
export function fillRun(to: usize, value: i32, count: i32): void {
  const v = i16x8.splat(<i16>value);
  let i = 0;
  for (; i + 8 <= count; i += 8, to += 16) v128.store(to, v);
  for (; i < count; i++, to += 2) store<i16>(to, <i16>value);
}

/**
 * The band of x that output pixels need: dst i16 [rows][columns][C], its corner at (top, left) of image x [H][W][C];
 * positions outside the image hold padValue.
 */
export function loadBand(
  step: usize,
  x: usize,
  dtype: i32,
  top: i32,
  left: i32,
  rows: i32,
  columns: i32,
  dst: usize,
): void {
  const height = word(step, CONV_H);
  const width = word(step, CONV_WIDTH);
  const channels = word(step, CONV_C);
  const pad = word(step, CONV_PAD_VALUE);
  const before = min(max(-left, 0), columns);
  const after = min(max(left + columns - width, 0), columns - before);
  const inside = columns - before - after;
  const rowBytes = <usize>(columns * channels) << 1;
  for (let r = 0; r < rows; r++, dst += rowBytes) {
    const y = top + r;
    if (y < 0 || y >= height || inside == 0) {
      fillRun(dst, pad, columns * channels);
      continue;
    }
    fillRun(dst, pad, before * channels);
    const from = x + (<usize>((y * width + left + before) * channels) << dtype);
    const to = dst + (<usize>(before * channels) << 1);
    widen(from, dtype, to, inside * channels);
    fillRun(to + (<usize>(inside * channels) << 1), pad, after * channels);
  }
}

/** loadBand for the 8 channels of a panel: dst i16 [rows][columns][8]; channels beyond C are anything. */
export function loadPanel(
  step: usize,
  x: usize,
  dtype: i32,
  top: i32,
  left: i32,
  rows: i32,
  columns: i32,
  panel: i32,
  dst: usize,
): void {
  const height = word(step, CONV_H);
  const width = word(step, CONV_WIDTH);
  const channels = word(step, CONV_C);
  const pad = word(step, CONV_PAD_VALUE);
  const before = min(max(-left, 0), columns);
  const after = min(max(left + columns - width, 0), columns - before);
  const inside = columns - before - after;
  const lanes = min(8, channels - (panel << 3));
  for (let r = 0; r < rows; r++, dst += <usize>columns << 4) {
    const y = top + r;
    if (y < 0 || y >= height || inside == 0) {
      fillRun(dst, pad, columns << 3);
      continue;
    }
    fillRun(dst, pad, before << 3);
    const at = (y * width + left + before) * channels + (panel << 3);
    gatherPixels(x + (<usize>at << dtype), dtype, channels, lanes, inside, dst + (<usize>before << 4));
    fillRun(dst + (<usize>(before + inside) << 4), pad, after << 3);
  }
}

/** `lanes` <= 8 channels of `count` pixels, `channels` elements apart, as i16 [count][8]. */
function gatherPixels(from: usize, dtype: i32, channels: i32, lanes: i32, count: i32, to: usize): void {
  const step = <usize>channels << dtype;
  const end = to + (<usize>count << 4);
  if (lanes < 8) {
    for (; to < end; to += 16, from += step) widen(from, dtype, to, lanes);
  } else if (dtype == 0) {
    for (; to < end; to += 16, from += step) v128.store(to, v128.load8x8_s(from));
  } else {
    for (; to < end; to += 16, from += step) v128.store(to, v128.load(from));
  }
}

/** The window of one output pixel and one group as a row: dst i16 [kernelH x kernelW x C/groups], padded with 0 to an even length. */
export function unfoldWindow(
  step: usize,
  x: usize,
  dtype: i32,
  group: i32,
  oy: i32,
  ox: i32,
  dst: usize,
): void {
  const height = word(step, CONV_H);
  const width = word(step, CONV_WIDTH);
  const channels = word(step, CONV_C);
  const length = channels / word(step, CONV_GROUPS);
  const kernelH = word(step, CONV_KERNEL_H);
  const kernelW = word(step, CONV_KERNEL_W);
  const top = oy * word(step, CONV_STRIDE_H) - word(step, CONV_PAD_TOP);
  const left = ox * word(step, CONV_STRIDE_W) - word(step, CONV_PAD_LEFT);
  for (let i = 0; i < kernelH; i++) {
    const y = top + i * word(step, CONV_DILATION_H);
    for (let j = 0; j < kernelW; j++, dst += <usize>length << 1) {
      const column = left + j * word(step, CONV_DILATION_W);
      if (y < 0 || y >= height || column < 0 || column >= width) {
        fillRun(dst, word(step, CONV_PAD_VALUE), length);
        continue;
      }
      const at = (y * width + column) * channels + group * length;
      widen(x + (<usize>at << dtype), dtype, dst, length);
    }
  }
  if (((kernelH * kernelW * length) & 1) != 0) store<i16>(dst, 0);
}

/**
 * Depthwise convolutions (AssemblyScript): every channel with weights of its own, a panel of 8 channels at a time. Two
 * rows of x are interleaved, so that a lane's dot product is one channel's; weights are i16
 * [column][pair of rows][8 channels][2].
 */
import {
  CONV_COUT,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  CONV_PAD_LEFT,
  CONV_PAD_TOP,
  CONV_STRIDE_H,
  CONV_STRIDE_W,
  CONV_X,
  PACKED_ACC_AT,
  PACKED_BIAS_AT,
  PACKED_FACTOR_AT,
  PACKED_PANEL_BYTES,
  PACKED_TILE_AT,
  PACKED_WEIGHTS_AT,
} from "./convWords";
import { row3x3, row3x3By2 } from "./depthwise3x3";
import { refDtype, scratch, word } from "./step";
import { finishRun } from "./tiles";
import { loadPanel } from "./unfold";

/** Output pixels rows x width from (oy, ox) of the image at `x`, by panels [panelFrom, panelTo). */
export function depthwiseTile(
  step: usize,
  packed: usize,
  x: usize,
  oy: i32,
  ox: i32,
  rows: i32,
  width: i32,
  panelFrom: i32,
  panelTo: i32,
): void {
  const tile = scratch + <usize>load<i32>(packed, PACKED_TILE_AT * 4);
  const panelBytes = <usize>load<i32>(packed, PACKED_PANEL_BYTES * 4);
  const top = oy * word(step, CONV_STRIDE_H) - word(step, CONV_PAD_TOP);
  const left = ox * word(step, CONV_STRIDE_W) - word(step, CONV_PAD_LEFT);
  const bandRows = (rows - 1) * word(step, CONV_STRIDE_H) + (word(step, CONV_KERNEL_H) - 1) * word(step, CONV_DILATION_H) + 1;
  const columns = (width - 1) * word(step, CONV_STRIDE_W) + (word(step, CONV_KERNEL_W) - 1) * word(step, CONV_DILATION_W) + 1;
  for (let panel = panelFrom; panel < panelTo; panel++) {
    const place = <usize>panel;
    loadPanel(step, x, refDtype(step, CONV_X), top, left, bandRows, columns, panel, tile);
    const w = packed + <usize>load<i32>(packed, PACKED_WEIGHTS_AT * 4) + place * panelBytes;
    const bias = packed + <usize>load<i32>(packed, PACKED_BIAS_AT * 4) + (place << 5);
    const factor = packed + <usize>load<i32>(packed, PACKED_FACTOR_AT * 4) + (place << 6);
    panelRows(step, packed, tile, rows, width, <usize>columns << 4, w, bias, factor, panel << 3);
  }
}

/** Sums and their finish, row by row; `band`: i16 [row][column][8], its rows `rowBytes` long. */
function panelRows(
  step: usize,
  packed: usize,
  band: usize,
  rows: i32,
  width: i32,
  rowBytes: usize,
  w: usize,
  bias: usize,
  factor: usize,
  channel: i32,
): void {
  const acc = scratch + <usize>load<i32>(packed, PACKED_ACC_AT * 4);
  const lanes = min(8, word(step, CONV_COUT) - channel);
  const lineBytes = rowBytes * <usize>word(step, CONV_DILATION_H);
  const rowStep = rowBytes * <usize>word(step, CONV_STRIDE_H);
  const strideW = word(step, CONV_STRIDE_W);
  const three = word(step, CONV_KERNEL_H) == 3 && word(step, CONV_KERNEL_W) == 3;
  const near = three && word(step, CONV_DILATION_W) == 1 && strideW <= 2;
  for (let row = 0; row < rows; row++, band += rowStep) {
    if (!near) anySums(step, width, band, w, bias, acc, lineBytes);
    else if (strideW == 1) {
      row3x3(width, band, lineBytes, w, bias, acc);
      if (lanes > 4) row3x3(width, band + 8, lineBytes, w + 16, bias + 16, acc + 16);
    } else {
      row3x3By2(width, band, lineBytes, w, bias, acc);
      if (lanes > 4) row3x3By2(width, band + 8, lineBytes, w + 16, bias + 16, acc + 16);
    }
    finishRun(acc, false, lanes, factor, channel, row);
  }
}

/** Sums of a row of any windows, one pixel of 8 channels after the other. */
function anySums(step: usize, pixels: i32, x: usize, w: usize, bias: usize, acc: usize, lineBytes: usize): void {
  const kernelH = word(step, CONV_KERNEL_H);
  const kernelW = word(step, CONV_KERNEL_W);
  const columnBytes = <usize>word(step, CONV_DILATION_W) << 4;
  const pixelBytes = <usize>word(step, CONV_STRIDE_W) << 4;
  for (let p = 0; p < pixels; p++, x += pixelBytes, acc += 32) {
    let column = x;
    let a = v128.load(bias);
    let b = v128.load(bias, 16);
    let weight = w;
    for (let j = 0; j < kernelW; j++, column += columnBytes) {
      let at = column;
      for (let i = kernelH; i > 1; i -= 2, weight += 32) {
        const first = v128.load(at);
        const second = v128.load(at + lineBytes);
        const low = i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
        const high = i8x16.shuffle(first, second, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
        a = i32x4.add(a, i32x4.dot_i16x8_s(low, v128.load(weight)));
        b = i32x4.add(b, i32x4.dot_i16x8_s(high, v128.load(weight, 16)));
        at += lineBytes << 1;
      }
      if ((kernelH & 1) != 0) {
        const last = v128.load(at);
        a = i32x4.add(a, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(last), v128.load(weight)));
        b = i32x4.add(b, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(last), v128.load(weight, 16)));
        weight += 32;
      }
    }
    v128.store(acc, a);
    v128.store(acc, b, 16);
  }
}

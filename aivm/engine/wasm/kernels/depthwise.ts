/**
 * Depthwise convolutions (AssemblyScript): every channel with weights of its own. Two rows of x are interleaved, so that
 * a lane's dot product is one channel's; weights are i16 [column][pair of rows][8 channels][2].
 */
import {
  CONV_C,
  CONV_COUT,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  CONV_STRIDE_W,
  PACKED_ACC_AT,
  PACKED_BIAS_AT,
  PACKED_FACTOR_AT,
  PACKED_PANEL_BYTES,
  PACKED_WEIGHTS_AT,
  SCRATCH_TABLE_AT,
} from "./convWords";
import { row3x3, row3x3By2 } from "./depthwise3x3";
import { scratch, word } from "./step";
import { finishPanel } from "./tiles";

/** Products of the rows x width windows in the table, over a band whose rows are `rowBytes` long, by panels [panelFrom, panelTo). */
export function depthwiseTile(
  step: usize,
  packed: usize,
  rows: i32,
  width: i32,
  rowBytes: usize,
  panelFrom: i32,
  panelTo: i32,
): void {
  const acc = scratch + <usize>load<i32>(packed, PACKED_ACC_AT * 4);
  const panelBytes = <usize>load<i32>(packed, PACKED_PANEL_BYTES * 4);
  const channels = word(step, CONV_COUT);
  const pixelBytes = <usize>word(step, CONV_C) << 1;
  const lineBytes = rowBytes * <usize>word(step, CONV_DILATION_H);
  const kernelH = word(step, CONV_KERNEL_H);
  const kernelW = word(step, CONV_KERNEL_W);
  const strideW = word(step, CONV_STRIDE_W);
  const near = kernelH == 3 && kernelW == 3 && word(step, CONV_DILATION_W) == 1 && strideW <= 2;
  for (let panel = panelFrom; panel < panelTo; panel++) {
    const place = <usize>panel;
    const w = packed + <usize>load<i32>(packed, PACKED_WEIGHTS_AT * 4) + place * panelBytes;
    const bias = packed + <usize>load<i32>(packed, PACKED_BIAS_AT * 4) + (place << 5);
    const factor = packed + <usize>load<i32>(packed, PACKED_FACTOR_AT * 4) + (place << 6);
    if (near) {
      for (let row = 0; row < rows; row++) {
        const x = <usize>load<u32>(scratch + SCRATCH_TABLE_AT + (<usize>(row * width) << 2)) + (place << 4);
        const to = acc + (<usize>(row * width) << 5);
        for (let half: usize = 0; half < 2; half++) {
          const from = x + (half << 3);
          const at = half << 4;
          if (strideW == 1) row3x3(width, from, lineBytes, pixelBytes, w + at, bias + at, to + at);
          else row3x3By2(width, from, lineBytes, pixelBytes, w + at, bias + at, to + at);
        }
      }
    } else {
      const columnBytes = pixelBytes * <usize>word(step, CONV_DILATION_W);
      anySums(rows * width, place << 4, w, bias, acc, kernelH, kernelW, lineBytes, columnBytes);
    }
    finishPanel(acc, false, min(8, channels - (panel << 3)), factor, panel << 3);
  }
}

/** Sums of any window, one pixel of 8 channels after the other. */
function anySums(
  pixels: i32,
  offset: usize,
  w: usize,
  bias: usize,
  acc: usize,
  kernelH: i32,
  kernelW: i32,
  lineBytes: usize,
  columnBytes: usize,
): void {
  let table = scratch + SCRATCH_TABLE_AT;
  for (let p = 0; p < pixels; p++, table += 4, acc += 32) {
    let column = <usize>load<u32>(table) + offset;
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

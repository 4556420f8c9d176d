/** Depthwise convolutions (AssemblyScript): every channel with weights of its own, 8 channels at a time. */
import {
  CONV_C,
  CONV_COUT,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  PACKED_ACC_AT,
  PACKED_BIAS_AT,
  PACKED_FACTOR_AT,
  PACKED_PANEL_BYTES,
  PACKED_WEIGHTS_AT,
  SCRATCH_TABLE_AT,
} from "./convWords";
import { scratch, word } from "./step";
import { finishPanel } from "./tiles";

/** Products of the `pixels` windows in the table, whose rows are `rowBytes` apart, by panels [panelFrom, panelTo). */
export function depthwiseTile(
  step: usize,
  packed: usize,
  pixels: i32,
  rowBytes: usize,
  panelFrom: i32,
  panelTo: i32,
): void {
  const acc = scratch + <usize>load<i32>(packed, PACKED_ACC_AT * 4);
  const panelBytes = <usize>load<i32>(packed, PACKED_PANEL_BYTES * 4);
  const channels = word(step, CONV_COUT);
  const columnBytes = <usize>(word(step, CONV_C) * word(step, CONV_DILATION_W)) << 1;
  for (let panel = panelFrom; panel < panelTo; panel++) {
    const place = <usize>panel;
    const w = packed + <usize>load<i32>(packed, PACKED_WEIGHTS_AT * 4) + place * panelBytes;
    const bias = packed + <usize>load<i32>(packed, PACKED_BIAS_AT * 4) + (place << 5);
    const factor = packed + <usize>load<i32>(packed, PACKED_FACTOR_AT * 4) + (place << 6);
    const kernelH = word(step, CONV_KERNEL_H);
    const kernelW = word(step, CONV_KERNEL_W);
    const lineBytes = rowBytes * <usize>word(step, CONV_DILATION_H);
    anySums(pixels, place << 4, w, bias, acc, kernelH, kernelW, lineBytes, columnBytes);
    finishPanel(acc, false, min(8, channels - (panel << 3)), factor, panel << 3);
  }
}

/** Sums of any window: its positions in pairs, each interleaved so that a lane's dot product is one channel's. */
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
    let line = <usize>load<u32>(table) + offset;
    let a = v128.load(bias);
    let b = v128.load(bias, 16);
    let weight = w;
    let first = i32x4.splat(0);
    let half = false;
    for (let i = 0; i < kernelH; i++, line += lineBytes) {
      let at = line;
      for (let j = 0; j < kernelW; j++, at += columnBytes) {
        const second = v128.load(at);
        if (half) {
          const low = i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
          const high = i8x16.shuffle(first, second, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
          a = i32x4.add(a, i32x4.dot_i16x8_s(low, v128.load(weight)));
          b = i32x4.add(b, i32x4.dot_i16x8_s(high, v128.load(weight, 16)));
          weight += 32;
        }
        first = second;
        half = !half;
      }
    }
    if (half) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(first), v128.load(weight)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(first), v128.load(weight, 16)));
    }
    v128.store(acc, a);
    v128.store(acc, b, 16);
  }
}

/** A tile of output pixels times panels of weights (AssemblyScript). */
import {
  PACKED_ACC_AT,
  PACKED_BIAS_AT,
  PACKED_CHUNK,
  PACKED_EXPANDED_AT,
  PACKED_FACTOR_AT,
  PACKED_LOW_AT,
  PACKED_PAIRS,
  PACKED_PANEL_BYTES,
  PACKED_PANELS,
  PACKED_SEGMENTS,
  PACKED_SUMS_AT,
  PACKED_WEIGHTS,
  PACKED_WEIGHTS_AT,
  SCRATCH_TABLE_AT,
  WEIGHTS_I8,
  WEIGHTS_I16,
} from "./convWords";
import { finishSums } from "./denseFinish";
import { scratch } from "./step";
import { startSums, sums1, sums4, widenSums } from "./sums";
import { widen } from "./unfold";

/** From so many pixels on, widening a panel of i8 weights once costs less than widening them for every 4 pixels. */
const EXPAND_FROM: i32 = 16;

/**
 * Sums of the `pixels` pixels whose addresses are in `table` by the 8 channels of a panel: acc i32 [pixels][8], as sums4.
 * They go by fours (the last address is repeated to a multiple of 4), or one is left over.
 */
export function panelSums<T>(
  table: usize,
  pixels: i32,
  offset: usize,
  w: usize,
  start: usize,
  acc: usize,
  segments: i32,
  pairs: i32,
  stride: usize,
): void {
  const single = pixels & 3;
  const most = single == 1 ? pixels - 1 : pixels;
  sums4<T>(table, most, offset, w, start, acc, segments, pairs, stride);
  if (single != 1) return;
  const done = <usize>most;
  sums1<T>(table + (done << 2), offset, w, start, acc + (done << 5), segments, pairs, stride);
}

/** sums f64 [pixels][8] += scale x (x x w), w a panel of `pairs` pairs, summed in i32 `chunk` pairs at a time. */
export function addPlane<T>(
  table: usize,
  pixels: i32,
  w: usize,
  acc: usize,
  sums: usize,
  chunk: i32,
  pairs: i32,
  scale: f64,
): void {
  for (let pair = 0; pair < pairs; pair += chunk) {
    const from = w + <usize>(pair << 4) * sizeof<T>();
    panelSums<T>(table, pixels, <usize>pair << 2, from, scratch, acc, 1, min(chunk, pairs - pair), 0);
    widenSums(acc, sums, pixels, scale);
  }
}

/** How the pixels of the table lie in y, and where y is. This thread's own. */
let y: usize = 0;
let yStride: usize = 0;
let runs: i32 = 0;
let runPixels: i32 = 0;
let firstPixel: usize = 0;
let runStride: usize = 0;

/** y at this address, with so many channels. */
export function outputAt(address: usize, channels: i32): void {
  y = address;
  yStride = <usize>channels;
}

/** The tile's pixels: `count` runs of `pixels` neighbours; in y they start at pixel `first`, and `stride` pixels further each. */
export function outputRuns(count: i32, pixels: i32, first: usize, stride: i32): void {
  runs = count;
  runPixels = pixels;
  firstPixel = first;
  runStride = <usize>stride;
}

/** Finishes one panel's sums of run number `run`. */
export function finishRun(from: usize, wide: bool, lanes: i32, factor: usize, channel: i32, run: i32): void {
  const pixel = firstPixel + <usize>run * runStride;
  finishSums(from, wide, runPixels, lanes, factor, y, pixel * yStride + <usize>channel, yStride);
}

/** Finishes one panel's sums of all the tile's pixels. */
function finishPanel(from: usize, wide: bool, lanes: i32, factor: usize, channel: i32): void {
  const bytes = <usize>runPixels << (wide ? 6 : 5);
  for (let run = 0; run < runs; run++, from += bytes) finishRun(from, wide, lanes, factor, channel, run);
}

/**
 * Products of the pixels in the table (u32 addresses of i16 x, at SCRATCH_TABLE_AT; the last one repeated to a multiple
 * of 4) by panels [panelFrom, panelTo) of a group of `groupOut` channels, finished into y.
 */
export function multiplyTile(
  packed: usize,
  group: i32,
  groupOut: i32,
  panelFrom: i32,
  panelTo: i32,
  stride: usize,
): void {
  const pixels = runs * runPixels;
  const panels = load<i32>(packed, PACKED_PANELS * 4);
  const expandedAt = load<i32>(packed, PACKED_EXPANDED_AT * 4);
  const expanded = scratch + <usize>expandedAt;
  const expands = expandedAt != 0 && pixels >= EXPAND_FROM;
  const weights = expands ? WEIGHTS_I16 : load<i32>(packed, PACKED_WEIGHTS * 4);
  const panelBytes = <usize>load<i32>(packed, PACKED_PANEL_BYTES * 4);
  const segments = load<i32>(packed, PACKED_SEGMENTS * 4);
  const pairs = load<i32>(packed, PACKED_PAIRS * 4);
  const chunk = load<i32>(packed, PACKED_CHUNK * 4) >> 1;
  const wide = chunk != 0;
  const table = scratch + SCRATCH_TABLE_AT;
  const acc = scratch + <usize>load<i32>(packed, PACKED_ACC_AT * 4);
  const sums = scratch + <usize>load<i32>(packed, PACKED_SUMS_AT * 4);
  for (let panel = panelFrom; panel < panelTo; panel++) {
    const place = <usize>(group * panels + panel);
    let w = packed + <usize>load<i32>(packed, PACKED_WEIGHTS_AT * 4) + place * panelBytes;
    const bias = packed + <usize>load<i32>(packed, PACKED_BIAS_AT * 4) + (place << 5);
    const factor = packed + <usize>load<i32>(packed, PACKED_FACTOR_AT * 4) + (place << 6);
    if (expands) {
      widen(w, 0, expanded, <i32>panelBytes);
      w = expanded;
    }
    if (!wide) {
      if (weights == WEIGHTS_I8) panelSums<i8>(table, pixels, 0, w, bias, acc, segments, pairs, stride);
      else panelSums<i16>(table, pixels, 0, w, bias, acc, segments, pairs, stride);
    } else {
      startSums(bias, sums, pixels);
      if (weights == WEIGHTS_I8) addPlane<i8>(table, pixels, w, acc, sums, chunk, pairs, 1);
      else if (weights == WEIGHTS_I16) addPlane<i16>(table, pixels, w, acc, sums, chunk, pairs, 1);
      else {
        addPlane<i8>(table, pixels, w, acc, sums, chunk, pairs, 256);
        const low = packed + <usize>load<i32>(packed, PACKED_LOW_AT * 4) + place * panelBytes;
        addPlane<u8>(table, pixels, low, acc, sums, chunk, pairs, 1);
      }
    }
    const lanes = min(8, groupOut - (panel << 3));
    finishPanel(wide ? sums : acc, wide, lanes, factor, group * groupOut + (panel << 3));
  }
}

/** Convolutions and matrix products with constant, packed weights (AssemblyScript): the `conv` step of plan/format.ts. */
import {
  CONV_C,
  CONV_COUT,
  CONV_DILATION_H,
  CONV_DILATION_W,
  CONV_GROUPS,
  CONV_H,
  CONV_KERNEL_H,
  CONV_KERNEL_W,
  CONV_N,
  CONV_OH,
  CONV_OW,
  CONV_PACKED,
  CONV_PAD_LEFT,
  CONV_PAD_TOP,
  CONV_STRIDE_H,
  CONV_STRIDE_W,
  CONV_WIDTH,
  CONV_X,
  CONV_Y,
  MODE_BAND,
  MODE_DEPTHWISE,
  MODE_ROWS,
  PACKED_MODE,
  PACKED_PAIRS,
  PACKED_PANELS,
  PACKED_PANEL_BYTES,
  PACKED_SMALL,
  PACKED_TILE_AT,
  PACKED_TILE_ROWS,
  PACKED_TILE_WIDTH,
  SCRATCH_TABLE_AT,
} from "./convWords";
import { depthwiseTile } from "./depthwise";
import { finishConv } from "./denseFinish";
import { refAddress, refDtype, scratch, shareOf, word } from "./step";
import { multiplyTile, outputAt, outputRuns } from "./tiles";
import { loadBand, unfoldWindow, widen } from "./unfold";

/** From so many bytes of weights on, threads share out channels rather than rows. */
const HEAVY_BYTES: i32 = 512 * 1024;

/** This thread's share of a conv step: of its output rows, or of the panels of its channels where rows are few. */
export function conv(step: usize, thread: i32, threads: i32): void {
  const packed = <usize>word(step, CONV_PACKED);
  const mode = load<i32>(packed, PACKED_MODE * 4);
  v128.store(scratch, i32x4.splat(0));
  v128.store(scratch, i32x4.splat(0), 16);
  finishConv(step, load<i32>(packed, PACKED_SMALL * 4) != 0);
  outputAt(refAddress(step, CONV_Y), word(step, CONV_COUT));
  const panels = load<i32>(packed, PACKED_PANELS * 4);
  const rows = mode == MODE_ROWS;
  const units = rows ? (pixelsOf(step) + 3) >> 2 : word(step, CONV_N) * word(step, CONV_OH) * stripsOf(step, packed);
  // Large weights are better read by one thread than by all.
  const heavy = rows && panels >= 8 * threads && panels * load<i32>(packed, PACKED_PANEL_BYTES * 4) >= HEAVY_BYTES;
  const even = units >= 8 * threads || (units >= threads && units % threads == 0);
  if ((even && !heavy) || panels < threads) {
    const from = shareOf(units, thread, threads);
    const to = shareOf(units, thread + 1, threads);
    if (rows) convRows(step, packed, from << 2, min(to << 2, pixelsOf(step)), 0, panels);
    else convTiles(step, packed, from, to, 0, panels);
    return;
  }
  const from = shareOf(panels, thread, threads);
  const to = shareOf(panels, thread + 1, threads);
  if (from == to) return;
  if (rows) convRows(step, packed, 0, pixelsOf(step), from, to);
  else convTiles(step, packed, 0, units, from, to);
}

function pixelsOf(step: usize): i32 {
  return word(step, CONV_N) * word(step, CONV_OH) * word(step, CONV_OW);
}

/** Tiles side by side in an output row. */
function stripsOf(step: usize, packed: usize): i32 {
  const width = load<i32>(packed, PACKED_TILE_WIDTH * 4);
  return (word(step, CONV_OW) + width - 1) / width;
}

/** Fills the table with `count` addresses `stride` bytes apart; the last one repeated to a multiple of 4. */
function tableOfRows(first: usize, stride: usize, count: i32): void {
  let table = scratch + SCRATCH_TABLE_AT;
  const last = first + <usize>(count - 1) * stride;
  for (let i = 0; i < ((count + 3) & ~3); i++, table += 4) {
    store<u32>(table, <u32>min(first + <usize>i * stride, last));
  }
}

/** Output pixels [from, to) of a 1x1 convolution or matrix product. */
function convRows(step: usize, packed: usize, from: i32, to: i32, panelFrom: i32, panelTo: i32): void {
  const x = refAddress(step, CONV_X);
  const dtype = refDtype(step, CONV_X);
  const channels = word(step, CONV_C);
  const channelsOut = word(step, CONV_COUT);
  const tile = scratch + <usize>load<i32>(packed, PACKED_TILE_AT * 4);
  const width = load<i32>(packed, PACKED_TILE_WIDTH * 4);
  for (let row = from; row < to; row += width) {
    const count = min(width, to - row);
    const at = x + ((<usize>row * <usize>channels) << dtype);
    if (dtype == 0) widen(at, 0, tile, count * channels);
    tableOfRows(dtype == 0 ? tile : at, <usize>channels << 1, count);
    outputRuns(1, count, <usize>row, 0);
    multiplyTile(packed, 0, channelsOut, panelFrom, panelTo, 0);
  }
}

/** Units [from, to) of a convolution; a unit is a tile's width of an output row, and units are counted strip by strip. */
function convTiles(step: usize, packed: usize, from: i32, to: i32, panelFrom: i32, panelTo: i32): void {
  const outHeight = word(step, CONV_OH);
  const outWidth = word(step, CONV_OW);
  const width = load<i32>(packed, PACKED_TILE_WIDTH * 4);
  const most = load<i32>(packed, PACKED_TILE_ROWS * 4);
  const strips = stripsOf(step, packed);
  for (let unit = from; unit < to; ) {
    const oy = unit % outHeight;
    const strip = (unit / outHeight) % strips;
    const n = unit / outHeight / strips;
    const rows = min(most, min(outHeight - oy, to - unit));
    const ox = strip * width;
    convTile(step, packed, n, oy, ox, rows, min(width, outWidth - ox), panelFrom, panelTo);
    unit += rows;
  }
}

/** `rows` by `width` output pixels of image n, from (oy, ox). */
function convTile(
  step: usize,
  packed: usize,
  n: i32,
  oy: i32,
  ox: i32,
  rows: i32,
  width: i32,
  panelFrom: i32,
  panelTo: i32,
): void {
  const dtype = refDtype(step, CONV_X);
  const imageSize = <usize>(word(step, CONV_H) * word(step, CONV_WIDTH) * word(step, CONV_C));
  const x = refAddress(step, CONV_X) + ((<usize>n * imageSize) << dtype);
  const mode = load<i32>(packed, PACKED_MODE * 4);
  const outWidth = word(step, CONV_OW);
  outputRuns(rows, width, <usize>((n * word(step, CONV_OH) + oy) * outWidth + ox), outWidth);
  if (mode == MODE_DEPTHWISE) {
    depthwiseTile(step, packed, x, oy, ox, rows, width, panelFrom, panelTo);
    return;
  }
  if (mode == MODE_BAND) {
    bandTile(step, packed, x, oy, ox, rows, width, panelFrom, panelTo);
    return;
  }
  const groups = word(step, CONV_GROUPS);
  const groupOut = word(step, CONV_COUT) / groups;
  const tile = scratch + <usize>load<i32>(packed, PACKED_TILE_AT * 4);
  const rowBytes = <usize>load<i32>(packed, PACKED_PAIRS * 4) << 2;
  for (let group = 0; group < groups; group++) {
    for (let i = 0; i < width; i++) unfoldWindow(step, x, dtype, group, oy, ox + i, tile + <usize>i * rowBytes);
    tableOfRows(tile, rowBytes, width);
    multiplyTile(packed, group, groupOut, panelFrom, panelTo, 0);
  }
}

/** convTile by a band of x in the scratch. */
function bandTile(
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
  const strideH = word(step, CONV_STRIDE_H);
  const strideW = word(step, CONV_STRIDE_W);
  const dilationH = word(step, CONV_DILATION_H);
  const channels = word(step, CONV_C);
  const bandRows = (rows - 1) * strideH + (word(step, CONV_KERNEL_H) - 1) * dilationH + 1;
  const columns = (width - 1) * strideW + (word(step, CONV_KERNEL_W) - 1) * word(step, CONV_DILATION_W) + 1;
  const tile = scratch + <usize>load<i32>(packed, PACKED_TILE_AT * 4);
  const top = oy * strideH - word(step, CONV_PAD_TOP);
  const left = ox * strideW - word(step, CONV_PAD_LEFT);
  loadBand(step, x, refDtype(step, CONV_X), top, left, bandRows, columns, tile);
  const rowBytes = <usize>(columns * channels) << 1;
  tableOfBand(tile, rows, width, <usize>strideH * rowBytes, <usize>(strideW * channels) << 1);
  multiplyTile(packed, 0, word(step, CONV_COUT), panelFrom, panelTo, <usize>dilationH * rowBytes);
}

/** Fills the table with the addresses of the first elements of rows x width windows; the last one repeated to a multiple of 4. */
function tableOfBand(tile: usize, rows: i32, width: i32, rowStride: usize, pixelStride: usize): void {
  let table = scratch + SCRATCH_TABLE_AT;
  let at = tile;
  for (let r = 0; r < rows; r++, tile += rowStride) {
    at = tile;
    for (let i = 0; i < width; i++, table += 4, at += pixelStride) store<u32>(table, <u32>at);
  }
  at -= pixelStride;
  for (let i = rows * width; (i & 3) != 0; i++, table += 4) store<u32>(table, <u32>at);
}

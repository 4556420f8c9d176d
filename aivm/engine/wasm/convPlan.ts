/** How the kernels compute a conv step: mode, tiles, layout of packed weights and of a thread's scratch. From its words alone. */
import {
  CONV_BLOCK,
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
  CONV_PAD_LEFT,
  CONV_PAD_TOP,
  CONV_STRIDE_H,
  CONV_STRIDE_W,
  CONV_W,
  CONV_WIDTH,
  MODE_BAND,
  MODE_DEPTHWISE,
  MODE_ROWS,
  MODE_UNFOLD,
  PACKED_HEADER_BYTES,
  SCRATCH_TABLE_AT,
  WEIGHTS_I8,
  WEIGHTS_I16,
  WEIGHTS_SPLIT,
} from "./kernels/convWords.ts";

/** Output channels of a panel. */
export const PANEL: number = 8;

/** Bytes of x that a tile may take: tile, panel and sums stay in the second-level cache. */
const TILE_BYTES = 160 * 1024;
/** Output pixels of a tile: enough to use a panel of weights often, few enough for their sums to stay in the first-level cache. */
const TILE_PIXELS = 128;
/** Bytes of the 8 channels of x that a tile of a depthwise layer takes: in the first-level cache. */
const PANEL_TILE_BYTES = 20 * 1024;
/** Bytes of a widened panel at most: larger ones are read i8 as they are. */
const EXPANDED_BYTES = 64 * 1024;
/** Products of a split weight's halves (< 2^23 each) that fit i32. */
const SPLIT_CHUNK = 256;
/** Below so many products between widenings, i16 weights are split. */
const SPLIT_BELOW = 64;

/** Sizes of a conv step. */
export interface ConvSizes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
  readonly block: number;
}

/** The plan of a conv step; offsets and sizes in bytes. */
export interface ConvPlan {
  readonly sizes: ConvSizes;
  readonly mode: number;
  readonly weights: number;
  readonly tileRows: number;
  readonly tileWidth: number;
  /** Panels of a group, and channels of a group that they hold. */
  readonly panels: number;
  readonly groupOut: number;
  /** Groups that are packed one behind the other: 1 in depthwise layers. */
  readonly packedGroups: number;
  readonly segments: number;
  /** Elements of a segment, and pairs that they fill. */
  readonly segmentLength: number;
  readonly pairs: number;
  readonly chunk: number;
  readonly panelBytes: number;
  readonly biasAt: number;
  readonly factorAt: number;
  readonly weightsAt: number;
  readonly lowAt: number;
  /** Bytes of the packed weights with their header. */
  readonly bytes: number;
  readonly accAt: number;
  readonly sumsAt: number;
  readonly tileAt: number;
  readonly expandedAt: number;
  readonly scratchBytes: number;
}

/** The plan of the conv step whose words, header included, start at `step[0]`. */
export function convPlan(step: ArrayLike<number>): ConvPlan {
  const sizes = convSizes(step);
  const wide = (step[CONV_W] ?? 0) >> 2 === 1;
  const weights = !wide
    ? WEIGHTS_I8
    : sizes.block > 0 && sizes.block < SPLIT_BELOW
      ? WEIGHTS_SPLIT
      : WEIGHTS_I16;
  const mode = modeOf(sizes);
  const chunk = sizes.block === 0 ? 0 : weights === WEIGHTS_SPLIT ? SPLIT_CHUNK : sizes.block & ~1;
  const product = productOf(sizes, mode);
  const tile = tileOf(sizes, mode);
  const layout = packedLayout(mode, weights, product);
  const expands =
    weights === WEIGHTS_I8 && mode !== MODE_DEPTHWISE && 2 * layout.panelBytes <= EXPANDED_BYTES;
  const expandedBytes = expands ? 2 * layout.panelBytes : 0;
  return {
    sizes,
    mode,
    weights,
    chunk,
    ...product,
    ...tile,
    ...layout,
    ...scratchLayout(chunk, tile, expandedBytes),
  };
}

/** Bytes of scratch that each thread needs for a conv step. */
export function convScratchBytes(step: ArrayLike<number>): number {
  return convPlan(step).scratchBytes;
}

function convSizes(step: ArrayLike<number>): ConvSizes {
  const at = (index: number): number => step[index] ?? 0;
  return {
    batch: at(CONV_N),
    height: at(CONV_H),
    width: at(CONV_WIDTH),
    channels: at(CONV_C),
    outHeight: at(CONV_OH),
    outWidth: at(CONV_OW),
    outChannels: at(CONV_COUT),
    kernelH: at(CONV_KERNEL_H),
    kernelW: at(CONV_KERNEL_W),
    strideH: at(CONV_STRIDE_H),
    strideW: at(CONV_STRIDE_W),
    padTop: at(CONV_PAD_TOP),
    padLeft: at(CONV_PAD_LEFT),
    dilationH: at(CONV_DILATION_H),
    dilationW: at(CONV_DILATION_W),
    groups: at(CONV_GROUPS),
    block: at(CONV_BLOCK),
  };
}

function modeOf(s: ConvSizes): number {
  const one = s.kernelH === 1 && s.kernelW === 1 && s.strideH === 1 && s.strideW === 1;
  const whole = s.padTop === 0 && s.padLeft === 0 && s.height === s.outHeight && s.width === s.outWidth;
  if (s.groups === 1 && one && whole) return MODE_ROWS;
  if (s.block !== 0) return MODE_UNFOLD;
  if (s.groups > 1 && s.groups === s.channels && s.groups === s.outChannels) return MODE_DEPTHWISE;
  return s.groups === 1 && (s.dilationW === 1 || s.kernelW === 1) ? MODE_BAND : MODE_UNFOLD;
}

/** The products of one output pixel, as pieces of x, and the panels of its channels. */
interface Product {
  readonly segments: number;
  readonly segmentLength: number;
  readonly pairs: number;
  readonly panels: number;
  readonly groupOut: number;
  readonly packedGroups: number;
}

function productOf(s: ConvSizes, mode: number): Product {
  const depthwise = mode === MODE_DEPTHWISE;
  const packedGroups = depthwise ? 1 : s.groups;
  const groupOut = s.outChannels / packedGroups;
  const positions = s.kernelH * s.kernelW;
  const segments = mode === MODE_BAND ? s.kernelH : depthwise ? s.kernelW : 1;
  const segmentLength = (positions / segments) * (depthwise ? 1 : s.channels / s.groups);
  const panels = Math.ceil(groupOut / PANEL);
  return { segments, segmentLength, pairs: Math.ceil(segmentLength / 2), panels, groupOut, packedGroups };
}

function packedLayout(
  mode: number,
  weights: number,
  product: Product,
): Pick<ConvPlan, "panelBytes" | "biasAt" | "factorAt" | "weightsAt" | "lowAt" | "bytes"> {
  const panels = product.panels * product.packedGroups;
  const elementBytes = weights === WEIGHTS_I16 || mode === MODE_DEPTHWISE ? 2 : 1;
  const panelBytes = product.segments * product.pairs * 2 * PANEL * elementBytes;
  const factorAt = PACKED_HEADER_BYTES;
  const biasAt = factorAt + panels * PANEL * 8;
  const weightsAt = biasAt + panels * PANEL * 4;
  const lowAt = weightsAt + panels * panelBytes;
  const bytes = weights === WEIGHTS_SPLIT ? lowAt + panels * panelBytes : lowAt;
  return { panelBytes, biasAt, factorAt, weightsAt, lowAt, bytes: roundUp(bytes, 64) };
}

interface Tile {
  readonly tileRows: number;
  readonly tileWidth: number;
  /** Pixels whose sums are kept at a time. */
  readonly tilePixels: number;
  readonly tileBytes: number;
}

function tileOf(s: ConvSizes, mode: number): Tile {
  if (mode === MODE_BAND)
    return bandTile(s, { channels: s.channels, bytes: TILE_BYTES, pixels: TILE_PIXELS });
  if (mode === MODE_DEPTHWISE)
    return bandTile(s, { channels: PANEL, bytes: PANEL_TILE_BYTES, pixels: Infinity });
  const length = (s.kernelH * s.kernelW * s.channels) / s.groups;
  const rowBytes = 2 * roundUp(length, 2);
  const pixels = mode === MODE_ROWS ? s.batch * s.outHeight * s.outWidth : s.outWidth;
  const fit = Math.floor(TILE_BYTES / rowBytes) & ~3;
  const tileWidth = Math.min(pixels, Math.max(4, Math.min(fit, TILE_PIXELS / 2)));
  return { tileRows: 1, tileWidth, tilePixels: tileWidth, tileBytes: tileWidth * rowBytes };
}

/** As many output rows as fit, or a part of one. */
function bandTile(
  s: ConvSizes,
  most: { readonly channels: number; readonly bytes: number; readonly pixels: number },
): Tile {
  const bytesOf = (rows: number, width: number): number =>
    2 *
    most.channels *
    ((rows - 1) * s.strideH + (s.kernelH - 1) * s.dilationH + 1) *
    ((width - 1) * s.strideW + (s.kernelW - 1) * s.dilationW + 1);
  let parts = Math.ceil(s.outWidth / TILE_PIXELS);
  const widthOf = (): number => Math.ceil(s.outWidth / parts);
  while (widthOf() > 4 && bytesOf(1, widthOf()) > most.bytes) parts++;
  const tileWidth = widthOf();
  let tileRows = 1;
  while (
    tileRows < s.outHeight &&
    (tileRows + 1) * tileWidth <= most.pixels &&
    bytesOf(tileRows + 1, tileWidth) <= most.bytes
  ) {
    tileRows++;
  }
  const sums = most.pixels === Infinity ? tileWidth : tileRows * tileWidth;
  return { tileRows, tileWidth, tilePixels: sums, tileBytes: bytesOf(tileRows, tileWidth) };
}

function scratchLayout(
  chunk: number,
  tile: Tile,
  expandedBytes: number,
): Pick<ConvPlan, "accAt" | "sumsAt" | "tileAt" | "expandedAt" | "scratchBytes"> {
  const pixels = roundUp(tile.tilePixels, 4);
  const accAt = SCRATCH_TABLE_AT + roundUp(pixels * 4, 64);
  const sumsAt = accAt + pixels * PANEL * 4;
  const panelAt = sumsAt + (chunk === 0 ? 0 : pixels * PANEL * 8);
  const tileAt = panelAt + expandedBytes;
  // Kernels read whole vectors, beyond the end of the tile.
  const scratchBytes = roundUp(tileAt + tile.tileBytes + 32, 64);
  return { accAt, sumsAt, tileAt, expandedAt: expandedBytes === 0 ? 0 : panelAt, scratchBytes };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

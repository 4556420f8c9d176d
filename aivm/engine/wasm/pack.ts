/**
 * Constant weights of a conv step in the order in which the kernels read them. A panel holds 8 output channels:
 * [segment][pair][8 channels][2 products], zeros beyond the channels and beyond a segment's end. In front: a header
 * (kernels/convWords.ts), an f64 factor = multiplier / 2^shift and an i32 bias for every channel of every panel.
 */
import { type ConvPlan, convPlan, PANEL } from "./convPlan.ts";
import {
  MODE_DEPTHWISE,
  PACKED_ACC_AT,
  PACKED_BIAS_AT,
  PACKED_CHUNK,
  PACKED_EXPANDED_AT,
  PACKED_FACTOR_AT,
  PACKED_LOW_AT,
  PACKED_MODE,
  PACKED_PAIRS,
  PACKED_PANEL_BYTES,
  PACKED_PANELS,
  PACKED_SEGMENTS,
  PACKED_SMALL,
  PACKED_SUMS_AT,
  PACKED_TILE_AT,
  PACKED_TILE_ROWS,
  PACKED_TILE_WIDTH,
  PACKED_WEIGHTS,
  PACKED_WEIGHTS_AT,
  WEIGHTS_I16,
  WEIGHTS_SPLIT,
} from "./kernels/convWords.ts";
import { factorOf } from "./rounding.ts";

export { convScratchBytes } from "./convPlan.ts";

/** Values of a conv step's constants: w [Cout,kernelH,kernelW,C/groups], the others [Cout]. */
export interface ConvConstants {
  readonly w: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly multiplier: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

/** Bytes of the packed weights of the conv step that starts at `step[0]`; a multiple of 64. */
export function packedBytes(step: ArrayLike<number>): number {
  return convPlan(step).bytes;
}

/** Packs the constants of a conv step into `target`: `packedBytes(step)` bytes, at an address that 16 divides. */
export function packConv(step: ArrayLike<number>, constants: ConvConstants, target: Uint8Array): void {
  const plan = convPlan(step);
  const view = new DataView(target.buffer, target.byteOffset, plan.bytes);
  target.fill(0, 0, plan.bytes);
  packChannels(view, plan, constants);
  packHeader(view, plan, constants);
  if (plan.mode === MODE_DEPTHWISE) packDepthwise(view, plan, constants.w);
  else packPanels(view, plan, constants.w);
}

function packHeader(view: DataView, plan: ConvPlan, { multiplier, shift }: ConvConstants): void {
  const small = Array.from({ length: plan.sizes.outChannels }, (_, channel) =>
    factorOf(multiplier[channel] ?? 0, shift[channel] ?? 0),
  ).every((factor) => factor <= 0.5);
  const words: readonly (readonly [number, number])[] = [
    [PACKED_MODE, plan.mode],
    [PACKED_WEIGHTS, plan.weights],
    [PACKED_TILE_ROWS, plan.tileRows],
    [PACKED_TILE_WIDTH, plan.tileWidth],
    [PACKED_PANELS, plan.panels],
    [PACKED_SEGMENTS, plan.segments],
    [PACKED_PAIRS, plan.pairs],
    [PACKED_CHUNK, plan.chunk],
    [PACKED_SMALL, small && plan.chunk === 0 ? 1 : 0],
    [PACKED_PANEL_BYTES, plan.panelBytes],
    [PACKED_BIAS_AT, plan.biasAt],
    [PACKED_FACTOR_AT, plan.factorAt],
    [PACKED_WEIGHTS_AT, plan.weightsAt],
    [PACKED_LOW_AT, plan.lowAt],
    [PACKED_ACC_AT, plan.accAt],
    [PACKED_SUMS_AT, plan.sumsAt],
    [PACKED_TILE_AT, plan.tileAt],
    [PACKED_EXPANDED_AT, plan.expandedAt],
  ];
  for (const [word, value] of words) view.setInt32(word * 4, value, true);
}

function packChannels(view: DataView, plan: ConvPlan, { bias, multiplier, shift }: ConvConstants): void {
  for (let channel = 0; channel < plan.sizes.outChannels; channel++) {
    const place = placeOf(plan, channel);
    view.setFloat64(plan.factorAt + place * 8, factorOf(multiplier[channel] ?? 0, shift[channel] ?? 0), true);
    view.setInt32(plan.biasAt + place * 4, bias[channel] ?? 0, true);
  }
}

/** Place of an output channel among those of all panels. */
function placeOf(plan: ConvPlan, channel: number): number {
  const group = Math.floor(channel / plan.groupOut);
  return group * plan.panels * PANEL + (channel - group * plan.groupOut);
}

function packPanels(view: DataView, plan: ConvPlan, w: ArrayLike<number>): void {
  const { segments, segmentLength, pairs, sizes } = plan;
  const put = putterOf(view, plan);
  for (let channel = 0; channel < sizes.outChannels; channel++) {
    const place = placeOf(plan, channel);
    const lane = place % PANEL;
    const first = ((place - lane) / PANEL) * segments * pairs * 2 * PANEL + lane * 2;
    let from = channel * segments * segmentLength;
    for (let segment = 0; segment < segments; segment++) {
      for (let k = 0; k < segmentLength; k++) {
        const pair = segment * pairs + (k >> 1);
        put(first + pair * 2 * PANEL + (k & 1), w[from++] ?? 0);
      }
    }
  }
}

/** Writes weight number `index` of the panels. */
function putterOf(view: DataView, plan: ConvPlan): (index: number, value: number) => void {
  const { weights, weightsAt, lowAt } = plan;
  if (weights === WEIGHTS_I16) return (index, value) => view.setInt16(weightsAt + index * 2, value, true);
  if (weights !== WEIGHTS_SPLIT) return (index, value) => view.setInt8(weightsAt + index, value);
  return (index, value) => {
    view.setInt8(weightsAt + index, value >> 8);
    view.setUint8(lowAt + index, value & 255);
  };
}

/** i16 [panel][column][pair of rows][8 channels][2]. */
function packDepthwise(view: DataView, plan: ConvPlan, w: ArrayLike<number>): void {
  const { segments: columns, segmentLength: rows, pairs, panelBytes, weightsAt, sizes } = plan;
  for (let channel = 0; channel < sizes.outChannels; channel++) {
    const lane = channel % PANEL;
    const first = weightsAt + ((channel - lane) / PANEL) * panelBytes + lane * 4;
    for (let k = 0; k < rows * columns; k++) {
      const column = k % columns;
      const row = (k - column) / columns;
      const at = first + (column * pairs + (row >> 1)) * 4 * PANEL + (row & 1) * 2;
      view.setInt16(at, w[channel * rows * columns + k] ?? 0, true);
    }
  }
}

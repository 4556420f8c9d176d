/**
 * conv2d (one group, or depthwise) and linear through the SIMD kernels: weights packed to i16 panels once, windows unfolded to rows
 * of a tile, dot products, requantise. Both are one shape of work: linear is a 1x1 convolution over its rows.
 */
import { convGeometry } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { maxAbs, type OpNode } from "../../ops/op.ts";
import { opOf } from "../../ops/registry.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Kernels } from "./kernels.ts";
import { type Loop, outputData } from "./loops/loop.ts";
import { factorOf } from "./rounding.ts";

/** Output pixels of one tile; even. */
const TILE_ROWS = 64;

/** Scratch areas that all layers of a program share. Sizes in bytes while planning, then offsets. */
export interface Scratch {
  /** i16 copy of the input tensor. */
  x: number;
  /** i16 [TILE_ROWS][rowLength]. */
  rows: number;
  /** f64 [TILE_ROWS][columns]. */
  acc: number;
  /** i32 [TILE_ROWS][columns]. */
  out: number;
}

/** A layer prepared for the kernels. Offsets into their memory. */
interface Layer {
  readonly weights: number;
  readonly bias: number;
  readonly factor: number;
  readonly geometry: number;
  readonly pixels: number;
  readonly channels: number;
  readonly columns: number;
  readonly rowLength: number;
  /** Steps between widenings of gemm. */
  readonly block: number;
  readonly zero: number;
  readonly depthwise: boolean;
  /** Positions of the window. */
  readonly positions: number;
}

/** Sizes of a layer as a convolution. `shape`: H W C OH OW kernelH kernelW strideH strideW padTop padLeft dilationH dilationW padValue. */
interface Sizes {
  readonly pixels: number;
  readonly channels: number;
  /** Elements of an unfolded row. */
  readonly length: number;
  readonly positions: number;
  readonly depthwise: boolean;
  readonly zero: number;
  readonly geometry: readonly number[];
}

/** Empty scratch, to be grown by `planDense` and then placed by `placeScratch`. */
export function createScratch(): Scratch {
  return { x: 0, rows: 0, acc: 0, out: 0 };
}

/** Reserves the shared areas: `sizes` as planning left them. */
export function placeScratch(kernels: Kernels, sizes: Scratch): Scratch {
  return {
    x: kernels.allocate(sizes.x),
    rows: kernels.allocate(sizes.rows),
    acc: kernels.allocate(sizes.acc),
    out: kernels.allocate(sizes.out),
  };
}

/**
 * Loop for a conv2d or linear node whose weights, bias, multiplier and shift are constants, or undefined when the
 * kernels do not take it (groups of more than one channel; products too wide for i32 partial sums). Grows `sizes`.
 */
export function planDense(options: {
  readonly kernels: Kernels;
  readonly node: OpNode;
  readonly constants: readonly (Tensor | undefined)[];
  readonly sizes: Scratch;
  /** The placed areas; read when the loop runs. */
  readonly scratch: () => Scratch;
}): Loop | undefined {
  const { kernels, node, constants, sizes, scratch } = options;
  const shape = sizesOf(node);
  const [, weights, bias, multiplier, shift] = constants;
  if (shape === undefined || !weights || !bias || !multiplier || !shift) return undefined;
  const block = blockOf(node, constants, shape);
  if (block < 8) return undefined;
  const columns = roundUp(shape.channels, shape.depthwise ? 8 : 4);
  const rowLength = roundUp(shape.length, 8) + (shape.depthwise ? 8 : 0);
  const layer: Layer = {
    ...shape,
    columns,
    rowLength,
    block,
    weights: packWeights(kernels, weights, { ...shape, columns, rowLength }),
    bias: placeF64(kernels, columns, (channel) => bias.data[channel] ?? 0),
    factor: placeF64(kernels, columns, (channel) => channelFactor(multiplier, shift, channel)),
    geometry: placeI32(kernels, [...shape.geometry, rowLength]),
  };
  sizes.x = Math.max(sizes.x, 2 * elementCount(node.operands[0]?.shape ?? []));
  sizes.rows = Math.max(sizes.rows, 2 * TILE_ROWS * rowLength);
  sizes.acc = Math.max(sizes.acc, 8 * TILE_ROWS * columns);
  sizes.out = Math.max(sizes.out, 4 * TILE_ROWS * columns);
  return (_, operands) => runLayer({ kernels, node, layer, areas: scratch(), x: operands[0] });
}

function runLayer(options: {
  readonly kernels: Kernels;
  readonly node: OpNode;
  readonly layer: Layer;
  readonly areas: Scratch;
  readonly x: Tensor | undefined;
}): ReturnType<Loop> {
  const { kernels, node, layer, areas, x } = options;
  const { channels, columns } = layer;
  const { buffer } = kernels.memory;
  const { lo, hi } = node.descriptor.output;
  const out = outputData(node);
  if (x !== undefined) new Int16Array(buffer, areas.x, x.data.length).set(x.data);
  for (let first = 0; first < layer.pixels; first += TILE_ROWS) {
    const count = Math.min(TILE_ROWS, layer.pixels - first);
    const rows = roundUp(count, 2);
    kernels.unfold(areas.x, areas.rows, layer.geometry, first, count);
    multiply(kernels, layer, areas, rows);
    kernels.requantize(areas.acc, layer.bias, layer.factor, areas.out, count, columns, layer.zero, lo, hi);
    const tile = new Int32Array(buffer, areas.out, count * columns);
    if (columns === channels) out.set(tile, first * channels);
    else {
      for (let row = 0; row < count; row++) {
        out.set(tile.subarray(row * columns, row * columns + channels), (first + row) * channels);
      }
    }
  }
  return out;
}

/** acc = rows x weights, for the unfolded rows of one tile. */
function multiply(kernels: Kernels, layer: Layer, areas: Scratch, rows: number): void {
  const { weights, columns, rowLength } = layer;
  if (!layer.depthwise) {
    kernels.gemm(areas.rows, weights, areas.acc, rows, columns, rowLength, layer.block);
    return;
  }
  const { channels, positions } = layer;
  kernels.depthwise(areas.rows, weights, areas.acc, rows, columns, channels, positions, rowLength);
}

function sizesOf(node: OpNode): Sizes | undefined {
  const { shape } = node.descriptor.output;
  const channels = shape.at(-1) ?? 1;
  const pixels = elementCount(shape) / channels;
  if (node.descriptor.opcode === linear.opcode) {
    const length = node.operands[0]?.shape.at(-1) ?? 1;
    const geometry = [1, pixels, length, 1, pixels, 1, 1, 1, 1, 0, 0, 1, 1, 0];
    const zero = node.descriptor.attrs[0] ?? 0;
    return { pixels, channels, length, positions: 1, depthwise: false, zero, geometry };
  }
  const { window: w, groups, groupSize, length: products, padValue, zero } = convGeometry(node);
  const depthwise = groups > 1 && groupSize === 1 && channels === groups;
  if (groups !== 1 && !depthwise) return undefined;
  const positions = w.kernelH * w.kernelW;
  const length = depthwise ? positions * channels : products;
  const sizes = [w.height, w.width, w.channels, w.outHeight, w.outWidth, w.kernelH, w.kernelW];
  const steps = [w.strideH, w.strideW, w.padTop, w.padLeft, w.dilationH, w.dilationW, padValue];
  return { pixels, channels, length, positions, depthwise, zero, geometry: [...sizes, ...steps] };
}

/**
 * Steps between widenings, a multiple of 8: the whole row when the proven accumulator fits i32 (wrapping in between
 * does no harm), else as many products as fit; below 8 when the kernels can not be used.
 */
function blockOf(node: OpNode, constants: readonly (Tensor | undefined)[], shape: Sizes): number {
  const bound = opOf(node.descriptor.opcode).bound?.(node, constants);
  if (bound !== undefined && bound.accumulator < 2n ** 31n) return roundUp(shape.length, 8);
  const x = node.operands[0];
  const w = constants[1];
  if (x === undefined || w === undefined || shape.depthwise) return 0;
  const xLargest = Math.max(maxAbs(x), Math.abs(shape.geometry.at(-1) ?? 0));
  let wLargest = 0;
  for (const value of w.data) wLargest = Math.max(wLargest, Math.abs(value));
  const products = Math.floor((2 ** 31 - 1) / Math.max(1, xLargest * wLargest));
  return Math.min(products - (products % 8), roundUp(shape.length, 8));
}

/** Weights as i16 [columns][rowLength], or [positions][columns] when depthwise; zero beyond the channels and the row. */
function packWeights(
  kernels: Kernels,
  weights: Tensor,
  to: Sizes & { readonly columns: number; readonly rowLength: number },
): number {
  const size = to.columns * (to.depthwise ? to.positions : to.rowLength);
  const at = kernels.allocate(2 * size);
  const panel = new Int16Array(kernels.memory.buffer, at, size);
  const products = weights.data.length / to.channels;
  for (let channel = 0; channel < to.channels; channel++) {
    const row = weights.data.subarray(channel * products, (channel + 1) * products);
    if (!to.depthwise) panel.set(row, channel * to.rowLength);
    else for (const [position, value] of row.entries()) panel[position * to.columns + channel] = value;
  }
  return at;
}

function channelFactor(multiplier: Tensor, shift: Tensor, channel: number): number {
  const bounded = Math.max(0, Math.min(2_097_151, multiplier.data[channel] ?? 0));
  return factorOf(bounded, Math.max(0, Math.min(62, shift.data[channel] ?? 0)));
}

function placeF64(kernels: Kernels, count: number, value: (index: number) => number): number {
  const at = kernels.allocate(8 * count);
  new Float64Array(kernels.memory.buffer, at, count).set(Array.from({ length: count }, (_, i) => value(i)));
  return at;
}

function placeI32(kernels: Kernels, values: readonly number[]): number {
  const at = kernels.allocate(4 * values.length);
  new Int32Array(kernels.memory.buffer, at, values.length).set(values);
  return at;
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

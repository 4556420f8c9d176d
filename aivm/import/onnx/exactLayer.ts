/** Layers whose weights an already quantised file holds as integers: the same integers, scales and biases are kept. */
import { roundHalfEven } from "../../quantize/scheme.ts";
import type { QuantizedWeights } from "../../quantize/weights.ts";
import type { FloatLayer } from "./channels.ts";
import type { OnnxNode } from "./graph.ts";
import { constantOf, type Lowering, tensorType } from "./lowering.ts";
import { quantParams } from "./quantParams.ts";
import { movedInputs } from "./scaleGroups.ts";

/** The file's grid: rows[o] = scales[o] x integers, and bias[o] = biasScales[o] x an integer where it says so. */
export interface StatedGrid {
  readonly scales: Float64Array;
  readonly biasScales?: Float64Array;
}

/** Float32 products of a scale and an integer are off by less than this share. */
const ROUNDING = 2 ** -20;

/** `layer` with the grid of the DequantizeLinear nodes that its weights and bias come from, if they do. */
export function withStatedGrid(
  ctx: Lowering,
  layer: FloatLayer,
  from: { readonly weights: string | undefined; readonly bias: string | undefined; readonly factor?: number },
): FloatLayer {
  const factor = from.factor ?? 1;
  const stated = scalesBehind(ctx, from.weights);
  if (stated === undefined || !(factor > 0)) return layer;
  const { channels } = layer;
  const length = layer.rows.length / channels;
  const scales = new Float64Array(channels);
  for (let o = 0; o < channels; o++) {
    const row = layer.rows.subarray(o * length, (o + 1) * length);
    const own = factor * (stated[stated.length === 1 ? 0 : o % stated.length] ?? 1);
    if ((stated.length > 1 && channels % stated.length !== 0) || !onGrid(row, own)) return layer;
    scales[o] = own;
  }
  const bias = scalesBehind(ctx, from.bias);
  if (bias === undefined || (bias.length !== 1 && bias.length !== channels))
    return { ...layer, grid: { scales } };
  const biasScales = Float64Array.from({ length: channels }, (_, o) => bias[bias.length === 1 ? 0 : o] ?? 1);
  return { ...layer, grid: { scales, biasScales } };
}

/** Scales of the DequantizeLinear whose constant integers a tensor holds, movement between them left out. */
function scalesBehind(ctx: Lowering, name: string | undefined): readonly number[] | undefined {
  const node = producerOf(ctx, name);
  if (node === undefined || node.domain !== "") return undefined;
  const isConstant = (input: string): boolean => constantOf(ctx, input) !== undefined;
  if (node.opType !== "DequantizeLinear") {
    const [moved, ...others] = movedInputs(node, isConstant);
    return moved === 0 && others.length === 0 ? scalesBehind(ctx, node.inputs[0]) : undefined;
  }
  const type = tensorType(ctx, node.inputs[0] ?? "");
  if (constantOf(ctx, node.inputs[0]) === undefined) return undefined;
  return quantParams(node, { constant: (input) => constantOf(ctx, input), ...type })?.scales;
}

/** The node that writes a tensor. */
export function producerOf(ctx: Lowering, name: string | undefined): OnnxNode | undefined {
  if (name === undefined || name === "") return undefined;
  return ctx.graph.nodes.find((node) => node.outputs.includes(name));
}

/** The grid of channels [from, to). */
export function channelsOfGrid(grid: StatedGrid, from: number, to: number): StatedGrid {
  const { biasScales } = grid;
  const scales = grid.scales.slice(from, to);
  return biasScales === undefined ? { scales } : { scales, biasScales: biasScales.slice(from, to) };
}

/** True when every value is an integer of at most 16 bits times `scale`, as far as float32 tells. */
function onGrid(row: Float64Array, scale: number): boolean {
  return row.every((value) => {
    const q = value / scale;
    const nearest = Math.round(q);
    return Math.abs(nearest) <= 32767 && Math.abs(q - nearest) <= ROUNDING * Math.max(1, Math.abs(nearest));
  });
}

/** The file's integers, minus their zero points, in the smallest type that holds them. */
export function statedWeights(layer: FloatLayer, grid: StatedGrid): QuantizedWeights {
  const length = layer.rows.length / layer.channels;
  const data = Int16Array.from(layer.rows, (w, i) =>
    Math.round(w / (grid.scales[Math.floor(i / length)] ?? 1)),
  );
  const small = data.every((v) => v >= -128 && v <= 127);
  return { dtype: small ? "i8" : "i16", data: small ? Int8Array.from(data) : data, scales: grid.scales };
}

/** Bias of a channel in accumulator steps of `unit`: the file's own integer where its scale is that unit. */
export function statedBias(bias: number, unit: number, biasScale: number | undefined): number {
  const same = biasScale !== undefined && Math.abs(biasScale / unit - 1) < ROUNDING;
  return roundHalfEven(bias / (same ? biasScale : unit));
}

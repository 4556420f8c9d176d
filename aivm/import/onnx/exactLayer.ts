/** Layers whose weights an already quantised file holds as integers: the same integers, scales and biases are kept. */
import { roundHalfEven } from "../../quantize/scheme.ts";
import type { QuantizedWeights } from "../../quantize/weights.ts";
import type { FloatLayer } from "./channels.ts";
import type { Lowering } from "./lowering.ts";
import { FLOAT32_ROUNDING, onGrid, scalesBehind } from "./statedConstants.ts";

/** The file's grid: rows[o] = scales[o] x integers, and bias[o] = biasScales[o] x an integer where it says so. */
export interface StatedGrid {
  readonly scales: Float64Array;
  readonly biasScales?: Float64Array;
}

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

/** The grid of channels [from, to). */
export function channelsOfGrid(grid: StatedGrid, from: number, to: number): StatedGrid {
  const { biasScales } = grid;
  const scales = grid.scales.slice(from, to);
  return biasScales === undefined ? { scales } : { scales, biasScales: biasScales.slice(from, to) };
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
  const same = biasScale !== undefined && Math.abs(biasScale / unit - 1) < FLOAT32_ROUNDING;
  return roundHalfEven(bias / (same ? biasScale : unit));
}

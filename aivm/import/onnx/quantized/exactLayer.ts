/** Layers whose weights an already quantised file holds as integers: the same integers, scales and biases are kept. */
import { roundHalfEven } from "../../../quantize/scheme.ts";
import type { QuantizedWeights } from "../../../quantize/weights.ts";
import type { Lowering } from "../lowering/lowering.ts";
import type { FloatLayer } from "../operators/channels.ts";
import { FLOAT32_ROUNDING, integersBehind, onGrid, scalesBehind } from "./statedConstants.ts";

/** The file's grid: rows[o] = scales[o] x integers, and bias[o] = bias.scales[o] x bias.integers[o] where it says so. */
export interface StatedGrid {
  readonly scales: Float64Array;
  readonly bias?: StatedBias;
}

interface StatedBias {
  readonly integers: Float64Array;
  readonly scales: Float64Array;
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
  const bias = integersBehind(ctx, from.bias);
  const perChannel = bias?.integers.length === channels;
  if (bias === undefined || !perChannel || (bias.scales.length !== 1 && bias.scales.length !== channels))
    return { ...layer, grid: { scales } };
  const all = Float64Array.from(
    { length: channels },
    (_, o) => bias.scales[bias.scales.length === 1 ? 0 : o] ?? 1,
  );
  return { ...layer, grid: { scales, bias: { integers: bias.integers, scales: all } } };
}

/** The grid of channels [from, to). */
export function channelsOfGrid({ scales, bias }: StatedGrid, from: number, to: number): StatedGrid {
  const own = scales.slice(from, to);
  if (bias === undefined) return { scales: own };
  return {
    scales: own,
    bias: { integers: bias.integers.slice(from, to), scales: bias.scales.slice(from, to) },
  };
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

/** Bias of channel `o` in accumulator steps of `unit`: the file's own integer where its scale is that unit. */
export function biasInSteps(
  grid: StatedGrid | undefined,
  o: number,
  of: { readonly real: number; readonly unit: number },
): number {
  const scale = grid?.bias?.scales[o];
  const same = scale !== undefined && Math.abs(scale / of.unit - 1) < FLOAT32_ROUNDING;
  return same ? (grid?.bias?.integers[o] ?? 0) : roundHalfEven(of.real / of.unit);
}

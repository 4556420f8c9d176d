/** Dot products with constant weights: the integers behind conv2d and linear, channel by channel. */
import type { Multiplier, Quantization } from "../../../quantize/scheme.ts";
import {
  type QuantizedWeights,
  quantizeWeights,
  weightErrorMeans,
  weightNoise,
} from "../../../quantize/weights.ts";
import { integerConstant, largestInteger, multiplier, type Value } from "../emit/emit.ts";
import { precisionError } from "../errors.ts";
import { floatAttribute, intAttribute } from "../graph.ts";
import { type FoldedOutput, foldedOutput } from "../lowering/folded.ts";
import type { Lowering } from "../lowering/lowering.ts";
import { constantOf, numbersOf, onlyConsumer, outputName, shapeOf } from "../lowering/tensors.ts";
import { biasInSteps, type StatedGrid, statedWeights } from "../quantized/exactLayer.ts";

/** A layer with constant weights, in floats. `rows` is [channels][rowLength], in the operand order of the VM op. */
export interface FloatLayer {
  readonly channels: number;
  readonly rows: Float64Array;
  readonly bias: Float64Array;
  /** Set where the file holds the weights as integers already: these are kept. */
  readonly grid?: StatedGrid;
}

/** What the op's operands are multiplied with. */
export interface LayerInput {
  readonly q: Quantization;
  /** Mean of each operand of a row over the calibration set, one array per group of channels. */
  readonly means: readonly Float64Array[];
  /** Mean square of each operand, laid out like the means. */
  readonly powers: readonly Float64Array[];
}

/** The four constant operands of conv2d and linear. */
export interface LayerConstants {
  readonly weights: Value;
  readonly bias: Value;
  readonly multiplier: Value;
  readonly shift: Value;
}

const I32_MAX = 2 ** 31 - 1;

/**
 * Quantises a layer: per-channel symmetric weights, the zero point of the input and the bias correction folded into an
 * i32 bias, one 21-bit multiplier and shift per channel.
 */
export function layerConstants(
  ctx: Lowering,
  layer: FloatLayer,
  io: {
    /** The layer's name: the tensor that its node writes. */
    readonly name: string;
    readonly input: LayerInput;
    readonly output: Quantization;
    readonly weightShape: readonly number[];
  },
): LayerConstants {
  const { e } = ctx;
  const { channels } = layer;
  const { grid } = layer;
  const dtype = ctx.options.choices?.wideLayers?.has(io.name) === true ? "i16" : ctx.options.weights;
  const weights = grid === undefined ? fittingWeights(layer, io.input.q, dtype) : statedWeights(layer, grid);
  if (grid === undefined) {
    ctx.layers.push({
      name: io.name,
      weights: layer.rows.length,
      dtype: weights.dtype,
      noise: weightNoise(layer.rows, weights, { means: io.input.means, powers: io.input.powers }),
    });
  }
  const errors =
    grid === undefined ? weightErrorMeans(layer.rows, weights, io.input.means) : new Float64Array(channels);
  const rowLength = layer.rows.length / channels;
  const largest = largestInteger(io.input.q);
  const bias: number[] = [];
  const factors: Multiplier[] = [];
  for (let o = 0; o < channels; o++) {
    const row = weights.data.subarray(o * rowLength, (o + 1) * rowLength);
    const unit = io.input.q.scale * (weights.scales[o] ?? 1);
    let sum = 0;
    let magnitude = 0;
    for (const w of row) {
      sum += w;
      magnitude += Math.abs(w);
    }
    const real = (layer.bias[o] ?? 0) - (errors[o] ?? 0);
    const offset = biasInSteps(grid, o, { real, unit }) - io.input.q.zero * sum;
    if (Math.abs(offset) > I32_MAX)
      throw precisionError(
        `output channel ${o}`,
        "a bias that fits 32 bits in steps of the sum",
        `${offset}`,
      );
    bias.push(offset);
    factors.push(
      multiplier(unit / io.output.scale, magnitude * largest + Math.abs(offset), `output channel ${o}`),
    );
  }
  return {
    weights: integerConstant(e, weights.dtype, io.weightShape, weights.data),
    bias: integerConstant(e, "i32", [channels], bias),
    multiplier: integerConstant(
      e,
      "i32",
      [channels],
      factors.map((f) => f.multiplier),
    ),
    shift: integerConstant(
      e,
      "i8",
      [channels],
      factors.map((f) => f.shift),
    ),
  };
}

/** Weights whose scale leaves room for the bias in an i32, and whose dot product stays below 2^42. */
function fittingWeights(layer: FloatLayer, input: Quantization, dtype: "i8" | "i16"): QuantizedWeights {
  const { channels, rows, bias } = layer;
  const rowLength = rows.length / channels;
  const wide = dtype === "i16" && rowLength * 32767 * largestInteger(input) < 2 ** 41;
  // |bias| / (input scale x weight scale) + |zero| x sum |w| must stay an i32: 2^30 for the first leaves the rest free.
  const floor = Float64Array.from(bias, (b) => Math.abs(b) / (input.scale * 2 ** 30));
  return quantizeWeights(rows, { channels, dtype: wide ? "i16" : "i8", smallestScale: floor });
}

/**
 * Folds the BatchNormalization behind a layer into it, and finds the clamp behind that.
 * y = scale x (layer - mean) / sqrt(variance + epsilon) + shift, channel by channel.
 */
export function foldFollowers(
  ctx: Lowering,
  layer: FloatLayer,
  name: string,
): { readonly layer: FloatLayer; readonly output: FoldedOutput } {
  const next = onlyConsumer(ctx, name);
  const foldable =
    next?.opType === "BatchNormalization" &&
    next.inputs[0] === name &&
    intAttribute(next, "training_mode", 0) === 0 &&
    next.inputs.slice(1).every((input) => constantOf(ctx, input) !== undefined);
  if (next === undefined || !foldable) return { layer, output: foldedOutput(ctx, name) };
  const [scale = [], shift = [], mean = [], variance = []] = [1, 2, 3, 4].map((i) => numbersOf(ctx, next, i));
  const epsilon = floatAttribute(next, "epsilon", 1e-5);
  const rowLength = layer.rows.length / layer.channels;
  const gain = Float64Array.from(scale, (s, o) => s / Math.sqrt((variance[o] ?? 0) + epsilon));
  ctx.absorbed.add(name);
  const { grid } = layer;
  const kept = grid !== undefined && gain.every((g) => g > 0);
  const folded: FloatLayer = {
    channels: layer.channels,
    rows: layer.rows.map((w, i) => w * (gain[Math.floor(i / rowLength)] ?? 1)),
    bias: layer.bias.map((b, o) => (b - (mean[o] ?? 0)) * (gain[o] ?? 1) + (shift[o] ?? 0)),
    ...(kept ? { grid: { scales: grid.scales.map((scale, o) => scale * (gain[o] ?? 1)) } } : {}),
  };
  return { layer: folded, output: foldedOutput(ctx, outputName(next)) };
}

/** A convolution's layer with the constant per channel that an Add right behind it adds, and where the sum is. */
export function foldConvBias(
  ctx: Lowering,
  layer: FloatLayer,
  name: string,
): { readonly layer: FloatLayer; readonly name: string } {
  const next = onlyConsumer(ctx, name);
  const constant =
    next?.opType === "Add" && next.domain === "" ? next.inputs.find((input) => input !== name) : "";
  const tensor = constantOf(ctx, constant === "" ? undefined : constant);
  const rank = shapeOf(ctx, name).length;
  const perChannel = tensor?.shape.every(
    (size, axis) => size === 1 || axis === tensor.shape.length - rank + 1,
  );
  const fits =
    perChannel === true && rank > 2 && tensor?.data.length === layer.channels && layer.grid === undefined;
  if (next === undefined || !fits || !(tensor?.data instanceof Float32Array)) return { layer, name };
  const { data } = tensor;
  ctx.absorbed.add(name);
  return { layer: { ...layer, bias: layer.bias.map((b, o) => b + (data[o] ?? 0)) }, name: outputName(next) };
}

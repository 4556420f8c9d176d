/** Weights: symmetric integers per output channel. */
import { roundHalfEven } from "./scheme.ts";

/** Integer weights of one layer: row o holds output channel o, real = scales[o] x data. */
export interface QuantizedWeights {
  readonly dtype: "i8" | "i16";
  readonly data: Int8Array | Int16Array;
  readonly scales: Float64Array;
}

const LEVELS = { i8: 127, i16: 32767 } as const;

/**
 * Per-channel symmetric weights.
 * @param rows float weights, [channels][rowLength] row-major
 * @param form.smallestScale per channel: a coarser scale than the weights alone need, where the bias asks for it
 */
export function quantizeWeights(
  rows: ArrayLike<number>,
  form: { readonly channels: number; readonly dtype: "i8" | "i16"; readonly smallestScale?: Float64Array },
): QuantizedWeights {
  const rowLength = rows.length / form.channels;
  const levels = LEVELS[form.dtype];
  const data = form.dtype === "i8" ? new Int8Array(rows.length) : new Int16Array(rows.length);
  const scales = new Float64Array(form.channels);
  for (let o = 0; o < form.channels; o++) {
    let largest = 0;
    for (let k = 0; k < rowLength; k++) largest = Math.max(largest, Math.abs(rows[o * rowLength + k] ?? 0));
    const scale = Math.max(largest > 0 ? largest / levels : 1 / levels, form.smallestScale?.[o] ?? 0);
    scales[o] = scale;
    for (let k = 0; k < rowLength; k++)
      data[o * rowLength + k] = roundHalfEven((rows[o * rowLength + k] ?? 0) / scale);
  }
  return { dtype: form.dtype, data, scales };
}

/**
 * Bias correction: what rounding the weights adds to each output channel on average, to be subtracted from its bias.
 * (Nagel et al., Data-Free Quantization, 2019, section 4.2, with means measured on the calibration set. Correcting layer
 * by layer with the means of the integer program itself was measured too, and was no better on held-out samples.)
 * @param meanOperands mean of each operand of a row's dot product, one array of rowLength per group
 */
export function weightErrorMeans(
  rows: ArrayLike<number>,
  quantized: QuantizedWeights,
  meanOperands: readonly Float64Array[],
): Float64Array {
  const channels = quantized.scales.length;
  const rowLength = rows.length / channels;
  const perGroup = channels / Math.max(meanOperands.length, 1);
  return Float64Array.from({ length: channels }, (_, o) => {
    const means = meanOperands[Math.floor(o / perGroup)];
    let sum = 0;
    for (let k = 0; k < rowLength; k++) {
      const at = o * rowLength + k;
      sum += ((quantized.scales[o] ?? 0) * (quantized.data[at] ?? 0) - (rows[at] ?? 0)) * (means?.[k] ?? 0);
    }
    return sum;
  });
}

/**
 * How much noise rounding the weights leaves in a layer's outputs once the bias is corrected, beside their power:
 * sum of error^2 x variance of the operand over sum of weight^2 x mean square, operands taken as independent.
 * @param powers mean square of each operand, laid out like the means
 */
export function weightNoise(
  rows: ArrayLike<number>,
  quantized: QuantizedWeights,
  operands: { readonly means: readonly Float64Array[]; readonly powers: readonly Float64Array[] },
): number {
  const channels = quantized.scales.length;
  const rowLength = rows.length / channels;
  const perGroup = channels / Math.max(operands.powers.length, 1);
  let noise = 0;
  let signal = 0;
  for (let o = 0; o < channels; o++) {
    const group = Math.floor(o / perGroup);
    const [means, powers] = [operands.means[group], operands.powers[group]];
    for (let k = 0; k < rowLength; k++) {
      const at = o * rowLength + k;
      const weight = rows[at] ?? 0;
      const error = (quantized.scales[o] ?? 0) * (quantized.data[at] ?? 0) - weight;
      const power = powers?.[k] ?? 0;
      noise += error ** 2 * Math.max(power - (means?.[k] ?? 0) ** 2, 0);
      signal += weight ** 2 * power;
    }
  }
  return signal === 0 ? 0 : noise / signal;
}

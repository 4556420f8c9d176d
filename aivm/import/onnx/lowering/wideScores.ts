/** Scores that a softmax reads: only their differences count, and large ones need more than 16 bits to tell them. */
import { largestReal, type Quantization, type Range } from "../../../quantize/scheme.ts";
import type { Lowering } from "./lowering.ts";

/** Scores whose 16-bit steps are larger than this are given in 32 bits. */
const COARSEST_SCORE = 2 ** -9;

/** True for a program input that softmaxes alone read and that is too large for 16 bits. */
export function isWideScores(
  { consumers, calibration, outputNames }: Pick<Lowering, "consumers" | "calibration" | "outputNames">,
  name: string,
  range: Range,
): boolean {
  const readers = consumers.get(name) ?? [];
  const isInput = calibration.inputs.some((input) => input.name === name);
  const isCoarse = largestReal(range) / 32_767 > COARSEST_SCORE;
  const onlySoftmax = readers.every((node) => ["Softmax", "LogSoftmax"].includes(node.opType));
  return isInput && isCoarse && readers.length > 0 && onlySoftmax && !outputNames.has(name);
}

/** Quantisation of such scores: 31 bits over their range. */
export function wideScores(range: Range): Quantization {
  const limit = 2 ** 30;
  return { dtype: "i32", scale: largestReal(range) / limit, zero: 0, lo: -limit, hi: limit };
}

/**
 * The choice of the next token as ops of the program: greedy, or by seeded sampling with temperature, top-k and top-p.
 * Sampling is the Gumbel-max trick: the largest of logit / temperature + Gumbel noise is a draw from the softmax
 * (Gumbel 1954; Maddison, Tarlow and Minka, "A* sampling", NIPS 2014), so that nothing is divided or normalised.
 * The noise is a table of quantiles, made here once, read at places that VM op `random` draws from the request's seed.
 */
import { AivmError } from "../../common/errors.ts";
import type { Quantization } from "../quantize/scheme.ts";
import { addScaled, compare, rescale, table } from "./onnx/emit/compute.ts";
import { constant, type Emitter, emit, integerConstant, largestFrom, type Value } from "./onnx/emit/emit.ts";
import { slice, where } from "./onnx/emit/move.ts";
import { argmaxOfRows, cumulativeSum, pickFromRows, random, shift, topK } from "./onnx/emit/select.ts";

/** How a token is drawn. */
export interface SamplingRule {
  /** Divides the logits; positive. */
  readonly temperature: number;
  /** Draw from this many of the likeliest tokens only. Default: all. */
  readonly topK?: number;
  /** Draw from the fewest of the likeliest tokens whose probabilities reach this sum, in [0.001, 1]. Default: 1. */
  readonly topP?: number;
}

/** Token with the largest logit of each row, the lowest one on a tie. logits [rows, vocabulary] -> i32 [rows, 1]. */
export function emitGreedy(e: Emitter, logits: Value): Value {
  return argmaxOfRows(e, logits);
}

/**
 * One drawn token for each row.
 * @param from.logits [rows, vocabulary], i8 or i16
 * @param from.seed i32 [4], as VM op `random` reads it: two words of the request's seed, then the position
 * @param from.stream tells several draws of one program apart
 * @returns i32 [rows, 1]
 * @throws AIVM_SAMPLING for a rule outside its ranges.
 */
export function emitSample(
  e: Emitter,
  from: { readonly logits: Value; readonly seed: Value; readonly stream: number },
  rule: SamplingRule,
): Value {
  const { logits, seed, stream } = from;
  const [, vocabulary = 1] = logits.shape;
  const { temperature, topK: count = vocabulary, topP = 1 } = rule;
  checkRule({ temperature, topP, count }, vocabulary);
  const sorted = count < vocabulary || topP < 1 ? topK(e, logits, { count, largest: true }) : undefined;
  const values = sorted?.values ?? logits;
  const noise = gumbel(e, random(e, seed, { dtype: "i32", shape: values.shape, stream }));
  const largest = (values.q.scale * largestFrom(values.q)) / temperature + MOST_NOISE;
  const q: Quantization = { dtype: "i32", scale: largest / 2 ** 29, zero: 0, lo: -(2 ** 29), hi: 2 ** 29 };
  const scores = addScaled(e, { a: values, b: noise, factorA: 1 / temperature }, q);
  const allowed =
    topP < 1 ? where(e, nucleus(e, values, { temperature, topP }), scores, never(e, q)) : scores;
  const choice = argmaxOfRows(e, allowed);
  return sorted === undefined ? choice : pickFromRows(e, sorted.indices, choice);
}

/** A score below all others. */
function never(e: Emitter, q: Quantization): Value {
  const lowest = -(2 ** 30);
  return constant(e, { shape: [], values: [lowest], q: { ...q, lo: lowest } });
}

/** Probabilities below e^-16 of the largest count as 0 in the sum that top-p looks at. */
const NUCLEUS_DEPTH = 16;
const LARGEST_I16 = 32_767;

/** 1 for the tokens of sorted logits [rows, k] before which less than `topP` of the probability lies, else 0. */
function nucleus(
  e: Emitter,
  sorted: Value,
  by: { readonly temperature: number; readonly topP: number },
): Value {
  const [rows = 1, count = 1] = sorted.shape;
  const first = slice(e, sorted, { starts: [0, 0], steps: [1, 1], sizes: [rows, 1] });
  const scale = (NUCLEUS_DEPTH * by.temperature) / LARGEST_I16;
  const below: Quantization = { dtype: "i16", scale, zero: 0, lo: -LARGEST_I16, hi: 0 };
  const distance = addScaled(e, { a: sorted, b: first, factorB: -1 }, below);
  const unit: Quantization = { dtype: "i16", scale: 1 / LARGEST_I16, zero: 0, lo: 0, hi: LARGEST_I16 };
  const weights = table(e, distance, (x) => Math.exp(x / by.temperature), unit);
  const limit = count * LARGEST_I16;
  const before = cumulativeSum(e, weights, { exclusive: true, limit });
  const total = emit(e, "sumReduce", {
    operands: [weights],
    shape: [rows, 1],
    q: before.q,
    attrs: [1, 0, 1, 0, 0],
  });
  return compare(e, before, "<", rescale(e, total, before.q, by.topP));
}

/** Noise is stored in units of 2^-10, and is below this: -ln(-ln(1 - 2^-33)) is 22.9. */
const NOISE_SCALE = 2 ** -10;
const MOST_NOISE = 24;

/**
 * Gumbel noise from uniform words. The upper 16 bits choose a quantile; among the rarest 1 in 256 the next bits choose
 * a finer one, twice, so that neighbours are never further than 1/256 apart and the tail reaches 2^-33.
 */
function gumbel(e: Emitter, words: Value): Value {
  const signed = { width: 32, signed: true } as const;
  const half = { width: 16, signed: true } as const;
  const bits = (count: number): Value => integerConstant(e, "i8", [], [count]);
  const upper = shift(e, "right", { x: words, by: bits(16), word: signed, dtype: "i16" });
  const shifted = shift(e, "right", { x: words, by: bits(8), word: signed, dtype: "i32" });
  const middle = shift(e, "left", { x: shifted, by: bits(0), word: half, dtype: "i16" });
  const lower = shift(e, "left", { x: words, by: bits(0), word: half, dtype: "i16" });
  // The word read as an unsigned number above -2^31: its upper half then runs from 0, the other parts are bit patterns.
  const coarse = noiseTable(e, upper, (v) => (v + 32_768.5) / 2 ** 16);
  const fine = noiseTable(e, middle, (v) => ((v & 0xffff) + 0.5) / 2 ** 24);
  const finest = noiseTable(e, lower, (v) => ((v & 0xffff) + 0.5) / 2 ** 32);
  const under = (limit: number): Value =>
    compare(e, words, "<", integerConstant(e, "i32", [], [-(2 ** 31) + limit]));
  return where(e, under(2 ** 16), finest, where(e, under(2 ** 24), fine, coarse));
}

/** The quantile of the Gumbel distribution above which lies the share that `share` gives for an i16. */
function noiseTable(e: Emitter, x: Value, share: (value: number) => number): Value {
  const q: Quantization = { dtype: "i16", scale: NOISE_SCALE, zero: 0, lo: -LARGEST_I16, hi: LARGEST_I16 };
  return table(e, x, (v) => -Math.log(-Math.log1p(-share(v))), q);
}

function checkRule(
  rule: { readonly temperature: number; readonly topP: number; readonly count: number },
  vocabulary: number,
): void {
  const checks: readonly (readonly [string, boolean, string, number])[] = [
    [
      "temperature",
      rule.temperature > 0 && Number.isFinite(rule.temperature),
      "a positive number",
      rule.temperature,
    ],
    ["top-p", rule.topP >= 0.001 && rule.topP <= 1, "a share in [0.001, 1]", rule.topP],
    [
      "top-k",
      Number.isInteger(rule.count) && rule.count >= 1 && rule.count <= vocabulary,
      `1 to ${vocabulary} tokens`,
      rule.count,
    ],
  ];
  for (const [what, holds, want, got] of checks) {
    if (holds) continue;
    throw new AivmError("AIVM_SAMPLING", { what, want, got: `${got}`, remedy: "correct the sampling rule" });
  }
}

/** Accuracy of an artifact beside the float model's, over a labelled split: the figures of the card, always measured. */

import { AivmError } from "../../common/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { OnnxTensor } from "../import/onnx/graph.ts";
import type { Program } from "../program/program.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CalibrationSample } from "./calibrate.ts";
import { quantizeInput } from "./fidelity.ts";
import type { FloatSession } from "./reference.ts";
import { arrayFor } from "./samples.ts";

/** Samples and the right answer to each. */
export interface LabelledSplit {
  readonly samples: readonly CalibrationSample[];
  readonly labels: ArrayLike<number>;
}

/** What is evaluated. */
export interface AccuracyTask {
  readonly program: Program;
  readonly engine: Engine;
  /** The float model; its inputs have the program's names and shapes. */
  readonly float: FloatSession;
  readonly split: LabelledSplit;
  /** Output that answers: its only element, or the index of its largest one. Default: the first integer output, else the first. */
  readonly output?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Measured figures. Shares are in [0, 1]. */
export interface AccuracyReport {
  readonly count: number;
  readonly floatTop1: number;
  readonly fixedTop1: number;
  /** fixedTop1 - floatTop1. */
  readonly delta: number;
  /** Share of samples on which both give the same answer. */
  readonly agreement: number;
  /** Share of input elements that the input scale clamps. */
  readonly saturation: number;
  /** Largest |difference| of a float output, in real units; 0 when the model has none. */
  readonly worstDivergence: number;
  /** Signal to noise of the float outputs over the whole split, dB. */
  readonly sqnrDb: number;
}

/**
 * Runs both models over the split.
 * @throws AIVM_ACCURACY_SPLIT when labels and samples do not match, AIVM_INPUTS and its like for wrong samples.
 */
export async function evaluateAccuracy(task: AccuracyTask): Promise<AccuracyReport> {
  const { program, split } = task;
  const count = split.samples.length;
  if (count === 0 || split.labels.length !== count) throw splitError(count, split.labels.length);
  const answer = answerIndex(program, task.output);
  const sums = { float: 0, fixed: 0, agree: 0, clamped: 0, elements: 0, worst: 0, signal: 0, noise: 0 };
  for (const [i, sample] of split.samples.entries()) {
    const feeds = feedsOf(program, sample);
    const inputs = program.inputs.map((port, k) =>
      quantizeInput(port, feeds[k]?.data ?? [], feeds[k]?.dtype === "float32"),
    );
    for (const [k, port] of program.inputs.entries()) {
      sums.clamped += clampedCount(feeds[k], { scale: port.scale, zero: port.zero, ...rangeOf(port.type) });
      sums.elements += feeds[k]?.data.length ?? 0;
    }
    const fixed = await task.engine.run({ inputs });
    const float = await task.float.run(feeds);
    const fixedAnswer = answerOf(fixed.outputs[answer]?.data ?? []);
    const floatAnswer = answerOf(float.get(program.outputs[answer]?.name ?? "")?.data ?? []);
    sums.float += floatAnswer === split.labels[i] ? 1 : 0;
    sums.fixed += fixedAnswer === split.labels[i] ? 1 : 0;
    sums.agree += fixedAnswer === floatAnswer ? 1 : 0;
    addDivergence(sums, program, { fixed: fixed.outputs, float });
    task.onProgress?.(i + 1, count);
  }
  return {
    count,
    floatTop1: sums.float / count,
    fixedTop1: sums.fixed / count,
    delta: (sums.fixed - sums.float) / count,
    agreement: sums.agree / count,
    saturation: sums.clamped / Math.max(sums.elements, 1),
    worstDivergence: sums.worst,
    sqnrDb: sums.noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(sums.signal / sums.noise),
  };
}

/** The figures as the card of an artifact: JSON with fixed keys, shares in parts per ten thousand, so that it hashes the same. */
export function cardText(report: AccuracyReport): string {
  const share = (value: number): number => Math.round(value * 10_000);
  return JSON.stringify({
    samples: report.count,
    floatTop1Bps: share(report.floatTop1),
    fixedTop1Bps: share(report.fixedTop1),
    agreementBps: share(report.agreement),
    inputSaturationBps: share(report.saturation),
  });
}

function splitError(samples: number, labels: number): AivmError {
  return new AivmError("AIVM_ACCURACY_SPLIT", {
    what: "labelled split",
    want: "at least one sample, and one label for each",
    got: `${samples} samples and ${labels} labels`,
    remedy: "pass the test split with its labels",
  });
}

function answerIndex(program: Program, name: string | undefined): number {
  const wanted =
    name === undefined
      ? program.outputs.findIndex((port) => port.scale === 1 && port.zero === 0)
      : program.outputs.findIndex((port) => port.name === name);
  if (name === undefined) return Math.max(wanted, 0);
  if (wanted >= 0) return wanted;
  throw new AivmError("AIVM_ACCURACY_SPLIT", {
    what: "output that answers",
    want: program.outputs.map((port) => port.name).join(" or "),
    got: name,
    remedy: "name an output of the model",
  });
}

/** Float (or integer) inputs of one sample, as the float model takes them. */
export function feedsOf(program: Program, sample: CalibrationSample): OnnxTensor[] {
  return program.inputs.map((port, k) => {
    const dtype = port.scale === 1 && port.zero === 0 && port.type.dtype === "i32" ? "int64" : "float32";
    return { name: port.name, dtype, shape: port.type.shape, data: arrayFor(dtype, sample[k] ?? []) };
  });
}

/** The only element, or the index of the first largest one. */
function answerOf(data: ArrayLike<number | bigint>): number {
  if (data.length === 1) return Number(data[0]);
  let best = 0;
  for (let i = 1; i < data.length; i++) if (Number(data[i]) > Number(data[best])) best = i;
  return best;
}

function rangeOf(type: { readonly lo: number; readonly hi: number }): {
  readonly lo: number;
  readonly hi: number;
} {
  return { lo: type.lo, hi: type.hi };
}

function clampedCount(
  feed: OnnxTensor | undefined,
  q: { readonly scale: number; readonly zero: number; readonly lo: number; readonly hi: number },
): number {
  if (!(feed?.data instanceof Float32Array)) return 0;
  let clamped = 0;
  for (const value of feed.data) {
    const steps = value / q.scale + q.zero;
    if (steps < q.lo - 0.5 || steps > q.hi + 0.5) clamped++;
  }
  return clamped;
}

interface Divergence {
  worst: number;
  signal: number;
  noise: number;
}

function addDivergence(
  sums: Divergence,
  program: Program,
  outputs: { readonly fixed: readonly Tensor[]; readonly float: ReadonlyMap<string, OnnxTensor> },
): void {
  for (const [i, port] of program.outputs.entries()) {
    const want = outputs.float.get(port.name);
    const got = outputs.fixed[i];
    if (got === undefined || !(want?.data instanceof Float32Array)) continue;
    for (let k = 0; k < got.data.length; k++) {
      const expected = want.data[k] ?? 0;
      const difference = Math.abs(port.scale * ((got.data[k] ?? 0) - port.zero) - expected);
      sums.worst = Math.max(sums.worst, difference);
      sums.signal += expected * expected;
      sums.noise += difference * difference;
    }
  }
}

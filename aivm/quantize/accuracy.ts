/** An artifact beside its float model over a set of samples, labelled or not: the figures of the card, always measured. */

import { AivmError } from "../../common/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { OnnxTensor } from "../import/onnx/graph.ts";
import { type InputPort, outputTypes, type Program } from "../program/program.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CalibrationSample } from "./calibrate.ts";
import { type ClampedTensor, createClampCounter } from "./clamped.ts";
import { quantizeInput } from "./fidelity.ts";
import type { FloatSession } from "./reference.ts";
import { arrayFor } from "./samples.ts";

/** Samples, and the right answer to each where there are labels. */
export interface EvaluationSet {
  readonly samples: readonly CalibrationSample[];
  readonly labels?: ArrayLike<number>;
}

/** What is evaluated. */
export interface AccuracyTask {
  readonly program: Program;
  readonly engine: Engine;
  /** The float model; its inputs have the program's names and shapes. */
  readonly float: FloatSession;
  readonly split: EvaluationSet;
  /** Output that answers: its only element, or the index of its largest one. Default: the first integer output, else the first. */
  readonly output?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Measured figures. Shares are in [0, 1]. */
export interface AccuracyReport {
  readonly count: number;
  /** Right answers, with labels only: of the float model, of the program, and the second less the first. */
  readonly floatTop1?: number;
  readonly fixedTop1?: number;
  readonly delta?: number;
  /** Share of samples on which both give the same answer. */
  readonly agreement: number;
  /** The answer of the float model that the program changes most often: rounding that turns on one class shows here. */
  readonly worstAnswer: { readonly answer: number; readonly samples: number; readonly changed: number };
  /** Share of input elements that the input scale clamps. */
  readonly saturation: number;
  /** Share of inner elements at an end of their type. */
  readonly innerSaturation: number;
  /** The same of each tensor that can be at an end. */
  readonly tensors: readonly ClampedTensor[];
  /** Largest |difference| of a float output, in real units; 0 when the model has none. */
  readonly worstDivergence: number;
  /** The same beside the largest |value| of that output. */
  readonly relativeDivergence: number;
  /** Signal to noise of the float outputs over the whole set, dB; Infinity when equal. */
  readonly sqnrDb: number;
}

/**
 * Runs both models over the set.
 * @throws AIVM_ACCURACY_SPLIT when labels and samples do not match, AIVM_INPUTS and its like for wrong samples.
 */
export async function evaluateAccuracy(task: AccuracyTask): Promise<AccuracyReport> {
  const { program, split } = task;
  const count = split.samples.length;
  const { labels } = split;
  if (count === 0 || (labels !== undefined && labels.length !== count))
    throw splitError(count, labels?.length ?? 0);
  const answer = answerIndex(program, task.output);
  if (labels !== undefined) assertLabels(labels, elementCount(outputTypes(program)[answer]?.shape ?? []));
  const clamps = createClampCounter(program);
  const divergence = createDivergence(program);
  const answers: { readonly float: number; readonly fixed: number }[] = [];
  for (const [i, sample] of split.samples.entries()) {
    const feeds = feedsOf(task, sample);
    const inputs = program.inputs.map((port, k) => {
      const { data = [], dtype } = feeds[k] ?? {};
      if (dtype === "float32") clamps.addInput(k, data);
      return quantizeInput(port, data, dtype === "float32");
    });
    const fixed = await task.engine.run({
      inputs,
      onOp: (index, output) => clamps.addOp(index, output.data),
    });
    const float = await task.float.run(feeds);
    answers.push({
      fixed: answerOf(fixed.outputs[answer]?.data ?? []),
      float: answerOf(float.get(program.outputs[answer]?.name ?? "")?.data ?? []),
    });
    divergence.add(fixed.outputs, float);
    task.onProgress?.(i + 1, count);
  }
  const clamped = clamps.report();
  return {
    count,
    ...(labels === undefined ? {} : rightAnswers(answers, labels)),
    agreement: answers.filter(({ float, fixed }) => float === fixed).length / count,
    worstAnswer: worstAnswer(answers),
    saturation: clamped.inputs,
    innerSaturation: clamped.ops,
    tensors: clamped.tensors,
    ...divergence.report(),
  };
}

function rightAnswers(
  answers: readonly { readonly float: number; readonly fixed: number }[],
  labels: ArrayLike<number>,
): { readonly floatTop1: number; readonly fixedTop1: number; readonly delta: number } {
  const float = answers.filter((answer, i) => answer.float === labels[i]).length;
  const fixed = answers.filter((answer, i) => answer.fixed === labels[i]).length;
  const count = answers.length;
  return { floatTop1: float / count, fixedTop1: fixed / count, delta: (fixed - float) / count };
}

function worstAnswer(
  answers: readonly { readonly float: number; readonly fixed: number }[],
): AccuracyReport["worstAnswer"] {
  const classes = new Map<number, { samples: number; changed: number }>();
  for (const { float, fixed } of answers) {
    const entry = classes.get(float) ?? { samples: 0, changed: 0 };
    entry.samples++;
    if (fixed !== float) entry.changed++;
    classes.set(float, entry);
  }
  let worst = { answer: 0, samples: 0, changed: 0 };
  for (const [answer, { samples, changed }] of [...classes].sort(([a], [b]) => a - b)) {
    const share = changed / samples;
    const most = worst.samples === 0 ? -1 : worst.changed / worst.samples;
    if (share > most) worst = { answer, samples, changed };
  }
  return worst;
}

function splitError(samples: number, labels: number): AivmError {
  return new AivmError("AIVM_ACCURACY_SPLIT", {
    what: "evaluation set",
    want: "at least one sample, and one label for each or none at all",
    got: `${samples} samples and ${labels} labels`,
    remedy: "pass the test split with its labels",
  });
}

/** An answer is a whole number, and the index of an element where there are several. */
function assertLabels(labels: ArrayLike<number>, elements: number): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? 0;
    if (Number.isInteger(label) && (elements === 1 || (label >= 0 && label < elements))) continue;
    throw new AivmError("AIVM_ACCURACY_SPLIT", {
      what: `label ${i}`,
      want: elements === 1 ? "a whole number" : `a class of 0 to ${elements - 1}`,
      got: `${label}`,
      remedy: "pass the labels of this model's classes",
    });
  }
}

function answerIndex(program: Program, name: string | undefined): number {
  if (name === undefined) {
    const first = program.outputs.findIndex((port) => port.scale === 1 && port.zero === 0);
    return Math.max(first, 0);
  }
  const wanted = program.outputs.findIndex((port) => port.name === name);
  if (wanted >= 0) return wanted;
  throw new AivmError("AIVM_ACCURACY_SPLIT", {
    what: "output that answers",
    want: program.outputs.map((port) => port.name).join(" or "),
    got: name,
    remedy: "name an output of the model",
  });
}

/** True for a port that carries integers (token ids) as they are. */
export function holdsIntegers(port: InputPort): boolean {
  return port.scale === 1 && port.zero === 0 && port.type.dtype === "i32";
}

/** Inputs of one sample as the float model takes them: in its own types, or in what the port suggests where it is silent. */
export function feedsOf(
  { program, float }: Pick<AccuracyTask, "program" | "float">,
  sample: CalibrationSample,
): OnnxTensor[] {
  return program.inputs.map((port, k) => {
    const dtype = float.inputTypes?.get(port.name) ?? (holdsIntegers(port) ? "int64" : "float32");
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

interface Divergence {
  add(fixed: readonly Tensor[], float: ReadonlyMap<string, OnnxTensor>): void;
  report(): Pick<AccuracyReport, "worstDivergence" | "relativeDivergence" | "sqnrDb">;
}

/** Differences of the float outputs, over all samples. */
function createDivergence(program: Program): Divergence {
  const outputs = program.outputs.map(() => ({ worst: 0, largest: 0 }));
  let signal = 0;
  let noise = 0;
  return {
    add: (fixed, float) => {
      for (const [i, port] of program.outputs.entries()) {
        const want = float.get(port.name);
        const got = fixed[i];
        const entry = outputs[i];
        if (entry === undefined || got === undefined || !(want?.data instanceof Float32Array)) continue;
        for (let k = 0; k < got.data.length; k++) {
          const expected = want.data[k] ?? 0;
          const difference = Math.abs(port.scale * ((got.data[k] ?? 0) - port.zero) - expected);
          entry.worst = Math.max(entry.worst, difference);
          entry.largest = Math.max(entry.largest, Math.abs(expected));
          signal += expected * expected;
          noise += difference * difference;
        }
      }
    },
    report: () => ({
      worstDivergence: Math.max(...outputs.map(({ worst }) => worst)),
      relativeDivergence: Math.max(
        ...outputs.map(({ worst, largest }) => (largest === 0 ? 0 : worst / largest)),
      ),
      sqnrDb: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise),
    }),
  };
}

/** Error of an artifact beside its float model's where the answers are numbers: mean squared error over a labelled split. */
import { AivmError } from "../../common/errors.ts";
import { type AccuracyTask, type EvaluationSet, feedsOf } from "./accuracy.ts";
import { quantizeInput } from "./fidelity.ts";

/** Measured figures, in the units of the first output. */
export interface RegressionReport {
  readonly count: number;
  /** Mean over samples and elements of (output - label)^2. */
  readonly floatMse: number;
  readonly fixedMse: number;
  /** Largest |difference| between both models. */
  readonly worstDivergence: number;
  /** Signal of the float output to the noise that integers add, dB; Infinity when equal. */
  readonly sqnrDb: number;
}

/**
 * Runs both models over the split. `split.labels` holds as many numbers per sample as the first output has elements.
 * @throws AIVM_ACCURACY_SPLIT when their number is another, AIVM_INPUTS and its like for wrong samples.
 */
export async function evaluateRegression(
  task: Pick<AccuracyTask, "program" | "engine" | "float" | "onProgress"> & {
    readonly split: Required<EvaluationSet>;
  },
): Promise<RegressionReport> {
  const { program, split } = task;
  const [port] = program.outputs;
  const count = split.samples.length;
  const perSample = split.labels.length / Math.max(count, 1);
  const sums = { float: 0, fixed: 0, worst: 0, signal: 0, noise: 0, elements: 0 };
  for (const [i, sample] of split.samples.entries()) {
    const feeds = feedsOf(task, sample);
    const inputs = program.inputs.map((input, k) =>
      quantizeInput(input, feeds[k]?.data ?? [], feeds[k]?.dtype === "float32"),
    );
    const [fixed] = (await task.engine.run({ inputs })).outputs;
    const float = (await task.float.run(feeds)).get(port?.name ?? "");
    if (port === undefined || fixed === undefined || float === undefined || fixed.data.length !== perSample)
      throw labelsError(fixed?.data.length ?? 0, perSample);
    for (let k = 0; k < perSample; k++) {
      const label = split.labels[i * perSample + k] ?? 0;
      const want = Number(float.data[k]);
      const got = port.scale * ((fixed.data[k] ?? 0) - port.zero);
      sums.float += (want - label) ** 2;
      sums.fixed += (got - label) ** 2;
      sums.worst = Math.max(sums.worst, Math.abs(got - want));
      sums.signal += want * want;
      sums.noise += (got - want) ** 2;
    }
    sums.elements += perSample;
    task.onProgress?.(i + 1, count);
  }
  if (sums.elements === 0) throw labelsError(1, 0);
  return {
    count,
    floatMse: sums.float / sums.elements,
    fixedMse: sums.fixed / sums.elements,
    worstDivergence: sums.worst,
    sqnrDb: sums.noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(sums.signal / sums.noise),
  };
}

function labelsError(want: number, got: number): AivmError {
  return new AivmError("AIVM_ACCURACY_SPLIT", {
    what: "labels of a regression",
    want: `${want} numbers per sample, as the first output has elements`,
    got: `${got}`,
    remedy: "pass the test split with one label array of the output's size per sample",
  });
}

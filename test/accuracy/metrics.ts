/** What is measured on each real model: one figure for the float model, one for the integers, and whether the bar holds. */

/** Real values of a model's outputs for one sample, by name. */
export type Answer = ReadonlyMap<string, Float64Array>;

/** Both models' answers to the same samples, in order. */
export interface Answers {
  readonly float: readonly Answer[];
  readonly fixed: readonly Answer[];
  readonly inputs: readonly (readonly ArrayLike<number>[])[];
}

/** A metric's result. `difference` and the bar are in the metric's own unit. */
export interface Score {
  readonly metric: string;
  readonly float: number;
  readonly fixed: number;
  readonly difference: number;
  readonly unit: string;
  readonly passed: boolean;
}

/** Measures one thing over all answers. */
export type Metric = (answers: Answers) => Score;

/** Top-1 in percent; `labels[i]` lists the right classes of sample i. At most `lost` right answers may go. */
export function top1(
  output: string,
  facts: { readonly labels: readonly (readonly number[])[]; readonly lost: number },
): Metric {
  return ({ float, fixed }) => {
    const right = (answers: readonly Answer[]): number =>
      answers.filter((answer, i) => facts.labels[i]?.includes(argmax(valuesOf(answer, output)))).length;
    const [a, b] = [right(float), right(fixed)];
    const share = 100 / Math.max(float.length, 1);
    return {
      metric: "top-1",
      float: a * share,
      fixed: b * share,
      difference: (b - a) * share,
      unit: "%",
      passed: b >= a - facts.lost,
    };
  };
}

/** Share of samples, in percent, whose smallest (or largest) output is the same in both models. */
export function sameAnswer(
  output: string,
  facts: { readonly smallest: boolean; readonly atLeast: number },
): Metric {
  const sign = facts.smallest ? -1 : 1;
  const pick = (answer: Answer | undefined): number =>
    answer === undefined ? -1 : argmax(valuesOf(answer, output).map((v) => sign * v));
  return ({ float, fixed }) => {
    const same = float.filter((answer, i) => pick(answer) === pick(fixed[i])).length;
    const share = (100 * same) / Math.max(float.length, 1);
    return {
      metric: facts.smallest ? "same argmin" : "same argmax",
      float: 100,
      fixed: share,
      difference: share - 100,
      unit: "%",
      passed: share >= facts.atLeast,
    };
  };
}

/** Mean squared error of a reconstruction of the first input, which may differ by `within` percent of the float model's. */
export function reconstruction(output: string, within: number): Metric {
  return ({ float, fixed, inputs }) => {
    const error = (answers: readonly Answer[]): number =>
      mean(
        answers.map((answer, i) => {
          const input = inputs[i]?.[0] ?? [];
          return mean(Array.from(valuesOf(answer, output), (v, k) => (v - (input[k] ?? 0)) ** 2));
        }),
      );
    const [a, b] = [error(float), error(fixed)];
    const difference = (100 * (b - a)) / a;
    return {
      metric: "mean squared error",
      float: a,
      fixed: b,
      difference,
      unit: "% of it",
      passed: Math.abs(difference) <= within,
    };
  };
}

/** Detected boxes: as many anchors above `threshold`, and the best box in the same place (intersection over union). */
export function sameBoxes(facts: {
  readonly scores: string;
  readonly boxes: string;
  readonly threshold: number;
  readonly iou: number;
}): Metric {
  const above = (answer: Answer | undefined): number =>
    answer === undefined ? -1 : faces(answer, facts.scores).filter((score) => score > facts.threshold).length;
  const best = (answer: Answer): readonly number[] => {
    const at = argmax(faces(answer, facts.scores));
    return [...valuesOf(answer, facts.boxes).slice(4 * at, 4 * at + 4)];
  };
  return ({ float, fixed }) => {
    const overlaps = float.map((answer, i) => overlap(best(answer), best(fixed[i] ?? new Map())));
    const worst = Math.min(...overlaps);
    const counts = float.every((answer, i) => above(answer) === above(fixed[i]));
    return {
      metric: `box IoU; anchors ${float.map(above).join(",")} and ${fixed.map(above).join(",")}`,
      float: 1,
      fixed: worst,
      difference: worst - 1,
      unit: "",
      passed: worst >= facts.iou && counts,
    };
  };
}

/** Nothing but the signal-to-noise ratio, which every model reports: passes unless a value is no number. */
export function signalOnly(): Metric {
  return ({ fixed }) => ({
    metric: "none",
    float: 0,
    fixed: 0,
    difference: 0,
    unit: "",
    passed: fixed.every((answer) => [...answer.values()].every((values) => values.every(Number.isFinite))),
  });
}

/** Signal to noise of one output over all samples, dB. */
export function sqnrDb(answers: Answers, output: string): number {
  let signal = 0;
  let noise = 0;
  for (const [i, answer] of answers.float.entries()) {
    const got = valuesOf(answers.fixed[i] ?? new Map(), output);
    for (const [k, want] of valuesOf(answer, output).entries()) {
      signal += want * want;
      noise += (want - (got[k] ?? 0)) ** 2;
    }
  }
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}

/** The second class's score of each anchor. */
function faces(answer: Answer, output: string): number[] {
  return Array.from(valuesOf(answer, output)).filter((_, i) => i % 2 === 1);
}

/** Intersection over union of two boxes (x1, y1, x2, y2). */
function overlap(a: readonly number[], b: readonly number[]): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a;
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b;
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  const both = Math.max(width, 0) * Math.max(height, 0);
  return both / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - both);
}

function valuesOf(answer: Answer, output: string): Float64Array {
  return answer.get(output) ?? new Float64Array(0);
}

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1);
}

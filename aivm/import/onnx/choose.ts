/**
 * What compilation decides by measurement: it lowers the model in one way and another, runs both on samples that
 * calibration held out, and keeps what is closer to the float model. Every trial is reported.
 */
import type { Engine } from "../../engine/engine.ts";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../program/artifact.ts";
import type { LoweringChoices, LoweringOptions } from "./lowering/lowering.ts";
import { type CalibratedModel, lowerModel } from "./lowerModel.ts";
import { observedTensors, type Running, readTensors } from "./observe.ts";

/** How weights are stored: one width for all layers, or 16 bits for those that need them. */
export type WeightChoice = "i8" | "i16" | "auto";

/** What is asked for. */
export interface ChoiceTask extends Pick<LoweringOptions, "precision" | "tensors"> {
  readonly name: string;
  readonly weights: WeightChoice;
  /** With `auto`: layers get 16-bit weights until this signal-to-noise ratio is reached, dB. */
  readonly targetDb: number;
  readonly engine: (model: LoadedModel) => Promise<Engine> | Engine;
  /** Told of every trial as it ends. */
  readonly onTrial?: (trial: Trial) => void;
  /** Most operands of one output element. Default 16,384. */
  readonly maxOperands?: number;
}

/** One thing that was tried. */
export interface Trial {
  readonly what: string;
  /** Signal to noise on held-out samples, dB, at most 120: the mean over the observed tensors. */
  readonly sqnrDb: number;
  readonly kept: boolean;
}

/** A lowered model, loaded and with its engine. */
export interface ChosenModel extends Running {
  readonly artifact: Uint8Array;
  readonly model: LoadedModel;
  readonly choices: LoweringChoices;
}

interface Attempt extends ChosenModel {
  readonly sqnrDb: number;
}

interface Search {
  readonly model: CalibratedModel;
  readonly task: ChoiceTask;
  readonly trials: Trial[];
}

/** Held-out samples that a trial runs. */
const TRIAL_SAMPLES = 4;
/** A trial must be better by this to be kept, dB: less is chance. */
const WORTHWHILE_DB = 0.1;
/** 16 bits for inner tensors cost speed: they must bring more. */
const WORTHWHILE_WIDE_DB = 0.5;
/** 16-bit weights double a layer's bytes and more than its time: all of them must halve the error. */
const WORTHWHILE_WEIGHTS_DB = 6;
/** Shares of the layers that may do with 16-bit weights instead of all. */
const STEPS: readonly number[] = [0.25, 0.5, 0.75, 0.9];
/** How far from what all layers reach is close, dB. */
const CLOSE_DB = 1.5;
/** Ratio that counts as equal, dB. */
const EQUAL_DB = 120;

/**
 * Lowers a calibrated model as well as it can. A calibration set too small to hold samples out is lowered as asked,
 * with 8-bit weights for `auto`.
 * @throws what lowering and loading throw
 */
export async function chooseLowering(
  model: CalibratedModel,
  task: ChoiceTask,
): Promise<{ readonly chosen: ChosenModel; readonly trials: readonly Trial[] }> {
  const search: Search = { model, task, trials: [] };
  const first = await attempt(search, {});
  if (!model.calibration.judged || first.lowered.layers.length === 0) return { chosen: first, trials: [] };
  report(search, { what: "as calibrated", sqnrDb: first.sqnrDb, kept: true });
  let best = first;
  if (task.precision === "a8") {
    best = await consider(search, best, { what: "percentile ranges", choices: { clipped: true } });
    const wideTensors = residualTensors(model);
    const wide = { what: "16-bit residual sums", choices: { wideTensors }, gainDb: WORTHWHILE_WIDE_DB };
    if (wideTensors.size > 0) best = await consider(search, best, wide);
  }
  if (task.weights === "auto") best = await widenLayers(search, best);
  return { chosen: best, trials: search.trials };
}

function report(search: Search, trial: Trial): void {
  search.trials.push(trial);
  search.task.onTrial?.(trial);
}

/** Lowers with these choices, and measures. */
async function attempt(search: Search, choices: LoweringChoices): Promise<Attempt> {
  const { model, task } = search;
  const weights = task.weights === "i16" ? "i16" : "i8";
  const { name, precision, tensors, maxOperands } = task;
  const options = {
    name,
    precision,
    weights,
    choices,
    ...(tensors === undefined ? {} : { tensors }),
    ...(maxOperands === undefined ? {} : { maxOperands }),
  } as const;
  const lowered = lowerModel(model, options);
  const artifact = encodeArtifact(lowered.program, lowered.constants);
  const loaded = loadArtifact(artifact);
  const running = { lowered, engine: await task.engine(loaded) };
  const sqnrDb = model.calibration.judged ? await signalToNoise(model, running) : 0;
  return { ...running, artifact, model: loaded, choices, sqnrDb };
}

/** The better of the best so far and the same with further choices. */
async function consider(
  search: Search,
  best: Attempt,
  trial: { readonly what: string; readonly choices: LoweringChoices; readonly gainDb?: number },
): Promise<Attempt> {
  const tried = await attempt(search, { ...best.choices, ...trial.choices });
  const kept = tried.sqnrDb >= best.sqnrDb + (trial.gainDb ?? WORTHWHILE_DB);
  report(search, { what: trial.what, sqnrDb: tried.sqnrDb, kept });
  return kept ? tried : best;
}

/**
 * All layers with 16-bit weights when that brings much, or the smallest of some shares of them that reaches the target
 * or comes close to what all reach. Those layers come first that make the most noise for each weight.
 */
async function widenLayers(search: Search, best: Attempt): Promise<Attempt> {
  const { targetDb } = search.task;
  const order = sensitiveLayers(best.lowered.layers);
  if (best.sqnrDb >= targetDb) return best;
  const widen = (count: number): Promise<Attempt> =>
    attempt(search, { ...best.choices, wideLayers: new Set(order.slice(0, count)) });
  const note = (count: number, tried: Attempt, kept: boolean): void => {
    report(search, { what: `16-bit weights in ${count} layers`, sqnrDb: tried.sqnrDb, kept });
  };
  const all = await widen(order.length);
  const worthwhile = all.sqnrDb >= best.sqnrDb + WORTHWHILE_WEIGHTS_DB;
  note(order.length, all, worthwhile);
  if (!worthwhile) return best;
  const enough = Math.min(targetDb, all.sqnrDb - CLOSE_DB);
  let found = all;
  let few = 0;
  let many = STEPS.length;
  while (few < many) {
    const middle = Math.floor((few + many - 1) / 2);
    const count = Math.ceil((STEPS[middle] ?? 1) * order.length);
    const tried = await widen(count);
    const reaches = tried.sqnrDb >= enough;
    note(count, tried, reaches);
    if (reaches) {
      found = tried;
      many = middle;
    } else few = middle + 1;
  }
  return found;
}

/** Names of the layers, those first that make the most noise for each weight. */
function sensitiveLayers(
  layers: readonly { readonly name: string; readonly weights: number; readonly noise: number }[],
): string[] {
  const sums = new Map<string, { noise: number; weights: number }>();
  for (const { name, noise, weights } of layers) {
    const sum = sums.get(name) ?? { noise: 0, weights: 0 };
    sums.set(name, { noise: sum.noise + noise, weights: sum.weights + weights });
  }
  return [...sums].sort(([, a], [, b]) => b.noise / b.weights - a.noise / a.weights).map(([name]) => name);
}

/** Sums of two computed tensors, and what they sum. */
function residualTensors({ graph, calibration }: CalibratedModel): ReadonlySet<string> {
  const isComputed = (name: string): boolean => calibration.stats.has(name);
  const sums = graph.nodes.filter((node) => node.opType === "Add" && node.inputs.every(isComputed));
  return new Set(sums.flatMap((node) => [...node.inputs, ...node.outputs]));
}

/** Mean over the observed tensors of their ratio on held-out samples, dB. */
async function signalToNoise(model: CalibratedModel, running: Running): Promise<number> {
  const placed = (name: string): boolean => running.lowered.placed.has(name);
  const outputs = model.graph.outputs.map((value) => value.name);
  const observed = observedTensors(model.graph).filter(placed);
  const names = observed.length === 0 ? outputs : observed;
  const sums = new Map(names.map((name) => [name, { signal: 0, noise: 0 }]));
  for (const { feeds, outputs: want } of model.calibration.kept.slice(0, TRIAL_SAMPLES)) {
    const got = await readTensors(running, feeds, names);
    for (const [name, sum] of sums) {
      const float = want.get(name)?.data ?? [];
      const fixed = got.get(name) ?? new Float64Array(0);
      for (let i = 0; i < float.length; i++) {
        const value = Number(float[i]);
        sum.signal += value ** 2;
        sum.noise += (value - (fixed[i] ?? 0)) ** 2;
      }
    }
  }
  const ratios = [...sums.values()].map(({ signal, noise }) =>
    noise === 0 ? EQUAL_DB : Math.min(EQUAL_DB, 10 * Math.log10(signal / noise)),
  );
  return ratios.reduce((a, b) => a + b, 0) / Math.max(ratios.length, 1);
}

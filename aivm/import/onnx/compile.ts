/** The compiler: an ONNX file and calibration samples in, an integer artifact out. */
import type { Engine } from "../../engine/engine.ts";
import { createReferenceEngine } from "../../engine/reference/referenceEngine.ts";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../program/artifact.ts";
import type { Program } from "../../program/program.ts";
import { type AccuracyReport, type EvaluationSet, evaluateAccuracy } from "../../quantize/accuracy.ts";
import type { Calibration, CalibrationSample } from "../../quantize/calibrate.ts";
import { type Card, cardText, createCard, setHash } from "../../quantize/card.ts";
import { emptyCalibration } from "../../quantize/errors.ts";
import { type Fidelity, measureFidelity } from "../../quantize/fidelity.ts";
import type { FloatReference } from "../../quantize/reference.ts";
import type { Precision } from "../../quantize/scheme.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type ChosenModel, chooseLowering, type Trial, type WeightChoice } from "./choose.ts";
import { precisionError } from "./errors.ts";
import type { OnnxTensor } from "./graph.ts";
import { type CalibratedModel, calibrateModel, type Folding } from "./lowerModel.ts";
import { withoutZipMap } from "./operators/trees/zipMap.ts";

/** What is compiled, and how. */
export interface CompileTask {
  readonly onnx: Uint8Array;
  /** Name of the model in the artifact's metadata. */
  readonly name: string;
  /**
   * Samples of the kind that the model will see: one array per input, row-major. None are needed where the file states
   * every scale itself; fidelity is then not measured.
   */
  readonly calibration: readonly CalibrationSample[];
  readonly precision: Precision;
  readonly reference: FloatReference;
  /**
   * Element type of convolution and dense weights. `auto` gives 16 bits to the layers that need them most, until
   * `targetDb` is reached on held-out calibration samples. Default auto.
   */
  readonly weights?: WeightChoice;
  /** Signal-to-noise ratio that is enough, dB. Default 35. */
  readonly targetDb?: number;
  /** Single tensors of the graph with another precision; name a tensor after its activation (Relu, Clip). */
  readonly tensors?: ReadonlyMap<string, Precision>;
  /** Graph inputs that become constants: only ones that fix shapes make sense. */
  readonly bound?: ReadonlyMap<string, OnnxTensor>;
  /**
   * Most operands of one output element, 2 to 16,384 (the default); 4,096 keeps every leaf of a dispute within what an
   * EVM judges. Longer reductions are split (aivm/import/split).
   */
  readonly maxOperands?: number;
  /**
   * What calibration saw of another compiled graph: tensors of the same name get the same scales, so that programs for
   * pieces of one prompt hand each other a cache. A mask of -infinity must be in every one of them or in none, and
   * `weights` must be "i8" or "i16": "auto" may choose otherwise for each.
   */
  readonly scalesOf?: Calibration;
  /** Static shapes where the file leaves dimensions free. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /**
   * Refuse the result when, on the kept calibration samples, a float output is further from the float model than
   * max(2 x scale, limit x max |y|), or an integer output differs at all. Default: measure and report only.
   */
  readonly errorLimit?: number;
  /** Engine that measures fidelity. Default: the reference engine, exact and slow. */
  readonly engine?: (model: LoadedModel) => Promise<Engine> | Engine;
  /** Samples, with labels or without: both models are measured on them, and the figures become the card inside the artifact. */
  readonly evaluate?: EvaluationSet;
  /** What the card says of its making. */
  readonly card?: { readonly tool: string; readonly command: string };
  readonly onProgress?: (done: number, total: number) => void;
  /** Told of every trial on held-out samples as it ends. */
  readonly onTrial?: (trial: Trial) => void;
}

/** How the artifact came out. */
export interface CompileReport {
  readonly precision: Precision;
  readonly weights: WeightChoice;
  /** Layers whose weights have 16 bits, by the tensor that each writes. */
  readonly wideLayers: readonly string[];
  /** What was tried on held-out samples, and what was kept. */
  readonly trials: readonly Trial[];
  readonly calibrationSamples: number;
  readonly reference: string;
  readonly artifactBytes: number;
  readonly vmGas: bigint;
  readonly ops: number;
  /** Bound of the largest witness of one element, bytes. */
  readonly witnessBytes: number;
  readonly folding: Folding;
  /** What `fidelity` is measured against: the model as given, or, where the runtime does not run it, as rewritten. */
  readonly fidelityOf: "original" | "rewritten";
  /** Measured on the first calibration samples, per output. */
  readonly fidelity: readonly Fidelity[];
  /** What a model author should not overlook: outputs that the integers hardly follow, or that calibration never saw. */
  readonly warnings: readonly string[];
  /** Measured on the samples given, if any, and the card made of it. */
  readonly accuracy?: AccuracyReport;
  readonly card?: Card;
}

/** A compiled model. */
export interface CompiledModel {
  /** The artifact file. */
  readonly artifact: Uint8Array;
  readonly program: Program;
  /** 32 bytes. */
  readonly modelId: Uint8Array;
  /** The same, loaded: what engines run. */
  readonly model: LoadedModel;
  readonly report: CompileReport;
  /** What calibration saw: `scalesOf` of another graph of the same model. */
  readonly calibration: Calibration;
}

/** Ratio at which weights have enough bits, unless the task says otherwise. */
const TARGET_DB = 35;

/**
 * Compiles an ONNX model.
 * @throws AIVM_ONNX_* (the file, an operator, a form, precision), AIVM_CALIBRATION_* (the samples), AIVM_REFERENCE_*
 * (the float runtime), and what validation of the program throws (AIVM_LIMIT, AIVM_BOUND, AIVM_WITNESS_SIZE, ...).
 */
export async function compileOnnx(given: CompileTask): Promise<CompiledModel> {
  const task = { ...given, onnx: withoutZipMap(given.onnx) };
  const weights = task.weights ?? "auto";
  const calibrated = await calibrateModel(task);
  const { chosen, trials } = await chooseLowering(calibrated, {
    ...task,
    weights,
    targetDb: task.targetDb ?? TARGET_DB,
    engine: task.engine ?? createReferenceEngine,
  });
  const { engine, lowered } = chosen;
  const { calibration } = calibrated;
  if (task.errorLimit !== undefined && calibration.sampleCount === 0) throw emptyCalibration();
  const fidelity =
    calibration.sampleCount > 0 ? await measureFidelity(engine, lowered.program, calibration.kept) : [];
  if (task.errorLimit !== undefined) assertFidelity(fidelity, task.errorLimit);
  const accuracy = await measuredAccuracy(task, chosen, calibrated);
  const card = accuracy === undefined ? undefined : cardOf(task, accuracy);
  const { artifact, model } =
    card === undefined ? chosen : loaded({ ...lowered.program, card: cardText(card) }, lowered.constants);
  const report: CompileReport = {
    precision: task.precision,
    weights,
    wideLayers: lowered.layers.filter((layer) => layer.dtype === "i16").map((layer) => layer.name),
    trials,
    calibrationSamples: calibrated.calibration.sampleCount,
    reference: task.reference.name,
    artifactBytes: artifact.length,
    vmGas: model.vmGas,
    ops: model.program.ops.length,
    witnessBytes: model.facts.witnessBytes,
    folding: lowered.folding,
    fidelityOf: calibrated.ranOriginal ? "original" : "rewritten",
    fidelity,
    warnings: warningsOf(fidelity, task.precision),
    ...(accuracy === undefined || card === undefined ? {} : { accuracy, card }),
  };
  return { artifact, program: model.program, modelId: model.modelId, model, report, calibration };
}

function loaded(
  program: Program,
  constants: readonly Tensor[],
): { readonly artifact: Uint8Array; readonly model: LoadedModel } {
  const artifact = encodeArtifact(program, constants);
  return { artifact, model: loadArtifact(artifact) };
}

function cardOf(task: CompileTask, accuracy: AccuracyReport): Card {
  return createCard(accuracy, {
    onnx: task.onnx,
    evaluation: task.evaluate ?? { samples: [] },
    calibration: setHash(task.calibration),
    reference: task.reference.name,
    tool: task.card?.tool ?? "",
    command: task.card?.command ?? "",
  });
}

async function measuredAccuracy(
  task: CompileTask,
  { engine, lowered: { program } }: ChosenModel,
  { ranOriginal, runnable }: CalibratedModel,
): Promise<AccuracyReport | undefined> {
  if (task.evaluate === undefined) return undefined;
  const float = ranOriginal
    ? await task.reference.load(task.onnx)
    : await runnable.reference.load(runnable.onnx);
  try {
    return await evaluateAccuracy({ program, engine, float, split: task.evaluate });
  } finally {
    await float.close();
  }
}

/** An output with less signal to noise than this is likely to change answers, dB. */
const NOISY_DB = 20;

function warningsOf(fidelity: readonly Fidelity[], precision: Precision): string[] {
  const remedy = precision === "a8" ? "compile with a16" : "give 16-bit weights, or more calibration samples";
  const floats = fidelity.filter(({ integer }) => !integer);
  const silent = floats.filter(({ largest }) => largest === 0);
  const noisy = floats.filter(({ largest, sqnrDb }) => largest > 0 && sqnrDb < NOISY_DB);
  return [
    ...silent.map(
      ({ name }) =>
        `output ${name} is 0 on every calibration sample, so it has no range and stays 0: give samples on which it is not`,
    ),
    ...noisy.map(
      ({ name, sqnrDb }) =>
        `output ${name} has ${sqnrDb.toFixed(1)} dB of signal to noise on the calibration samples, less than ${NOISY_DB}: ${remedy}`,
    ),
  ];
}

function assertFidelity(fidelity: readonly Fidelity[], limit: number): void {
  for (const output of fidelity) {
    const allowed = output.integer ? 0 : Math.max(2 * output.scale, limit * output.largest);
    if (output.worst <= allowed) continue;
    throw precisionError(
      `output ${output.name}`,
      `an error of at most ${allowed} on the calibration samples`,
      `${output.worst}`,
    );
  }
}

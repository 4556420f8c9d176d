/** The compiler: an ONNX file and calibration samples in, an integer artifact out. */
import type { Engine } from "../../engine/engine.ts";
import { createReferenceEngine } from "../../engine/reference/referenceEngine.ts";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../program/artifact.ts";
import type { Program } from "../../program/program.ts";
import {
  type AccuracyReport,
  cardText,
  evaluateAccuracy,
  type LabelledSplit,
} from "../../quantize/accuracy.ts";
import type { Calibration, CalibrationSample } from "../../quantize/calibrate.ts";
import { emptyCalibration } from "../../quantize/errors.ts";
import { type Fidelity, measureFidelity } from "../../quantize/fidelity.ts";
import type { FloatReference } from "../../quantize/reference.ts";
import type { Precision } from "../../quantize/scheme.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { precisionError } from "./errors.ts";
import type { OnnxTensor } from "./graph.ts";
import { type Folding, type LoweredModel, lowerModel } from "./lowerModel.ts";

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
  /** Element type of convolution and dense weights. Default i8. */
  readonly weights?: "i8" | "i16";
  /** Graph inputs that become constants: only ones that fix shapes make sense. */
  readonly bound?: ReadonlyMap<string, OnnxTensor>;
  /**
   * Most operands of one output element, 2 to 16,384 (the default); 4,096 keeps every leaf of a dispute within what an
   * EVM judges. Longer reductions are split (aivm/import/split).
   */
  readonly maxOperands?: number;
  /**
   * What calibration saw of another compiled graph: tensors of the same name get the same scales, so that programs for
   * pieces of one prompt hand each other a cache. A mask of -infinity must be in every one of them or in none.
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
  /** A labelled split: both models are measured on it, and the figures become the card inside the artifact. */
  readonly evaluate?: LabelledSplit;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How the artifact came out. */
export interface CompileReport {
  readonly precision: Precision;
  readonly weights: "i8" | "i16";
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
  /** Measured on the split given, if any. */
  readonly accuracy?: AccuracyReport;
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

/**
 * Compiles an ONNX model.
 * @throws AIVM_ONNX_* (the file, an operator, a form, precision), AIVM_CALIBRATION_* (the samples), AIVM_REFERENCE_*
 * (the float runtime), and what validation of the program throws (AIVM_LIMIT, AIVM_BOUND, AIVM_WITNESS_SIZE, ...).
 */
export async function compileOnnx(task: CompileTask): Promise<CompiledModel> {
  const weights = task.weights ?? "i8";
  const lowered = await lowerModel({ ...task, weights });
  const { program, constants, calibration, folding } = lowered;
  const plain = loaded(program, constants);
  const engine = await (task.engine ?? createReferenceEngine)(plain.model);
  const measured = calibration.sampleCount > 0;
  const fidelity = measured ? await measureFidelity(engine, program, calibration.kept) : [];
  if (task.errorLimit !== undefined && calibration.sampleCount === 0) throw emptyCalibration();
  if (task.errorLimit !== undefined) assertFidelity(fidelity, task.errorLimit);
  const accuracy = await measuredAccuracy(task, engine, lowered);
  const { artifact, model } =
    accuracy === undefined ? plain : loaded({ ...program, card: cardText(accuracy) }, constants);
  const report: CompileReport = {
    precision: task.precision,
    weights,
    calibrationSamples: calibration.sampleCount,
    reference: task.reference.name,
    artifactBytes: artifact.length,
    vmGas: model.vmGas,
    ops: program.ops.length,
    witnessBytes: model.facts.witnessBytes,
    folding,
    fidelityOf: lowered.ranOriginal ? "original" : "rewritten",
    fidelity,
    ...(accuracy === undefined ? {} : { accuracy }),
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

async function measuredAccuracy(
  task: CompileTask,
  engine: Engine,
  { program, ranOriginal, runnable }: LoweredModel,
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

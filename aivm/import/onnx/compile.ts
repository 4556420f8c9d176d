/** The compiler: an ONNX file and calibration samples in, an integer artifact out. */
import type { Engine } from "../../engine/engine.ts";
import { createReferenceEngine } from "../../engine/reference/referenceEngine.ts";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../program/artifact.ts";
import { type InputPort, type OutputPort, type Program, SPEC_VERSION } from "../../program/program.ts";
import {
  type Calibration,
  type CalibrationSample,
  calibrate,
  namesOfConstants,
} from "../../quantize/calibrate.ts";
import { type Fidelity, measureFidelity } from "../../quantize/fidelity.ts";
import type { FloatReference } from "../../quantize/reference.ts";
import type { Precision } from "../../quantize/scheme.ts";
import { decodeOnnx } from "./decode.ts";
import { emit, rescale, typeOf, type Value } from "./emit.ts";
import { invalidGraph, precisionError, unsupportedModel } from "./errors.ts";
import { lowerNodes, neededNodes } from "./families.ts";
import { elementCount, type OnnxGraph, type OnnxTensor } from "./graph.ts";
import { createLowering, getValue, isFloat, type Lowering, quantizationOf, setValue } from "./lowering.ts";
import { normProbes } from "./norm.ts";

/** What is compiled, and how. */
export interface CompileTask {
  readonly onnx: Uint8Array;
  /** Name of the model in the artifact's metadata. */
  readonly name: string;
  /** Samples of the kind that the model will see: one array per input, row-major. */
  readonly calibration: readonly CalibrationSample[];
  readonly precision: Precision;
  readonly reference: FloatReference;
  /** Element type of convolution and dense weights. Default i8. */
  readonly weights?: "i8" | "i16";
  /** Graph inputs that become constants: only ones that fix shapes make sense. */
  readonly bound?: ReadonlyMap<string, OnnxTensor>;
  /** Static shapes where the file leaves dimensions free. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /**
   * Refuse the result when, on the kept calibration samples, a float output is further from the float model than
   * max(2 x scale, limit x max |y|), or an integer output differs at all. Default: measure and report only.
   */
  readonly errorLimit?: number;
  /** Engine that measures fidelity. Default: the reference engine, exact and slow. */
  readonly engine?: (model: LoadedModel) => Promise<Engine> | Engine;
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
  /** Measured on the first calibration samples, per output. */
  readonly fidelity: readonly Fidelity[];
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
}

/**
 * Compiles an ONNX model.
 * @throws AIVM_ONNX_* (the file, an operator, a form, precision), AIVM_CALIBRATION_* (the samples), AIVM_REFERENCE_*
 * (the float runtime), and what validation of the program throws (AIVM_LIMIT, AIVM_BOUND, AIVM_WITNESS_SIZE, ...).
 */
export async function compileOnnx(task: CompileTask): Promise<CompiledModel> {
  const graph = decodeOnnx(task.onnx);
  const fixed = new Set([...graph.initializers.keys(), ...(task.bound?.keys() ?? [])]);
  const constants = namesOfConstants(graph, fixed);
  const nodes = neededNodes(graph, (name) => constants.has(name));
  const { onnx, reference, bound, shapes, onProgress } = task;
  const calibration = await calibrate({
    onnx,
    graph,
    reference,
    samples: task.calibration,
    probes: normProbes(nodes),
    ...(bound === undefined ? {} : { bound }),
    ...(shapes === undefined ? {} : { shapes }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  assertLowerable(graph, calibration);
  const weights = task.weights ?? "i8";
  const ctx = createLowering(graph, calibration, { precision: task.precision, weights });
  const inputs = defineInputs(ctx);
  lowerNodes(ctx, nodes);
  const outputs = graph.outputs.map((value) => outputPort(ctx, value.name));
  const { ops, constantTypes } = ctx.e;
  const program: Program = {
    specVersion: SPEC_VERSION,
    name: task.name,
    inputs,
    constants: constantTypes,
    ops,
    outputs,
    precision: task.precision,
    card: "",
  };
  const artifact = encodeArtifact(program, ctx.e.constants);
  const model = loadArtifact(artifact);
  const engine = await (task.engine ?? createReferenceEngine)(model);
  const fidelity = await measureFidelity(engine, program, calibration.kept);
  if (task.errorLimit !== undefined) assertFidelity(fidelity, task.errorLimit);
  const report: CompileReport = {
    precision: task.precision,
    weights,
    calibrationSamples: calibration.sampleCount,
    reference: reference.name,
    artifactBytes: artifact.length,
    vmGas: model.vmGas,
    ops: ops.length,
    fidelity,
  };
  return { artifact, program, modelId: model.modelId, model, report };
}

/** A model needs an input and an output, and no tensor of size 0. */
function assertLowerable(graph: OnnxGraph, calibration: Calibration): void {
  if (calibration.inputs.length === 0)
    throw unsupportedModel("graph inputs", "at least one that is no constant", "none");
  if (graph.outputs.length === 0)
    throw invalidGraph({ item: "graph outputs", want: "at least one", got: "none" });
  for (const [name, { shape }] of calibration.types) {
    const internal = calibration.constants.has(name) && !graph.outputs.some((value) => value.name === name);
    if (!internal && elementCount(shape) === 0) {
      throw unsupportedModel(`tensor ${name}`, "sizes of at least 1", `[${shape.join(",")}]`);
    }
  }
}

function defineInputs(ctx: Lowering): InputPort[] {
  return ctx.calibration.inputs.map(({ name, shape }, index) => {
    const q = quantizationOf(ctx, name);
    const value: Value = { ref: { kind: "input", index }, shape, q };
    setValue(ctx, name, value);
    return { name, type: typeOf(value), scale: q.scale, zero: q.zero, ingest: "tensor" };
  });
}

/** An output must come from an op, in the ONNX axis order, and use its 16 bits. */
function outputPort(ctx: Lowering, name: string): OutputPort {
  const fine = isFloat(ctx, name) ? refined(ctx, name, getValue(ctx, name)) : getValue(ctx, name);
  const value =
    fine.ref.kind === "op"
      ? fine
      : emit(ctx.e, "reshape", { operands: [fine], shape: fine.shape, q: fine.q });
  return { name, source: value.ref, scale: value.q.scale, zero: value.q.zero };
}

/** A 16-bit output has at least this many steps from 0 to its largest value. */
const COARSEST_OUTPUT = 16_000;

/**
 * A 16-bit output that shares a wider scale (data movement) and fills less than half of its range is shifted up by a
 * power of two: the same real values, with a scale that tells their size.
 */
function refined(ctx: Lowering, name: string, value: Value): Value {
  const stats = ctx.calibration.stats.get(name);
  const largest = stats === undefined ? 0 : Math.max(Math.abs(stats.min), Math.abs(stats.max));
  if (value.q.dtype !== "i16" || value.q.zero !== 0 || largest === 0) return value;
  const steps = Math.ceil(Math.log2((COARSEST_OUTPUT * value.q.scale) / largest) - 1e-9);
  if (steps < 1) return value;
  const scale = value.q.scale / 2 ** Math.min(steps, 20);
  return rescale(ctx.e, value, { dtype: "i16", scale, zero: 0, lo: -32767, hi: 32767 });
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

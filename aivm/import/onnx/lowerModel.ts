/** From an ONNX file to a program and its constants: decode, calibrate, lower, define the ports. */

import { isAivmError } from "../../../common/errors.ts";
import {
  type InputPort,
  type OutputPort,
  type Program,
  type Ref,
  SPEC_VERSION,
} from "../../program/program.ts";
import {
  type Calibration,
  type CalibrationTask,
  calibrate,
  firstFeeds,
  type KeptSample,
  namesOfConstants,
} from "../../quantize/calibrate.ts";
import type { FloatReference } from "../../quantize/reference.ts";
import { largestReal } from "../../quantize/scheme.ts";
import { withScalesOf } from "../../quantize/sharedScales.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { splitForWitness } from "../split/splitForWitness.ts";
import { rescale } from "./emit/compute.ts";
import { emit, typeOf, type Value } from "./emit/emit.ts";
import { invalidGraph, unsupportedModel } from "./errors.ts";
import { decodeOnnx } from "./format/decode.ts";
import { encodeOnnx } from "./format/encode.ts";
import { elementCount, type OnnxGraph, type OnnxNode, type OnnxTensor } from "./graph.ts";
import {
  createLowering,
  type LayerNote,
  type Lowering,
  type LoweringOptions,
  type Placed,
} from "./lowering/lowering.ts";
import { quantizationOf } from "./lowering/quantization.ts";
import { isFloat } from "./lowering/tensors.ts";
import { getValue, setValue } from "./lowering/values.ts";
import { observedTensors } from "./observe.ts";
import { lowerNodes, neededNodes } from "./operators/families.ts";
import { normProbes } from "./operators/norm.ts";
import { isFromFile } from "./quantized/joined.ts";
import { withDynamicQuantize } from "./rewrite/dynamicPattern.ts";
import { withoutEmptyOperands } from "./rewrite/empty.ts";
import { withFunctions } from "./rewrite/functionPattern.ts";
import { isRewritten, rewriteGraph } from "./rewrite/rewrite.ts";
import { withRows } from "./rewrite/rowPatterns.ts";
import { holdingReference, runnableForm } from "./rewrite/runnable.ts";
import { assertNoTraps } from "./traps.ts";
import { withoutRanges, zeroSample } from "./unsampled.ts";

/** A file and samples. `calibration` holds the samples. */
export interface CalibrateModelTask
  extends Pick<CalibrationTask, "onnx" | "reference" | "bound" | "shapes" | "onProgress"> {
  readonly calibration: CalibrationTask["samples"];
  /** Scales of another graph's calibration for every tensor of the same name (quantize/sharedScales.ts). */
  readonly scalesOf?: Calibration;
}

/** How a calibrated model is lowered. */
export interface LowerOptions extends LoweringOptions {
  readonly name: string;
  /** Most operands of one output element: longer reductions are split. Default 16,384. */
  readonly maxOperands?: number;
}

/** What became of the graph's nodes on the way to ops. */
export interface Folding {
  /** Nodes in the file. */
  readonly nodes: number;
  /** Nodes that no input reaches, or no output needs: they became constants or nothing. */
  readonly constant: number;
  /** Nodes that became part of the op before them, by operator: batch normalisations, activations. */
  readonly merged: Readonly<Record<string, number>>;
}

/** A graph with what calibration saw of it: what can be lowered, in one way or another. */
export interface CalibratedModel {
  /** The graph that is lowered: the file's, rewritten in simpler operators. */
  readonly graph: OnnxGraph;
  /** Its nodes that the outputs need, in order. */
  readonly nodes: readonly OnnxNode[];
  /** Nodes of the graph in the file. */
  readonly nodesInFile: number;
  /** Its kept samples hold the outputs of the model as given where the runtime runs it, else of the rewritten one. */
  readonly calibration: Calibration;
  /** True when the runtime ran the model as it was given. */
  readonly ranOriginal: boolean;
  /** The model as the runtime runs it: bytes, and the reference that takes them. */
  readonly runnable: { readonly onnx: Uint8Array; readonly reference: FloatReference };
}

/** A program without a card, its constants, and what is known of it. */
export interface LoweredModel {
  readonly program: Program;
  readonly constants: readonly Tensor[];
  readonly layers: readonly LayerNote[];
  /** Where each tensor of the graph is in the program, as far as it is there. */
  readonly placed: ReadonlyMap<string, Placed>;
  readonly folding: Folding;
}

/** Decodes, rewrites and calibrates. An operator that is not supported is refused before anything is run. @throws as compileOnnx does. */
export async function calibrateModel(task: CalibrateModelTask): Promise<CalibratedModel> {
  const given = decodeOnnx(task.onnx);
  needed(given, task, (node) => isRewritten(node, given.opset));
  const unsampled = task.calibration.length === 0;
  const samples = unsampled ? [zeroSample(given, task)] : task.calibration;
  assertNoTraps(given, { samples, bound: task.bound ?? new Map<string, OnnxTensor>() });
  const { graph: rewritten, runnable, original: judge } = await rewrittenModel(given, task, samples);
  const nodes = needed(rewritten, task, () => false);
  const seen = await calibrate({
    ...task,
    ...runnable,
    graph: rewritten,
    samples,
    watched: observedTensors(rewritten),
    probes: normProbes(nodes),
  });
  const original = await keptOutputs(task, seen.kept, judge);
  const sampled = original === undefined ? seen : { ...seen, kept: original };
  const measured = unsampled ? withoutRanges(sampled) : sampled;
  const plain = withoutEmptyOperands(rewritten, (name) => measured.types.get(name)?.shape);
  const dynamic = withDynamicQuantize(plain, measured.constants);
  const found = unsampled ? { graph: dynamic, calibration: measured } : withPatterns(dynamic, measured);
  const { graph } = found;
  const calibration =
    task.scalesOf === undefined ? found.calibration : withScalesOf(found.calibration, task.scalesOf);
  const live = needed(graph, task, () => false);
  assertLowerable(graph, calibration, live);
  const ranOriginal = original !== undefined;
  return { graph, nodes: live, nodesInFile: given.nodes.length, calibration, ranOriginal, runnable };
}

/** Lowers a calibrated model. @throws as compileOnnx does. */
export function lowerModel(model: CalibratedModel, options: LowerOptions): LoweredModel {
  const { graph, nodes } = model;
  const ctx = createLowering(graph, model.calibration, options);
  const inputs = defineInputs(ctx);
  const merged = lowerNodes(ctx, nodes);
  const outputs = graph.outputs.map((value) => outputPort(ctx, value.name));
  const program: Program = {
    specVersion: SPEC_VERSION,
    name: options.name,
    inputs,
    constants: ctx.e.constantTypes,
    ops: ctx.e.ops,
    outputs,
    precision: options.precision,
    card: "",
  };
  const { refOf, ...split } = splitForWitness({ program, constants: ctx.e.constants }, options.maxOperands);
  const folding = {
    nodes: model.nodesInFile,
    constant: graph.nodes.length - nodes.length,
    merged: countByOperator(merged),
  };
  return { ...split, layers: ctx.layers, placed: placedOf(ctx, refOf), folding };
}

/** Operators written out in simpler ones, put back by what calibration saw of them. */
function withPatterns(
  given: OnnxGraph,
  calibration: Calibration,
): { readonly graph: OnnxGraph; readonly calibration: Calibration } {
  const { graph, probed } = withRows(given, calibration);
  return { graph: withFunctions(graph, calibration), calibration: { ...calibration, probed } };
}

/** Where the tensors of the graph are once the ops have their final numbers. */
function placedOf(ctx: Lowering, refOf: (ref: Ref) => Ref | undefined): ReadonlyMap<string, Placed> {
  const out = new Map<string, Placed>();
  const first = [...ctx.placed].map(([name, [placed]]) => [name, placed] as const);
  for (const [name, placed] of [...first, ...ctx.stored]) {
    const ref = placed === undefined ? undefined : refOf(placed.value.ref);
    if (placed !== undefined && ref !== undefined)
      out.set(name, { ...placed, value: { ...placed.value, ref } });
  }
  return out;
}

function countByOperator(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** The nodes that the outputs need. @throws AIVM_ONNX_UNSUPPORTED_OP for one without a lowering, `handled` ones aside. */
function needed(
  graph: OnnxGraph,
  task: CalibrateModelTask,
  handled: (node: OnnxNode) => boolean,
): OnnxNode[] {
  const known = namesOfConstants(
    graph,
    new Set([...graph.initializers.keys(), ...(task.bound?.keys() ?? [])]),
  );
  return neededNodes(graph, (name) => known.has(name), handled);
}

/** How the model as given compares: it is what was run, the runtime may run it, or must not be asked to. */
type Original = "same" | "other" | "unsafe";

/** The graph in simpler operators, and the same in a form that the runtime runs. */
async function rewrittenModel(
  given: OnnxGraph,
  task: CalibrateModelTask,
  samples: CalibrationTask["samples"],
): Promise<{
  readonly graph: OnnxGraph;
  readonly original: Original;
  readonly runnable: CalibratedModel["runnable"];
}> {
  const { reference } = task;
  const bound = task.bound ?? new Map<string, OnnxTensor>();
  const feeds = [...firstFeeds({ ...task, graph: given, samples }), ...bound.values()];
  const rewritten = await rewriteGraph({ graph: given, reference, feeds, bound: new Set(bound.keys()) });
  const form = runnableForm(rewritten.graph);
  const changed = rewritten.changed || form.changed;
  const onnx = changed ? encodeOnnx(form.graph) : task.onnx;
  const runnable = { onnx, reference: holdingReference(reference, form.held) };
  // onnxruntime-node takes the whole process down when it has to return a type of less than a byte.
  const original = form.held.size > 0 ? "unsafe" : changed ? "other" : "same";
  return { graph: rewritten.graph, original, runnable };
}

/** The kept samples with the outputs of the model as given, or undefined when the runtime does not run it. */
async function keptOutputs(
  task: CalibrateModelTask,
  kept: readonly KeptSample[],
  original: Original,
): Promise<readonly KeptSample[] | undefined> {
  if (original !== "other") return original === "same" ? kept : undefined;
  const bound = [...(task.bound?.values() ?? [])];
  try {
    const session = await task.reference.load(task.onnx);
    try {
      const out: KeptSample[] = [];
      for (const { feeds, outputs } of kept) {
        const own = await session.run([...feeds, ...bound]);
        out.push({ feeds, outputs: new Map([...outputs, ...own]) });
      }
      return out;
    } finally {
      await session.close();
    }
  } catch (error) {
    if (isAivmError(error, "AIVM_REFERENCE_LOAD") || isAivmError(error, "AIVM_REFERENCE_RUN"))
      return undefined;
    throw error;
  }
}

/** A model needs an input and an output, and no tensor of size 0. */
function assertLowerable(graph: OnnxGraph, calibration: Calibration, live: readonly OnnxNode[]): void {
  if (calibration.inputs.length === 0)
    throw unsupportedModel("graph inputs", "at least one that is no constant", "none");
  if (graph.outputs.length === 0)
    throw invalidGraph({ item: "graph outputs", want: "at least one", got: "none" });
  const used = new Set([
    ...calibration.inputs.map(({ name }) => name),
    ...graph.outputs.map(({ name }) => name),
    ...live.flatMap((node) => node.inputs),
  ]);
  for (const [name, { shape }] of calibration.types) {
    if (!used.has(name)) continue;
    const internal = calibration.constants.has(name) && !graph.outputs.some((value) => value.name === name);
    if (!internal && elementCount(shape) === 0) {
      throw unsupportedModel(`tensor ${name}`, "sizes of at least 1", `[${shape.join(",")}]`);
    }
  }
}

/** 64-bit inputs that are summed are half as wide as the VM's integers: a sum or difference of two provably fits. */
const LARGEST_TERM = 2 ** 30 - 1;

/** Operators that hand integers on as they are. */
const HANDS_ON: ReadonlySet<string> = new Set([
  ...[
    "Identity",
    "Cast",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Slice",
    "Gather",
    "Expand",
    "Concat",
  ],
]);

function isSummed(ctx: Lowering, name: string): boolean {
  return (ctx.consumers.get(name) ?? []).some(
    ({ opType, outputs }) =>
      opType === "Add" ||
      opType === "Sub" ||
      (HANDS_ON.has(opType) && outputs.some((output) => isSummed(ctx, output))),
  );
}

function defineInputs(ctx: Lowering): InputPort[] {
  return ctx.calibration.inputs.map(({ name, dtype, shape }, index) => {
    const stored = quantizationOf(ctx, name);
    const isTerm = (dtype === "int64" || dtype === "uint64") && isSummed(ctx, name);
    const q = isTerm ? { ...stored, lo: Math.max(stored.lo, -LARGEST_TERM - 1), hi: LARGEST_TERM } : stored;
    const value: Value = { ref: { kind: "input", index }, shape, q };
    setValue(ctx, name, value);
    return { name, type: typeOf(value), scale: q.scale, zero: q.zero, ingest: "tensor" };
  });
}

/** An output must come from an op, in the ONNX axis order, and use its 16 bits. */
function outputPort(ctx: Lowering, name: string): OutputPort {
  const fine =
    isFloat(ctx, name) && !isFromFile(ctx, name)
      ? refined(ctx, name, getValue(ctx, name))
      : getValue(ctx, name);
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
  const largest = stats === undefined ? 0 : largestReal(stats);
  if (value.q.dtype !== "i16" || value.q.zero !== 0 || largest === 0) return value;
  const steps = Math.ceil(Math.log2((COARSEST_OUTPUT * value.q.scale) / largest) - 1e-9);
  if (steps < 1) return value;
  const scale = value.q.scale / 2 ** Math.min(steps, 20);
  return rescale(ctx.e, value, { dtype: "i16", scale, zero: 0, lo: -32767, hi: 32767 });
}

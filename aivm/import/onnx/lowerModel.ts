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
import { withScalesOf } from "../../quantize/sharedScales.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { splitForWitness } from "../split/splitForWitness.ts";
import { decodeOnnx } from "./decode.ts";
import { emit, rescale, typeOf, type Value } from "./emit.ts";
import { encodeOnnx } from "./encode.ts";
import { invalidGraph, unsupportedModel } from "./errors.ts";
import { lowerNodes, neededNodes } from "./families.ts";
import { elementCount, type OnnxGraph, type OnnxNode, type OnnxTensor } from "./graph.ts";
import { isFromFile } from "./joined.ts";
import {
  createLowering,
  getValue,
  isFloat,
  type Lowering,
  type LoweringOptions,
  type Placed,
  quantizationOf,
  setValue,
} from "./lowering.ts";
import { normProbes } from "./norm.ts";
import { withoutEmptyOperands } from "./rewrite/empty.ts";
import { isRewritten, rewriteGraph } from "./rewrite/rewrite.ts";
import { holdingReference, runnableForm } from "./rewrite/runnable.ts";
import { withoutRanges, zeroSample } from "./unsampled.ts";

/** A file, samples, and how to lower. `calibration` holds the samples. */
export interface LowerTask
  extends LoweringOptions,
    Pick<CalibrationTask, "onnx" | "reference" | "bound" | "shapes" | "onProgress"> {
  readonly name: string;
  readonly calibration: CalibrationTask["samples"];
  /** Most operands of one output element: longer reductions are split. Default 16,384. */
  readonly maxOperands?: number;
  /** Scales of another graph's calibration for every tensor of the same name (quantize/sharedScales.ts). */
  readonly scalesOf?: Calibration;
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

/** A program without a card, its constants, and what calibration saw. */
export interface LoweredModel {
  readonly program: Program;
  readonly constants: readonly Tensor[];
  /** Its kept samples hold the outputs of the model as given where the runtime runs it, else of the rewritten one. */
  readonly calibration: Calibration;
  /** The graph that was lowered. */
  readonly graph: OnnxGraph;
  /** Where each tensor of the graph is in the program, as far as it is there. */
  readonly places: ReadonlyMap<string, Placed>;
  readonly folding: Folding;
  /** True when the runtime ran the model as it was given. */
  readonly ranOriginal: boolean;
  /** The model as the runtime runs it: bytes, and the reference that takes them. */
  readonly runnable: { readonly onnx: Uint8Array; readonly reference: FloatReference };
}

/** Lowers a model. An operator that is not supported is refused before anything is run. @throws as compileOnnx does. */
export async function lowerModel(task: LowerTask): Promise<LoweredModel> {
  const given = decodeOnnx(task.onnx);
  needed(given, task, (node) => isRewritten(node, given.opset));
  const unsampled = task.calibration.length === 0;
  const samples = unsampled ? [zeroSample(given, task)] : task.calibration;
  const { graph: rewritten, runnable, changed } = await rewrittenModel(given, task, samples);
  const nodes = needed(rewritten, task, () => false);
  const seen = await calibrate({
    ...task,
    ...runnable,
    graph: rewritten,
    samples,
    probes: normProbes(nodes),
  });
  const original = changed ? await originalOutputs(task, seen.kept) : seen.kept;
  const sampled = original === undefined ? seen : { ...seen, kept: original };
  const measured = unsampled ? withoutRanges(sampled) : sampled;
  const calibration = task.scalesOf === undefined ? measured : withScalesOf(measured, task.scalesOf);
  const graph = withoutEmptyOperands(rewritten, (name) => calibration.types.get(name)?.shape);
  const live = needed(graph, task, () => false);
  assertLowerable(graph, calibration, live);
  const ctx = createLowering(graph, calibration, task);
  const inputs = defineInputs(ctx);
  const merged = lowerNodes(ctx, live);
  const outputs = graph.outputs.map((value) => outputPort(ctx, value.name));
  const program: Program = {
    specVersion: SPEC_VERSION,
    name: task.name,
    inputs,
    constants: ctx.e.constantTypes,
    ops: ctx.e.ops,
    outputs,
    precision: task.precision,
    card: "",
  };
  const { refOf, ...split } = splitForWitness({ program, constants: ctx.e.constants }, task.maxOperands);
  const folding = {
    nodes: given.nodes.length,
    constant: graph.nodes.length - live.length,
    merged: countByOperator(merged),
  };
  const ranOriginal = original !== undefined;
  return { ...split, calibration, graph, places: placesOf(ctx, refOf), folding, ranOriginal, runnable };
}

/** Where the tensors of the graph are once the ops have their final numbers. */
function placesOf(ctx: Lowering, refOf: (ref: Ref) => Ref | undefined): ReadonlyMap<string, Placed> {
  const places = new Map<string, Placed>();
  const first = [...ctx.placed].map(([name, [placed]]) => [name, placed] as const);
  for (const [name, placed] of [...first, ...ctx.stored]) {
    const ref = placed === undefined ? undefined : refOf(placed.value.ref);
    if (placed !== undefined && ref !== undefined)
      places.set(name, { ...placed, value: { ...placed.value, ref } });
  }
  return places;
}

function countByOperator(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** The nodes that the outputs need. @throws AIVM_ONNX_UNSUPPORTED_OP for one without a lowering, `handled` ones aside. */
function needed(graph: OnnxGraph, task: LowerTask, handled: (node: OnnxNode) => boolean): OnnxNode[] {
  const known = namesOfConstants(
    graph,
    new Set([...graph.initializers.keys(), ...(task.bound?.keys() ?? [])]),
  );
  return neededNodes(graph, (name) => known.has(name), handled);
}

/** The graph in simpler operators, and the same in a form that the runtime runs. */
async function rewrittenModel(
  given: OnnxGraph,
  task: LowerTask,
  samples: CalibrationTask["samples"],
): Promise<{
  readonly graph: OnnxGraph;
  readonly changed: boolean;
  readonly runnable: LoweredModel["runnable"];
}> {
  const { reference } = task;
  const bound = task.bound ?? new Map<string, OnnxTensor>();
  const feeds = [...firstFeeds({ ...task, graph: given, samples }), ...bound.values()];
  const rewritten = await rewriteGraph({ graph: given, reference, feeds, bound: new Set(bound.keys()) });
  const form = runnableForm(rewritten.graph);
  const changed = rewritten.changed || form.changed;
  const onnx = changed ? encodeOnnx(form.graph) : task.onnx;
  const runnable = { onnx, reference: holdingReference(reference, form.held) };
  return { graph: rewritten.graph, changed, runnable };
}

/** The kept samples with the outputs of the model as given, or undefined when the runtime does not run it. */
async function originalOutputs(
  task: LowerTask,
  kept: readonly KeptSample[],
): Promise<readonly KeptSample[] | undefined> {
  const bound = [...(task.bound?.values() ?? [])];
  try {
    const session = await task.reference.load(task.onnx);
    try {
      const out: KeptSample[] = [];
      for (const { feeds } of kept) out.push({ feeds, outputs: await session.run([...feeds, ...bound]) });
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
  const largest = stats === undefined ? 0 : Math.max(Math.abs(stats.min), Math.abs(stats.max));
  if (value.q.dtype !== "i16" || value.q.zero !== 0 || largest === 0) return value;
  const steps = Math.ceil(Math.log2((COARSEST_OUTPUT * value.q.scale) / largest) - 1e-9);
  if (steps < 1) return value;
  const scale = value.q.scale / 2 ** Math.min(steps, 20);
  return rescale(ctx.e, value, { dtype: "i16", scale, zero: 0, lo: -32767, hi: 32767 });
}

/**
 * Calibration: what the float model does on the author's samples. One run per sample returns every tensor, which gives
 * the static shapes, the values of everything that depends on no input (constant folding), the ranges, and the mean
 * activations that bias correction needs.
 */

import { unsupportedDtype } from "../import/onnx/errors.ts";
import { withExtraOutputs } from "../import/onnx/format/encode.ts";
import {
  elementCount,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  readNames,
} from "../import/onnx/graph.ts";
import { calibrationShape, emptyCalibration, notFinite } from "./errors.ts";
import { judgeCalibration } from "./judge.ts";
import type { FloatReference } from "./reference.ts";
import { arrayFor } from "./samples.ts";
import {
  addSample,
  emptySeen,
  nothing,
  type SampleUse,
  type Seen,
  statsOf,
  type TensorStats,
} from "./tensorStats.ts";

/** One sample: the values of every model input that is not bound to a constant, in graph order. */
export type CalibrationSample = readonly ArrayLike<number | bigint>[];

/** What calibration found out. */
export interface Calibration {
  /** Program inputs with their static shapes, in graph order, bound ones left out. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: OnnxTensor["dtype"];
    readonly shape: readonly number[];
  }[];
  /** Type and shape of every tensor. */
  readonly types: ReadonlyMap<
    string,
    { readonly dtype: OnnxTensor["dtype"]; readonly shape: readonly number[] }
  >;
  /** Tensors that depend on no program input. */
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  /** Statistics of the float tensors that do. */
  readonly stats: ReadonlyMap<string, TensorStats>;
  /** Ranges of the probes, by their key. */
  readonly probed: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
  readonly sampleCount: number;
  /** Some samples with the graph's outputs, to compare the compiled program with: held-out ones of a judged set. */
  readonly kept: readonly KeptSample[];
  /** True when the set is large enough to judge itself by its held-out samples. */
  readonly judged: boolean;
}

/** One sample as it was fed, and what the float model made of it. */
export interface KeptSample {
  readonly feeds: readonly OnnxTensor[];
  /** The graph's outputs and the watched tensors. */
  readonly outputs: ReadonlyMap<string, OnnxTensor>;
}

/** A quantity inside an operator whose range the lowering needs although the graph does not name it. */
export interface Probe {
  readonly key: string;
  readonly input: string;
  readonly measure: (tensor: OnnxTensor) => ArrayLike<number>;
}

/** What calibration is given. */
export interface CalibrationTask {
  readonly onnx: Uint8Array;
  readonly graph: OnnxGraph;
  readonly samples: readonly CalibrationSample[];
  readonly reference: FloatReference;
  /** Graph inputs that are constants of the program: shape-fixing ones. */
  readonly bound?: ReadonlyMap<string, OnnxTensor>;
  /** Static shapes of inputs whose declared shape leaves a dimension free. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  readonly probes?: readonly Probe[];
  /** Tensors to keep beside the graph's outputs. */
  readonly watched?: readonly string[];
  /** How far a held-out sample may leave the range of the others, as a share of that range. */
  readonly unseenLimit?: number;
  /** Largest share of a tensor's held-out values that may lie outside the range of the others. */
  readonly saturationLimit?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** From how many samples on the set itself is judged. */
const JUDGED_FROM = 16;
/** Every how-manieth sample is held out to judge the ranges of the others. */
const HOLD_OUT = 4;
/** How many samples are kept with their outputs. */
const KEPT = 16;
/** How many samples the means are over, at most. */
const MEASURED = 48;
/** Operators that read a tensor as the operands of a dot product with constant weights: its means are wanted. */
const LAYERS: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Runs the float model over the samples.
 * @throws the AIVM_CALIBRATION_* codes, and what the reference throws.
 */
export async function calibrate(task: CalibrationTask): Promise<Calibration> {
  if (task.samples.length === 0) throw emptyCalibration();
  const inputs = staticInputs(task);
  const samples = task.samples.map((sample, i) => feedsOf(sample, inputs, i));
  const names = tensorNames(task.graph);
  const declared = new Set(task.graph.outputs.map((value) => value.name));
  const session = await task.reference.load(
    withExtraOutputs(
      task.onnx,
      names.filter((name) => !declared.has(name)),
    ),
  );
  try {
    const bound = [...(task.bound ?? new Map<string, OnnxTensor>()).values()];
    const collector = createCollector(task, inputs);
    const kept: KeptSample[] = [];
    const keeps = new Set([...declared, ...(task.watched ?? [])]);
    const judged = samples.length >= JUDGED_FROM;
    const uses = usesOf(samples.length);
    for (const [i, feeds] of samples.entries()) {
      const tensors = await session.run([...feeds, ...bound]);
      const use = uses[i] ?? { held: false, kept: false, measured: false };
      collector.add(i, { tensors: [...feeds, ...tensors.values()], use: { ...use, counted: judged } });
      if (use.kept) kept.push({ feeds, outputs: new Map([...tensors].filter(([name]) => keeps.has(name))) });
      task.onProgress?.(i + 1, samples.length);
    }
    return { inputs, sampleCount: samples.length, kept, judged, ...collector.finish() };
  } finally {
    await session.close();
  }
}

/** The first sample as it is fed. @throws AIVM_CALIBRATION_EMPTY, AIVM_CALIBRATION_SHAPE, AIVM_CALIBRATION_NOT_FINITE. */
export function firstFeeds(task: CalibrationTask): OnnxTensor[] {
  const [sample] = task.samples;
  if (sample === undefined) throw emptyCalibration();
  return feedsOf(sample, staticInputs(task), 0);
}

/**
 * What each sample is for. A judged set holds out every fourth sample, keeps some of those, and takes the means over
 * others, spread over the whole set; a small set uses all samples for everything.
 */
function usesOf(
  count: number,
): readonly { readonly held: boolean; readonly kept: boolean; readonly measured: boolean }[] {
  const judged = count >= JUDGED_FROM;
  const held = (i: number): boolean => judged && i % HOLD_OUT === 0;
  const every = Array.from({ length: count }, (_, i) => i);
  const kept = new Set(every.filter((i) => held(i) || !judged).slice(0, KEPT));
  const others = every.filter((i) => !held(i));
  const share = Math.min(1, MEASURED / others.length);
  const measured = new Set(others.filter((_, k) => Math.floor((k + 1) * share) > Math.floor(k * share)));
  return every.map((i) => ({ held: held(i), kept: kept.has(i), measured: measured.has(i) }));
}

/** Names of all tensors that nodes write, in node order. */
function tensorNames(graph: OnnxGraph): string[] {
  return graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
}

function staticInputs(task: CalibrationTask): Calibration["inputs"] {
  const free = task.graph.inputs.filter((value) => task.bound?.has(value.name) !== true);
  return free.map((value, i) => {
    if (value.dtype === undefined) throw unsupportedDtype(value.name, "a type that is no tensor of numbers");
    return { name: value.name, dtype: value.dtype, shape: staticShape(task, value, i) };
  });
}

/** The given shape, else the declared one; a single free dimension follows from the first sample's length. */
function staticShape(task: CalibrationTask, value: OnnxValue, index: number): readonly number[] {
  const given = task.shapes?.get(value.name);
  if (given !== undefined) return given;
  const length = task.samples[0]?.[index]?.length ?? 0;
  const declared = value.shape ?? [undefined];
  const known = declared.filter((size) => typeof size === "number").reduce((a, b) => a * b, 1);
  const freeCount = declared.filter((size) => typeof size !== "number").length;
  if (freeCount > 1 || (freeCount === 1 && (known === 0 || length % known !== 0))) {
    const want = `a static shape for [${declared.map((size) => size ?? "?").join(",")}]`;
    throw calibrationShape({ item: value.name, want, got: `${length} values` });
  }
  return declared.map((size) => (typeof size === "number" ? size : length / known));
}

function feedsOf(sample: CalibrationSample, inputs: Calibration["inputs"], index: number): OnnxTensor[] {
  if (sample.length !== inputs.length) {
    throw calibrationShape({
      item: `sample ${index}`,
      want: `${inputs.length} inputs`,
      got: `${sample.length}`,
    });
  }
  return inputs.map((input, k) => {
    const values = sample[k] ?? [];
    if (values.length !== elementCount(input.shape)) {
      const want = `${elementCount(input.shape)} values for [${input.shape.join(",")}]`;
      throw calibrationShape({ item: `sample ${index}, input ${input.name}`, want, got: `${values.length}` });
    }
    const data = arrayFor(input.dtype, values);
    if (data instanceof Float32Array) {
      // -infinity may be a mask: where it is none, what reads it is refused.
      const bad = data.findIndex((v) => !Number.isFinite(v) && v !== Number.NEGATIVE_INFINITY);
      if (bad >= 0)
        throw notFinite({ item: `sample ${index}, input ${input.name}`, got: `${data[bad]} at ${bad}` });
    }
    return { name: input.name, dtype: input.dtype, shape: input.shape, data };
  });
}

interface Collector {
  add(index: number, run: { readonly tensors: readonly OnnxTensor[]; readonly use: SampleUse }): void;
  finish(): Pick<Calibration, "types" | "constants" | "stats" | "probed">;
}

/** Gathers types, constants and statistics, one sample at a time. */
function createCollector(task: CalibrationTask, inputs: Calibration["inputs"]): Collector {
  const constants = new Map<string, OnnxTensor>([...task.graph.initializers, ...(task.bound ?? [])]);
  const constantNames = namesOfConstants(task.graph, new Set(constants.keys()));
  const types = new Map([...constants].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  const seen = new Map<string, Seen>();
  const averaged = new Set(
    task.graph.nodes.filter((node) => LAYERS.has(node.opType)).flatMap((node) => node.inputs),
  );
  const probed = new Map<string, { min: number; max: number }>();
  const probes = new Map<string, Probe[]>();
  for (const probe of task.probes ?? []) probes.set(probe.input, [...(probes.get(probe.input) ?? []), probe]);

  function add(
    index: number,
    run: { readonly tensors: readonly OnnxTensor[]; readonly use: SampleUse },
  ): void {
    for (const tensor of run.tensors) {
      assertSameType(types.get(tensor.name), tensor, index);
      types.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape });
      if (constantNames.has(tensor.name)) constants.set(tensor.name, tensor);
      else if (tensor.data instanceof Float32Array) {
        const entry = seen.get(tensor.name) ?? emptySeen(tensor.data.length, averaged.has(tensor.name));
        seen.set(tensor.name, entry);
        addSample(entry, tensor.data, run.use);
        for (const probe of probes.get(tensor.name) ?? []) widen(probed, probe.key, probe.measure(tensor));
      }
    }
  }

  function finish(): Pick<Calibration, "types" | "constants" | "stats" | "probed"> {
    if (task.samples.length >= JUDGED_FROM)
      judgeCalibration(
        seen,
        inputs.map((input) => input.name),
        task,
      );
    const stats = new Map([...seen].map(([name, entry]) => [name, statsOf(entry)]));
    return { types, constants, stats, probed };
  }
  return { add, finish };
}

function widen(
  ranges: Map<string, { min: number; max: number }>,
  key: string,
  values: ArrayLike<number>,
): void {
  const range = ranges.get(key) ?? nothing();
  for (let i = 0; i < values.length; i++) {
    range.min = Math.min(range.min, values[i] ?? 0);
    range.max = Math.max(range.max, values[i] ?? 0);
  }
  ranges.set(key, range);
}

function assertSameType(
  known: { readonly dtype: string; readonly shape: readonly number[] } | undefined,
  tensor: OnnxTensor,
  index: number,
): void {
  if (known === undefined) return;
  if (known.shape.length === tensor.shape.length && known.shape.every((s, i) => s === tensor.shape[i]))
    return;
  const want = `shape [${known.shape.join(",")}] as in sample 0`;
  throw calibrationShape({
    item: `sample ${index}, tensor ${tensor.name}`,
    want,
    got: `[${tensor.shape.join(",")}]`,
  });
}

/** Operators whose result depends on the type or shape of an input only, which are static here. */
const SHAPE_ONLY: ReadonlySet<string> = new Set(["Shape", "Size", "EyeLike"]);
const RANDOM = /^(Random|Multinomial|Bernoulli)/;

/** True when a node's outputs are constants, given which of the tensors that it reads are. */
export function isConstantNode(node: OnnxNode, isConstant: (name: string) => boolean): boolean {
  if (RANDOM.test(node.opType)) return false;
  // CastLike reads no more than the type of its second input.
  const read = node.opType === "CastLike" ? node.inputs.slice(0, 1) : readNames(node);
  return SHAPE_ONLY.has(node.opType) || read.every((name) => name === "" || isConstant(name));
}

/** Names of the tensors that no program input reaches, given those that are constants to begin with. */
export function namesOfConstants(graph: OnnxGraph, known: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set(known);
  for (const node of graph.nodes) {
    if (!isConstantNode(node, (name) => names.has(name))) continue;
    for (const output of node.outputs) names.add(output);
  }
  return names;
}

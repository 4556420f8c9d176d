/**
 * Calibration: what the float model does on the author's samples. One run per sample returns every tensor, which gives
 * the static shapes, the values of everything that depends on no input (constant folding), the ranges, and the mean
 * activations that bias correction needs.
 */
import { withExtraOutputs } from "../import/onnx/encode.ts";
import { unsupportedDtype } from "../import/onnx/errors.ts";
import {
  elementCount,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  readNames,
} from "../import/onnx/graph.ts";
import { calibrationShape, constantInput, emptyCalibration, notFinite, unseenRange } from "./errors.ts";
import type { FloatReference } from "./reference.ts";
import { arrayFor } from "./samples.ts";

/** One sample: the values of every model input that is not bound to a constant, in graph order. */
export type CalibrationSample = readonly ArrayLike<number | bigint>[];

/** What was seen of one float tensor. `mean` is over the samples, per element. */
export interface TensorStats {
  readonly min: number;
  readonly max: number;
  /** Smallest magnitude: how close to 0 a divisor came. */
  readonly minAbs: number;
  readonly mean: Float64Array;
  /** False when NaN or +infinity was seen; min and max cover the finite values only. */
  readonly finite: boolean;
  /** True when -infinity was seen: a mask in front of a softmax. */
  readonly masked: boolean;
}

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
  /** The first samples with the graph's outputs, to compare the compiled program with. */
  readonly kept: readonly KeptSample[];
}

/** One sample as it was fed, and what the float model made of it. */
export interface KeptSample {
  readonly feeds: readonly OnnxTensor[];
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
  /** How far a held-out sample may leave the range of the others, as a share of that range. */
  readonly unseenLimit?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** From how many samples on the set itself is judged. */
const JUDGED_FROM = 16;
const DEFAULT_UNSEEN_LIMIT = 0.5;
/** Every how-manieth sample is held out to judge the ranges of the others. */
const HOLD_OUT = 4;
/** How many samples are kept with their outputs. */
const KEPT = 16;

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
    for (const [i, feeds] of samples.entries()) {
      const tensors = await session.run([...feeds, ...bound]);
      collector.add(i, [...feeds, ...tensors.values()]);
      if (i < KEPT)
        kept.push({ feeds, outputs: new Map([...tensors].filter(([name]) => declared.has(name))) });
      task.onProgress?.(i + 1, samples.length);
    }
    return { inputs, sampleCount: samples.length, kept, ...collector.finish() };
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

/** What is gathered of one float tensor. `held` is the range of the held-out samples. */
interface Seen {
  readonly range: { min: number; max: number };
  readonly held: { min: number; max: number };
  readonly sum: Float64Array;
  minAbs: number;
  finite: boolean;
  masked: boolean;
}

interface Collector {
  add(index: number, tensors: readonly OnnxTensor[]): void;
  finish(): Pick<Calibration, "types" | "constants" | "stats" | "probed">;
}

/** Gathers types, constants and statistics, one sample at a time. */
function createCollector(task: CalibrationTask, inputs: Calibration["inputs"]): Collector {
  const constants = new Map<string, OnnxTensor>([...task.graph.initializers, ...(task.bound ?? [])]);
  const constantNames = namesOfConstants(task.graph, new Set(constants.keys()));
  const types = new Map([...constants].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  const seen = new Map<string, Seen>();
  const judged = task.samples.length >= JUDGED_FROM;
  const probed = new Map<string, { min: number; max: number }>();
  const probes = new Map<string, Probe[]>();
  for (const probe of task.probes ?? []) probes.set(probe.input, [...(probes.get(probe.input) ?? []), probe]);

  function add(index: number, tensors: readonly OnnxTensor[]): void {
    for (const tensor of tensors) {
      assertSameType(types.get(tensor.name), tensor, index);
      types.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape });
      if (constantNames.has(tensor.name)) constants.set(tensor.name, tensor);
      else if (tensor.data instanceof Float32Array) {
        const entry = seen.get(tensor.name) ?? emptySeen(tensor.data.length);
        seen.set(tensor.name, entry);
        addSample(entry, tensor.data, judged && index % HOLD_OUT === 0);
        for (const probe of probes.get(tensor.name) ?? []) widen(probed, probe.key, probe.measure(tensor));
      }
    }
  }

  function finish(): Pick<Calibration, "types" | "constants" | "stats" | "probed"> {
    if (judged) judge(seen, inputs, task.unseenLimit ?? DEFAULT_UNSEEN_LIMIT);
    const stats = new Map([...seen].map(([name, entry]) => [name, statsOf(entry, task.samples.length)]));
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

function emptySeen(length: number): Seen {
  return {
    range: nothing(),
    held: nothing(),
    sum: new Float64Array(length),
    minAbs: Number.POSITIVE_INFINITY,
    finite: true,
    masked: false,
  };
}

function nothing(): { min: number; max: number } {
  return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function addSample(entry: Seen, data: Float32Array, held: boolean): void {
  const range = held ? entry.held : entry.range;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (!Number.isFinite(value)) {
      if (value === Number.NEGATIVE_INFINITY) entry.masked = true;
      else entry.finite = false;
      continue;
    }
    entry.sum[i] = (entry.sum[i] ?? 0) + value;
    if (value < range.min) range.min = value;
    if (value > range.max) range.max = value;
    if (Math.abs(value) < entry.minAbs) entry.minAbs = Math.abs(value);
  }
}

function statsOf(entry: Seen, samples: number): TensorStats {
  const min = Math.min(entry.range.min, entry.held.min);
  const max = Math.max(entry.range.max, entry.held.max);
  const empty = min > max;
  const mean = entry.sum.map((v) => v / samples);
  return {
    min: empty ? 0 : min,
    max: empty ? 0 : max,
    minAbs: entry.minAbs,
    mean,
    finite: entry.finite,
    masked: entry.masked,
  };
}

/** Fails on a set that can not be trusted: an input that never varies, or samples far outside the others' range. */
function judge(seen: ReadonlyMap<string, Seen>, inputs: Calibration["inputs"], limit: number): void {
  for (const { name } of inputs) {
    const entry = seen.get(name);
    if (entry !== undefined && statsOf(entry, 1).min === statsOf(entry, 1).max) {
      throw constantInput(name, statsOf(entry, 1).min);
    }
  }
  for (const [name, { range, held }] of seen) {
    const width = range.max - range.min;
    const excess = Math.max(held.max - range.max, range.min - held.min) / (width > 0 ? width : 1);
    if (Number.isFinite(excess) && excess > limit) throw unseenRange({ item: name, excess, limit });
  }
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
  return SHAPE_ONLY.has(node.opType) || readNames(node).every((name) => name === "" || isConstant(name));
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

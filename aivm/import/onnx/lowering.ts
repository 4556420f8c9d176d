/**
 * The state of one lowering: which tensor of the graph is which value of the program, in which layout and quantisation.
 * Families of operators (one file each) read and extend it.
 */
import type { Calibration } from "../../quantize/calibrate.ts";
import { emptyCalibration, notFinite } from "../../quantize/errors.ts";
import {
  activationQuantization,
  asymmetric8,
  clampedQuantization,
  type Precision,
  type Quantization,
  quantizeReal,
  type Range,
  symmetric16,
} from "../../quantize/scheme.ts";
import { constant, createEmitter, type Emitter, rescale, transpose, type Value } from "./emit.ts";
import { invalidGraph, nodeLabel, unsupportedForm } from "./errors.ts";
import { floatAttribute, type OnnxDtype, type OnnxGraph, type OnnxNode, type OnnxTensor } from "./graph.ts";
import { integerStorage, integerValues } from "./integers.ts";
import { logitsOf } from "./logits.ts";
import { isNeverChosen, MASK_DEPTH, masksOf } from "./masks.ts";
import { scaleGroups } from "./scaleGroups.ts";
import { statedConstant } from "./statedConstants.ts";
import { statedQuantizations } from "./statedScales.ts";
import { featureInputs } from "./trees/limits.ts";
import { isWideScores, wideScores } from "./wideScores.ts";

/** How a model is compiled. */
export interface LoweringOptions {
  readonly precision: Precision;
  /** Element type of convolution and dense weights. */
  readonly weights: "i8" | "i16";
  /** Single tensors stored otherwise than `precision` says, with all that data movement connects to them. */
  readonly tensors?: ReadonlyMap<string, Precision>;
  /** What was decided by measurement so far. */
  readonly choices?: LoweringChoices;
}

/** What compilation decides by measuring its own results. */
export interface LoweringChoices {
  /** Layers, by the tensor that they write, with 16-bit weights whatever the option says. */
  readonly wideLayers?: ReadonlySet<string>;
  /** Tensors with 16 bits beside those that the options name. */
  readonly wideTensors?: ReadonlySet<string>;
  /** Use the percentile range of 8-bit tensors where calibration found that it stores them with less error. */
  readonly clipped?: boolean;
}

/** A layer with constant weights, as it was lowered. */
export interface LayerNote {
  /** The tensor that its node writes. */
  readonly name: string;
  /** Number of weights. */
  readonly weights: number;
  readonly dtype: "i8" | "i16";
  /** Noise that rounding them adds, as a share of the layer's output power. */
  readonly noise: number;
}

/** A value as stored: axis i of `value` is logical axis perm[i]; no perm = the ONNX order. */
export interface Placed {
  readonly value: Value;
  readonly perm: readonly number[] | undefined;
}

/** The state. `e` is the program so far. */
export interface Lowering {
  readonly e: Emitter;
  readonly graph: OnnxGraph;
  readonly calibration: Calibration;
  readonly options: LoweringOptions;
  readonly placed: Map<string, Placed[]>;
  /** uint8 and uint16 tensors as quantised operators store them: minus 128 or 32,768 in i8 or i16, scale 1. */
  readonly stored: Map<string, Placed>;
  /** Quantisations that the file states: they go before anything that calibration saw. */
  readonly stated: ReadonlyMap<string, Quantization>;
  /** Tensors that no value stands for, because their reader was folded into their producer. */
  readonly absorbed: Set<string>;
  /** Softmax outputs that their only reader, a product, divides: rows of scores [R,K], and the shape in the graph. */
  readonly unnormalised: Map<string, { readonly rows: Value; readonly shape: readonly number[] }>;
  /** Tensors in which -infinity is a mask that a softmax turns into 0: it saturates to the lowest value. */
  readonly masks: ReadonlyMap<string, number>;
  readonly ranges: ReadonlyMap<string, Range>;
  /** Precision of the tensors that do not have the usual one. */
  readonly precisions: ReadonlyMap<string, Precision>;
  /** Every layer with constant weights, in the order of lowering. */
  readonly layers: LayerNote[];
  readonly consumers: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly outputNames: ReadonlySet<string>;
}

/** Lowers one node: reads its inputs from the state, emits ops, and sets its outputs. */
export type Lowerer = (ctx: Lowering, node: OnnxNode) => void;

/** The lowerers of a family, by operator name. */
export type Family = ReadonlyMap<string, Lowerer>;

/** A lowering with nothing lowered yet. */
export function createLowering(
  graph: OnnxGraph,
  calibration: Calibration,
  options: LoweringOptions,
): Lowering {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const name of node.inputs) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  }
  const isConstant = (name: string): boolean => calibration.constants.has(name);
  const masks = masksOf(graph, calibration);
  // Without samples no tensor has a range of its own: the file states every scale, or lowering refuses.
  const sampled = calibration.sampleCount > 0;
  const range = sampled ? maskedRanges(calibration, masks, options) : () => undefined;
  const groups = scaleGroups(graph, { range, isConstant });
  return {
    e: createEmitter(),
    graph,
    calibration,
    options,
    placed: new Map(),
    stored: new Map(),
    stated: new Map([
      ...statedQuantizations(graph, {
        ...calibration,
        inputs: new Set(calibration.inputs.map((input) => input.name)),
        range,
      }),
      ...featureInputs(graph, (name) => largestOf(sampled ? calibration.stats.get(name) : undefined)),
    ]),
    absorbed: new Set(),
    unnormalised: new Map(),
    masks,
    ranges: groups.ranges,
    precisions: precisionsOf(options, {
      groupOf: groups.groupOf,
      logits: logitsOf(graph, { groupOf: groups.groupOf, isConstant }),
    }),
    layers: [],
    consumers,
    outputNames: new Set(graph.outputs.map((value) => value.name)),
  };
}

function largestOf(range: Range | undefined): number | undefined {
  return range === undefined ? undefined : Math.max(Math.abs(range.min), Math.abs(range.max));
}

/**
 * Precisions that are not the usual one, for whole scale groups (moving elements does not change how they are stored):
 * logits, then what was chosen, then what was asked for.
 */
function precisionsOf(
  options: LoweringOptions,
  facts: {
    readonly groupOf: ReadonlyMap<string, readonly string[]>;
    readonly logits: ReadonlySet<string>;
  },
): ReadonlyMap<string, Precision> {
  const wide = [...facts.logits, ...(options.choices?.wideTensors ?? [])].map(
    (name) => [name, "a16"] as const,
  );
  const out = new Map<string, Precision>();
  for (const [name, precision] of [...wide, ...(options.tensors ?? [])]) {
    for (const member of facts.groupOf.get(name) ?? [name]) out.set(member, precision);
  }
  return out;
}

/** Range of each float tensor as calibrated; masks (-infinity) become finite values that a softmax still turns into 0. */
function maskedRanges(
  calibration: Calibration,
  masked: ReadonlyMap<string, number>,
  options: LoweringOptions,
): (name: string) => Range | undefined {
  const constants = new Map(
    [...calibration.constants].map(([name, tensor]) => [name, constantRange(tensor)] as const),
  );
  const clips = options.precision === "a8" && options.choices?.clipped === true;
  const finite = (name: string): Range | undefined => {
    const stats = calibration.stats.get(name);
    return (clips ? stats?.clipped?.range : undefined) ?? stats ?? constants.get(name);
  };
  const span = [...masked.keys()].reduce((widest, name) => {
    const range = finite(name);
    return range === undefined ? widest : Math.max(widest, range.max - range.min);
  }, 0);
  return (name) => {
    const range = finite(name);
    const sums = masked.get(name);
    if (range === undefined || sums === undefined) return range;
    return { min: range.min - (MASK_DEPTH + span) * 2 ** sums, max: range.max };
  };
}

function constantRange(tensor: OnnxTensor | undefined): Range | undefined {
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) return undefined;
  let min = 0;
  let max = 0;
  for (const value of tensor.data) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

// ---- facts about tensors ------------------------------------------------------------------------------------------

/** Element type and static shape of a tensor. @throws AIVM_ONNX_INVALID_GRAPH when nothing defines it. */
export function tensorType(
  ctx: Lowering,
  name: string,
): { readonly dtype: OnnxDtype; readonly shape: readonly number[] } {
  const type = ctx.calibration.types.get(name);
  if (type === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node or input that defines it", got: "none" });
  return type;
}

/** Static shape of a tensor. */
export function shapeOf(ctx: Lowering, name: string): readonly number[] {
  return tensorType(ctx, name).shape;
}

/** True for float32 tensors. */
export function isFloat(ctx: Lowering, name: string): boolean {
  return tensorType(ctx, name).dtype === "float32";
}

/** The value of a tensor that depends on no input, else undefined. */
export function constantOf(ctx: Lowering, name: string | undefined): OnnxTensor | undefined {
  return name === undefined || name === "" ? undefined : ctx.calibration.constants.get(name);
}

/** Numbers of a constant input, undefined when the input is not given. @throws AIVM_ONNX_UNSUPPORTED_FORM when it is computed. */
export function numbersOf(ctx: Lowering, node: OnnxNode, index: number): number[] | undefined {
  const name = node.inputs[index];
  if (name === undefined || name === "") return undefined;
  const tensor = constantOf(ctx, name);
  if (tensor !== undefined) return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  throw unsupportedForm(node, {
    want: `a constant for input ${index} ('${name}')`,
    got: "a tensor that depends on the model's inputs",
  });
}

/** The same without a copy where the constant is float32. */
export function weightsOf(ctx: Lowering, node: OnnxNode, index: number): ArrayLike<number> {
  const data = constantOf(ctx, node.inputs[index])?.data;
  return data instanceof Float32Array ? data : (numbersOf(ctx, node, index) ?? []);
}

/** Name of input `index`. @throws AIVM_ONNX_INVALID_GRAPH when it is not given. */
export function inputName(node: OnnxNode, index: number): string {
  const name = node.inputs[index];
  if (name !== undefined && name !== "") return name;
  throw invalidGraph({ item: nodeLabel(node), want: `an input ${index}`, got: "none" });
}

/** True when optional input `index` is given. */
export function hasInput(node: OnnxNode, index: number): boolean {
  return (node.inputs[index] ?? "") !== "";
}

/** Name of output `index`; "" when the graph does not use it. */
export function outputName(node: OnnxNode, index = 0): string {
  return node.outputs[index] ?? "";
}

/** True when a node or the caller reads a tensor; an optional output may be named and yet unused. */
export function isUsed(ctx: Lowering, name: string): boolean {
  return name !== "" && (ctx.outputNames.has(name) || (ctx.consumers.get(name)?.length ?? 0) > 0);
}

/** An axis counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The only node that reads a tensor, when there is exactly one and the tensor is no output of the graph. */
export function onlyConsumer(ctx: Lowering, name: string): OnnxNode | undefined {
  const nodes = ctx.consumers.get(name) ?? [];
  return nodes.length === 1 && !ctx.outputNames.has(name) ? nodes[0] : undefined;
}

/** Mean over the calibration set, per element; the values themselves for a constant. */
export function meanOf(ctx: Lowering, name: string): ArrayLike<number> {
  const tensor = constantOf(ctx, name);
  if (tensor?.data instanceof Float32Array) return tensor.data;
  if (ctx.calibration.sampleCount === 0) return new Float64Array(0);
  return ctx.calibration.stats.get(name)?.mean ?? new Float64Array(0);
}

/** Mean square over the calibration set, per element. */
export function powerOf(ctx: Lowering, name: string): ArrayLike<number> {
  const tensor = constantOf(ctx, name);
  if (tensor?.data instanceof Float32Array) return tensor.data.map((v) => v * v);
  if (ctx.calibration.sampleCount === 0) return new Float64Array(0);
  return ctx.calibration.stats.get(name)?.power ?? new Float64Array(0);
}

// ---- quantisation -------------------------------------------------------------------------------------------------

/** What integers mean in the tensor `name`. @throws AIVM_CALIBRATION_NOT_FINITE when calibration met NaN or infinity in it. */
export function quantizationOf(ctx: Lowering, name: string): Quantization {
  const { dtype } = tensorType(ctx, name);
  if (dtype !== "float32") return integerStorage(dtype);
  const stated = ctx.stated.get(name);
  if (stated !== undefined) return stated;
  const range = rangeOf(ctx, name);
  assertFinite(ctx, name);
  if (isWideScores(ctx, name, range)) return wideScores(range);
  const precision = ctx.precisions.get(name) ?? ctx.options.precision;
  return precision === "a16" ? symmetric16(withHeadroom(ctx, name, range)) : asymmetric8(range);
}

/** From this many samples on, calibration stands for inputs that it has not seen. */
const HEADROOM_FROM = 16;

/** 16 bits have room for values twice as large as calibration saw; a program input has a range of its own. */
function withHeadroom(ctx: Lowering, name: string, range: Range): Range {
  const room = ctx.calibration.inputs.some((input) => input.name === name) ? 1 : headroomOf(ctx);
  return { min: room * range.min, max: room * range.max };
}

/** How many times what calibration saw a 16-bit value may be. */
export function headroomOf(ctx: Lowering): number {
  return ctx.calibration.sampleCount < HEADROOM_FROM ? 1 : 2;
}

/** Range that decides the scale of a float tensor. @throws AIVM_CALIBRATION_EMPTY when nothing was run. */
export function rangeOf(ctx: Lowering, name: string): Range {
  const range = ctx.ranges.get(name);
  if (range !== undefined) return range;
  if (ctx.calibration.sampleCount > 0) return { min: 0, max: 0 };
  const own = constantRange(constantOf(ctx, name));
  if (own !== undefined) return own;
  throw emptyCalibration(name);
}

function assertFinite(ctx: Lowering, name: string): void {
  const stats = ctx.calibration.stats.get(name);
  const maskElsewhere = stats?.masked === true && !ctx.masks.has(name);
  const bad = stats?.finite === false || maskElsewhere;
  if (bad && !isNeverChosen(ctx.graph, ctx.calibration, name))
    throw notFinite({ item: `tensor ${name}`, got: "NaN or an infinity" });
}

// ---- values -------------------------------------------------------------------------------------------------------

/** Defines a tensor of the graph. */
export function setValue(ctx: Lowering, name: string, value: Value, perm?: readonly number[]): void {
  if (name !== "") ctx.placed.set(name, [{ value, perm }]);
}

/** True when a tensor has been lowered, or folded away: its node has nothing left to do. */
export function isDone(ctx: Lowering, name: string): boolean {
  return name === "" || ctx.placed.has(name) || ctx.stored.has(name) || ctx.absorbed.has(name);
}

/** The value of a tensor in the ONNX axis order; constants are quantised here. */
export function getValue(ctx: Lowering, name: string): Value {
  return getPlaced(ctx, name, undefined);
}

/** The value with the channel axis (1) moved to the end: NHWC and its like. */
export function getChannelsLast(ctx: Lowering, name: string): Value {
  return getPlaced(ctx, name, channelsLast(shapeOf(ctx, name).length));
}

/** [0, 2, ..., rank-1, 1]. */
export function channelsLast(rank: number): readonly number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** The value as it happens to be stored, with its layout, for operators that do not care. */
export function getAnyLayout(ctx: Lowering, name: string): Placed {
  if (!ctx.placed.has(name)) placeElsewhere(ctx, name);
  const found = ctx.placed.get(name)?.[0];
  if (found === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node before its reader", got: "none" });
  return found;
}

function getPlaced(ctx: Lowering, name: string, perm: readonly number[] | undefined): Value {
  if (!ctx.placed.has(name)) placeElsewhere(ctx, name);
  const all = ctx.placed.get(name) ?? [];
  const ready = all.find((placed) => samePerm(placed.perm, perm));
  if (ready !== undefined) return ready.value;
  const from = all[0];
  if (from === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node before its reader", got: "none" });
  const value = transpose(ctx.e, from.value, permBetween(from.perm, perm, from.value.shape.length));
  ctx.placed.set(name, [...all, { value, perm }]);
  return value;
}

/** Places a constant, or a tensor that so far exists as quantised operators store it. */
function placeElsewhere(ctx: Lowering, name: string): void {
  const tensor = constantOf(ctx, name);
  const stored = ctx.stored.get(name);
  if (tensor !== undefined) setValue(ctx, name, constantValue(ctx, tensor));
  else if (stored !== undefined)
    setValue(ctx, name, rescale(ctx.e, stored.value, quantizationOf(ctx, name)), stored.perm);
}

function samePerm(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  return a === undefined || b === undefined
    ? a === b
    : a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** Permutation of stored axes that turns layout `from` into layout `to`. */
function permBetween(
  from: readonly number[] | undefined,
  to: readonly number[] | undefined,
  rank: number,
): number[] {
  const identity = Array.from({ length: rank }, (_, i) => i);
  const source = from ?? identity;
  return (to ?? identity).map((axis) => source.indexOf(axis));
}

function constantValue(ctx: Lowering, tensor: OnnxTensor): Value {
  if (!(tensor.data instanceof Float32Array)) {
    const q = quantizationOf(ctx, tensor.name);
    return constant(ctx.e, { shape: tensor.shape, values: integerValues(tensor), q });
  }
  const stated = statedConstant(ctx, tensor);
  if (stated !== undefined) return constant(ctx.e, { shape: tensor.shape, ...stated });
  return floatConstant(ctx, tensor, activationQuantization(ctx.options.precision, rangeOf(ctx, tensor.name)));
}

/** A float constant in a given quantisation. @throws AIVM_CALIBRATION_NOT_FINITE. */
export function floatConstant(
  ctx: Lowering,
  tensor: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: ArrayLike<number | bigint>;
  },
  q: Quantization,
): Value {
  const values = Array.from(tensor.data, Number);
  const allowed = (v: number): boolean =>
    Number.isFinite(v) || (v === Number.NEGATIVE_INFINITY && ctx.masks.has(tensor.name));
  if (!values.every(allowed)) throw notFinite({ item: `constant ${tensor.name}`, got: "NaN or an infinity" });
  return constant(ctx.e, { shape: tensor.shape, values: values.map((v) => quantizeReal(v, q)), q });
}

/** An operand of arithmetic: a constant at 16 bits over its own range, anything else as it is. */
export function operandValue(ctx: Lowering, name: string): Value {
  const tensor = constantOf(ctx, name);
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) return getValue(ctx, name);
  const stated = statedConstant(ctx, tensor);
  if (stated !== undefined) return constant(ctx.e, { shape: tensor.shape, ...stated });
  const range = ctx.masks.has(name) ? rangeOf(ctx, name) : (constantRange(tensor) ?? { min: 0, max: 0 });
  return floatConstant(ctx, tensor, symmetric16(range));
}

// ---- activations folded into the producer -------------------------------------------------------------------------

/** Where a producer writes: the tensor after the activation that is folded into its clamp, and that clamp. */
export interface FoldedOutput {
  readonly name: string;
  readonly q: Quantization;
}

/** Real bounds that Relu or Clip with constant bounds clamps to, else undefined. */
export function clampBounds(ctx: Lowering, node: OnnxNode): Range | undefined {
  if (node.domain !== "") return undefined;
  if (node.opType === "Relu") return { min: 0, max: Number.POSITIVE_INFINITY };
  if (node.opType !== "Clip") return undefined;
  const given = node.inputs.slice(1).filter((name) => name !== "");
  if (!given.every((name) => constantOf(ctx, name) !== undefined)) return undefined;
  return {
    min: numbersOf(ctx, node, 1)?.[0] ?? floatAttribute(node, "min", Number.NEGATIVE_INFINITY),
    max: numbersOf(ctx, node, 2)?.[0] ?? floatAttribute(node, "max", Number.POSITIVE_INFINITY),
  };
}

/** Follows Relu and Clip behind an output that nothing else reads: their clamp costs nothing in the producer. */
export function foldedOutput(ctx: Lowering, name: string): FoldedOutput {
  let range: Range = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
  let at = name;
  for (;;) {
    const next = onlyConsumer(ctx, at);
    const bounds = next === undefined ? undefined : clampBounds(ctx, next);
    if (next === undefined || bounds === undefined || next.inputs[0] !== at || !isFloat(ctx, at)) break;
    range = { min: clampReal(range.min, bounds), max: clampReal(range.max, bounds) };
    ctx.absorbed.add(at);
    at = outputName(next);
  }
  return { name: at, q: clampedQuantization(quantizationOf(ctx, at), range) };
}

function clampReal(value: number, { min, max }: Range): number {
  return Math.min(Math.max(value, min), max);
}

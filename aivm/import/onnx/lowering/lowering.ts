/**
 * The state of one lowering: which tensor of the graph is which value of the program, in which layout and quantisation.
 * Families of operators read and extend it.
 */
import type { Calibration } from "../../../quantize/calibrate.ts";
import { largestReal, type Precision, type Quantization, type Range } from "../../../quantize/scheme.ts";
import { createEmitter, type Emitter, type Value } from "../emit/emit.ts";
import type { OnnxGraph, OnnxNode } from "../graph.ts";
import { featureInputs } from "../operators/trees/limits.ts";
import { statedQuantizations } from "../quantized/statedScales.ts";
import { logitsOf } from "./logits.ts";
import { masksOf } from "./masks.ts";
import { maskedRanges } from "./ranges.ts";
import { scaleGroups } from "./scaleGroups.ts";

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
  return range === undefined ? undefined : largestReal(range);
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

/** Features and thresholds as integers, such that an integer comparison decides as the real one does. */
import type { Quantization } from "../../../../quantize/scheme.ts";
import { intAttribute, type OnnxGraph, type OnnxNode } from "../../graph.ts";
import { forestOf, type Limit } from "./forest.ts";

const I32 = { lo: -(2 ** 31), hi: 2 ** 31 - 1 };
/** The largest value or threshold lies at most this far from 0: one bit is left for values beyond it. */
const FEATURE_BITS = 30;

/**
 * Integers of features whose magnitudes, and those of the thresholds that they meet, are at most `largest`: units of a
 * power of two, so that every multiple is exact in floats. A value beyond all thresholds saturates beyond them.
 */
export function featureQuantization(largest: number): Quantization {
  const bits = largest > 0 ? Math.ceil(Math.log2(largest)) : 0;
  return { dtype: "i32", scale: 2 ** (bits - FEATURE_BITS), zero: 0, lo: -I32.hi, hi: I32.hi };
}

/**
 * The integer T such that for every integer q of a feature: q <= T exactly when scale x (q - zero) passes the limit.
 * The quotient by a power of two is exact; then scale x q <= value is q <= floor(value / scale), and scale x q < value is
 * q <= ceil(value / scale) - 1.
 */
export function integerLimit(limit: Limit, q: { readonly scale: number; readonly zero: number }): number {
  if (limit.kind === "any") return I32.hi;
  const quotient = limit.value / q.scale + q.zero;
  const largest = limit.kind === "<=" ? Math.floor(quotient) : Math.ceil(quotient) - 1;
  return Math.min(Math.max(largest, I32.lo), I32.hi);
}

/** True for nodes that compare features with thresholds. */
export function isTreeEnsemble(node: OnnxNode): boolean {
  return node.domain === "ai.onnx.ml" && node.opType.startsWith("TreeEnsemble");
}

/** Operators that hand features on as they are. */
const PASSES: ReadonlySet<string> = new Set([
  "Identity",
  "Concat",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
]);

/**
 * The graph inputs that are read as features of tree ensembles and as nothing else, and what hands them on, with their
 * integers: one scale for all, or a scale of its own for each input that a Concat joins for the trees (featureParts).
 * @param largestOf largest magnitude of a float input in calibration, undefined for other tensors
 */
export function featureInputs(
  graph: OnnxGraph,
  largestOf: (name: string) => number | undefined,
): ReadonlyMap<string, Quantization> {
  const inputs = graph.inputs.map((value) => value.name);
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const readsOnly = (name: string): boolean => {
    const readers = graph.nodes.filter((node) => node.inputs.includes(name));
    return (
      readers.length > 0 &&
      !outputs.has(name) &&
      readers.every(
        (node) =>
          isTreeEnsemble(node) ||
          (node.domain === "" && PASSES.has(node.opType) && node.outputs.every(readsOnly)),
      )
    );
  };
  const candidates = inputs.filter((name) => largestOf(name) !== undefined && readsOnly(name));
  if (candidates.length === 0) return new Map();
  const apart = scalesApart(graph, { candidates, largestOf });
  const q = featureQuantization(
    largest([
      ...graph.nodes.filter(isTreeEnsemble).flatMap((node) => forestOf(node).limit.map(({ value }) => value)),
      ...candidates.map((name) => largestOf(name) ?? 0),
    ]),
  );
  // What hands features on means the same.
  const names = new Set(candidates);
  for (const node of graph.nodes) {
    const handsOn =
      node.domain === "" && PASSES.has(node.opType) && node.inputs.some((name) => names.has(name));
    if (handsOn) for (const name of node.outputs) names.add(name);
  }
  return new Map([...[...names].map((name) => [name, q] as const), ...apart]);
}

/** A graph input as a run of features of the trees that read it: the first, and the one behind the last. */
export interface FeaturePart {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The graph inputs, [samples, width] each, that one Concat joins to the features `name`; undefined where the features come
 * about otherwise, or the Concat has another reader than trees.
 */
export function featureParts(graph: OnnxGraph, name: string): readonly FeaturePart[] | undefined {
  const join = graph.nodes.find((node) => node.outputs.includes(name));
  const axis = join === undefined ? 0 : intAttribute(join, "axis", 0);
  if (join?.opType !== "Concat" || join.domain !== "" || (axis !== 1 && axis !== -1)) return undefined;
  if (!readBy(graph, name, isTreeEnsemble)) return undefined;
  const parts: FeaturePart[] = [];
  let from = 0;
  for (const part of join.inputs) {
    const shape = graph.inputs.find((value) => value.name === part)?.shape;
    const width = shape?.[1];
    if (shape?.length !== 2 || typeof width !== "number") return undefined;
    if (!readBy(graph, part, (node) => node === join)) return undefined;
    parts.push({ name: part, from, to: from + width });
    from += width;
  }
  return new Set(join.inputs).size === join.inputs.length ? parts : undefined;
}

function readBy(graph: OnnxGraph, name: string, is: (node: OnnxNode) => boolean): boolean {
  return graph.nodes.every((node) => !node.inputs.includes(name) || is(node));
}

/**
 * A scale for each input that is a part: its own values and the thresholds that its features meet decide. Features in the
 * thousands leave the thresholds of others their bits.
 */
function scalesApart(
  graph: OnnxGraph,
  of: {
    readonly candidates: readonly string[];
    readonly largestOf: (name: string) => number | undefined;
  },
): Map<string, Quantization> {
  const met = new Map<string, number[]>();
  for (const node of graph.nodes.filter(isTreeEnsemble)) {
    const parts = featureParts(graph, node.inputs[0] ?? "");
    if (parts === undefined || parts.some((part) => !of.candidates.includes(part.name))) continue;
    const forest = forestOf(node);
    const values = new Map(
      parts.map((part) => [part, met.get(part.name) ?? [of.largestOf(part.name) ?? 0]] as const),
    );
    for (const [i, { kind, value }] of forest.limit.entries()) {
      const feature = forest.feature[i] ?? 0;
      const part = parts.find(({ from, to }) => feature >= from && feature < to);
      if (kind !== "any" && part !== undefined) values.get(part)?.push(value);
    }
    for (const [part, list] of values) met.set(part.name, list);
  }
  return new Map([...met].map(([name, values]) => [name, featureQuantization(largest(values))]));
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Features and thresholds as integers, such that an integer comparison decides as the real one does. */
import type { Quantization } from "../../../../quantize/scheme.ts";
import type { OnnxGraph, OnnxNode } from "../../graph.ts";
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
 * integers: one scale for all.
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
  const thresholds = graph.nodes.filter(isTreeEnsemble).flatMap((node) => forestOf(node).limit);
  const values = candidates.map((name) => largestOf(name) ?? 0);
  const largest = [...thresholds.map((limit) => Math.abs(limit.value)), ...values].reduce(
    (a, b) => Math.max(a, b),
    0,
  );
  const q = featureQuantization(largest);
  // What hands features on means the same.
  const names = new Set(candidates);
  for (const node of graph.nodes) {
    const handsOn =
      node.domain === "" && PASSES.has(node.opType) && node.inputs.some((name) => names.has(name));
    if (handsOn) for (const name of node.outputs) names.add(name);
  }
  return new Map([...names].map((name) => [name, q]));
}

/** Weights of the leaves that samples reach, added up by target. */
import type { Quantization } from "../../../../quantize/scheme.ts";
import { maxReduce, rescale } from "../../emit/compute.ts";
import { constant, emit, type Value } from "../../emit/emit.ts";
import { gather, reshape, transpose } from "../../emit/move.ts";
import { invalidGraph, nodeLabel } from "../../errors.ts";
import type { OnnxNode } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { quantizationOf } from "../../lowering/quantization.ts";
import type { Forest } from "./forest.ts";

/** Bits that sums of leaf weights have. */
const SUM_BITS = 29;

/**
 * Sums of the leaves' weights by target, [samples, targets], in i32 at a scale of their own.
 * @throws AIVM_ONNX_INVALID_GRAPH for a leaf of a target that there is not
 */
export function sums(
  ctx: Lowering,
  forest: Forest,
  of: {
    readonly node: OnnxNode;
    readonly leaf: Value;
    readonly targets: number;
    readonly base: readonly number[];
    readonly mode: string;
  },
): Value {
  const { e } = ctx;
  const { leaf, targets, base } = of;
  const [samples = 1, trees = 1] = leaf.shape;
  const weights = weightTable(of.node, forest, targets);
  const most = weights.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0);
  const bound = Math.max(trees * most + Math.max(0, ...base.map(Math.abs)), 2 ** -60);
  const scale = 2 ** (Math.ceil(Math.log2(bound)) - SUM_BITS);
  const limit = 2 ** (SUM_BITS + 1);
  const q: Quantization = { dtype: "i32", scale, zero: 0, lo: -limit, hi: limit };
  const entries = constant(e, {
    shape: [targets, forest.child.length],
    values: weights.map((w) => Math.round(w / scale)),
    q,
  });
  const chosen = gather(e, entries, { indices: leaf, axis: 1 }); // [targets, samples, trees]
  const reduced = reduceTrees(ctx, chosen, { mode: of.mode, q });
  const byTarget = reshape(e, reduced, [targets, samples]);
  const scores = transpose(e, byTarget, [1, 0]);
  if (base.every((value) => value === 0)) return scores;
  const offsets = constant(e, {
    shape: [targets],
    values: base.map((value) => Math.round(value / scale)),
    q,
  });
  return emit(e, "add", { operands: [scores, offsets], shape: scores.shape, q, attrs: [1, 1, 0, 0, 0] });
}

/** [targets][nodes], row-major. */
function weightTable(node: OnnxNode, forest: Forest, targets: number): number[] {
  const nodes = forest.child.length;
  const weights = new Array<number>(targets * nodes).fill(0);
  for (const [i, leaf] of forest.leaves.entries()) {
    for (const { target, weight } of leaf) {
      if (target < 0 || target >= targets) {
        const want = `leaves of target or class 0 to ${targets - 1}`;
        throw invalidGraph({ item: nodeLabel(node), want, got: `${target}` });
      }
      weights[target * nodes + i] = (weights[target * nodes + i] ?? 0) + weight;
    }
  }
  return weights;
}

function reduceTrees(
  ctx: Lowering,
  x: Value,
  by: { readonly mode: string; readonly q: Quantization },
): Value {
  const { e } = ctx;
  const { mode, q } = by;
  if (mode === "MAX") return maxReduce(e, x, 2);
  const negated = (value: Value): Value =>
    emit(e, "add", { operands: [value, value], shape: value.shape, q, attrs: [-1, 0, 0, 0, 0] });
  if (mode === "MIN") return negated(maxReduce(e, negated(x), 2));
  const shape = [...x.shape.slice(0, 2), 1];
  return emit(e, "sumReduce", { operands: [x], shape, q, attrs: [2, 0, 1, 0, 0] });
}

/** Sums as an output of the program are given as they are, in i32; an operator behind them gets its calibrated range. */
export function finished(ctx: Lowering, name: string, sum: Value): Value {
  const read = (ctx.consumers.get(name)?.length ?? 0) > 0;
  return read ? rescale(ctx.e, sum, quantizationOf(ctx, name)) : sum;
}

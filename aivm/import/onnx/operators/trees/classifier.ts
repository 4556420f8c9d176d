/** Classification by trees: the label of the largest sum, or of the side of a threshold. */
import { argmax, compare } from "../../emit/compute.ts";
import { constant, integerConstant, type Value } from "../../emit/emit.ts";
import { gather, reshape, slice, where } from "../../emit/move.ts";
import { unsupportedForm } from "../../errors.ts";
import type { OnnxNode } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { isUsed, outputName, shapeOf } from "../../lowering/tensors.ts";
import { setValue } from "../../lowering/values.ts";
import { type Forest, forestOf, numbers } from "./forest.ts";
import { setBothScores, setScores } from "./scores.ts";
import { sums } from "./sums.ts";
import { walk } from "./walk.ts";

/** A classification: labels, and scores where the graph uses them. @throws AIVM_ONNX_UNSUPPORTED_FORM for string labels. */
export function lowerClassifier(ctx: Lowering, node: OnnxNode): void {
  const forest = forestOf(node);
  const labels = numbers(node, "classlabels_int64s");
  if (labels.length < 2) {
    throw unsupportedForm(node, {
      want: "two or more integer class labels",
      got: `${labels.length} of them`,
    });
  }
  const used = new Set(forest.leaves.flatMap((leaf) => leaf.map(({ target }) => target)));
  const leaf = walk(ctx, node, forest);
  if (labels.length === 2) lowerBinary(ctx, node, { forest, labels, leaf, used });
  else lowerMany(ctx, node, { forest, labels, leaf, used });
}

interface Classes {
  readonly forest: Forest;
  readonly labels: readonly number[];
  readonly leaf: Value;
  /** Classes that some leaf has a weight for. */
  readonly used: ReadonlySet<number>;
}

/** Three classes or more: the largest sum, the first of several; a class that no leaf knows is never chosen. */
function lowerMany(ctx: Lowering, node: OnnxNode, by: Classes): void {
  const { e } = ctx;
  const base = numbers(node, "base_values");
  assertSteadyClasses(node, by, base);
  const scores = sums(ctx, by.forest, { node, leaf: by.leaf, targets: by.labels.length, base, mode: "SUM" });
  const absent = by.labels.map((_, i) => (base.length > i || by.used.has(i) ? 0 : 1));
  const q = { ...scores.q, lo: -(2 ** 31 - 1) };
  const lowest = absent.includes(1) ? constant(e, { shape: [], values: [q.lo], q }) : undefined;
  const compared =
    lowest === undefined
      ? scores
      : where(e, integerConstant(e, "i8", [absent.length], absent), lowest, scores);
  if (isUsed(ctx, outputName(node))) {
    const best = argmax(e, compared, 1);
    setLabel(
      ctx,
      node,
      gather(e, integerConstant(e, "i32", [by.labels.length], by.labels), { indices: best, axis: 0 }),
    );
  }
  if (isUsed(ctx, outputName(node, 1))) setScores(ctx, node, scores);
}

/** A class whose sum exists for some samples only would be left out for the others: no such ensemble is made. */
function assertSteadyClasses(node: OnnxNode, by: Classes, base: readonly number[]): void {
  const { forest, used } = by;
  const steady = new Set(by.labels.map((_, i) => i).filter((i) => i < base.length || !used.has(i)));
  // In some tree every leaf must have a weight for it.
  const treeOf = treesOf(forest);
  for (const target of used) {
    const bare = new Set<number>();
    for (const [i, leaf] of forest.leaves.entries()) {
      if (forest.child[i] === i && !leaf.some((w) => w.target === target)) bare.add(treeOf[i] ?? 0);
    }
    if (forest.roots.some((_, tree) => !bare.has(tree))) steady.add(target);
  }
  const unsteady = [...used].find((target) => !steady.has(target));
  if (unsteady === undefined) return;
  throw unsupportedForm(node, {
    want: "classes that some tree weighs in each of its leaves",
    got: `class number ${unsteady}, which depends on the leaf`,
  });
}

/** Tree of each node: children come behind their parents. */
function treesOf(forest: Forest): number[] {
  const trees = forest.child.map((_, i) => i);
  for (const [i, child] of forest.child.entries()) {
    if (child === i) continue;
    trees[child] = trees[i] ?? 0;
    trees[child + 1] = trees[i] ?? 0;
  }
  return trees;
}

/**
 * Two classes, as onnxruntime reads the standard: with weights of one class only, that sum decides, against 1/2 where no
 * weight is negative and against 0 otherwise; with weights of both, the sum of the second against 0.
 */
function lowerBinary(ctx: Lowering, node: OnnxNode, by: Classes): void {
  const { e } = ctx;
  const base = numbers(node, "base_values");
  const single = by.used.size === 1;
  const first = single && by.used.has(0);
  if (base.length > 1 || (base.length === 1 && !first)) {
    throw unsupportedForm(node, {
      want: "two classes without base values, or one base value and weights of the first class only",
      got: `${base.length} base values`,
    });
  }
  if (!single) assertSteadyClasses(node, by, base);
  const scores = sums(ctx, by.forest, {
    node,
    leaf: by.leaf,
    targets: 2,
    base: base.length === 1 ? [base[0] ?? 0, 0] : [],
    mode: "SUM",
  });
  const score = slice(e, scores, {
    starts: [0, first ? 0 : 1],
    steps: [1, 1],
    sizes: [scores.shape[0] ?? 1, 1],
  });
  const positive = by.forest.leaves.every((leaf) => leaf.every(({ weight }) => weight >= 0));
  const half = single && positive;
  if (isUsed(ctx, outputName(node))) {
    const limit = half ? Math.round(0.5 / score.q.scale) : 0;
    const threshold = constant(e, { shape: [], values: [limit], q: score.q });
    const [no = 0, yes = 1] = by.labels;
    const label = (value: number): Value => integerConstant(e, "i32", [], [value]);
    setLabel(ctx, node, where(e, compare(e, threshold, "<", score), label(yes), label(no)));
  }
  if (!isUsed(ctx, outputName(node, 1))) return;
  if (first) setBothScores(ctx, node, { score, half });
  else setScores(ctx, node, scores);
}

function setLabel(ctx: Lowering, node: OnnxNode, label: Value): void {
  setValue(ctx, outputName(node), reshape(ctx.e, label, shapeOf(ctx, outputName(node))));
}

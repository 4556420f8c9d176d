/**
 * Tree ensembles in VM ops. All samples walk all trees at once, one level at a time, by gathering from the nodes' tables:
 * as many steps as the deepest tree has, leaves waiting where they are. Nothing depends on the data but indices.
 */
import { integerQuantization, type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
import {
  addScaled,
  argmax,
  compare,
  concat,
  constant,
  emit,
  gather,
  integerConstant,
  maxReduce,
  rescale,
  reshape,
  slice,
  table,
  transpose,
  type Value,
  where,
} from "../emit.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import {
  type Family,
  getValue,
  inputName,
  isUsed,
  type Lowerer,
  type Lowering,
  outputName,
  quantizationOf,
  setValue,
  shapeOf,
} from "../lowering.ts";
import { softmaxOf } from "../softmax.ts";
import { type Forest, forestOf, numbers } from "./forest.ts";
import { integerLimit } from "./limits.ts";

/** Lowerers of tree ensembles. */
export const TREE_FAMILY: Family = new Map<string, Lowerer>([
  ["ai.onnx.ml.TreeEnsembleClassifier", lowerClassifier],
  ["ai.onnx.ml.TreeEnsembleRegressor", lowerRegressor],
  ["ai.onnx.ml.TreeEnsemble", lowerRegressor],
]);

/** The leaf that every sample reaches in every tree: i32 [samples, trees]. */
function walk(ctx: Lowering, node: OnnxNode, forest: Forest): Value {
  const { e } = ctx;
  const x = features(ctx, node);
  const [samples = 1, count = 1] = x.shape;
  const nodes = forest.child.length;
  const beyond = forest.feature.find((feature) => feature >= count);
  if (beyond !== undefined)
    throw unsupportedForm(node, { want: `features below ${count}`, got: `${beyond}` });
  const roots = Array.from({ length: samples }, () => forest.roots).flat();
  let at = integerConstant(e, "i32", [samples, forest.roots.length], roots);
  if (forest.depth === 0) return at;
  const list = (values: readonly number[]): Value => integerConstant(e, "i32", [nodes], values);
  const whereTo = list(forest.child);
  const feature = list(forest.feature);
  const limit = list(forest.limit.map((test) => integerLimit(test, x.q)));
  const flat = reshape(e, x, [samples * count]);
  const starts = Array.from({ length: samples }, (_, i) => i * count);
  const rows = samples === 1 ? undefined : integerConstant(e, "i32", [samples, 1], starts);
  const pick = (from: Value): Value => gather(e, from, { indices: at, axis: 0 });
  const place = integerQuantization("i32", { lo: 0, hi: samples * count - 1 });
  const next = integerQuantization("i32", { lo: 0, hi: nodes - 1 });
  for (let level = 0; level < forest.depth; level++) {
    const which = rows === undefined ? pick(feature) : addScaled(e, { a: pick(feature), b: rows }, place);
    const value = gather(e, flat, { indices: which, axis: 0 });
    const above = compare(e, pick(limit), "<", value);
    // A leaf is its own child and nothing is above its limit.
    const operands = [pick(whereTo), above];
    at = emit(e, "add", { operands, shape: at.shape, q: next, attrs: [1, 1, 0, 0, 0] });
  }
  return at;
}

/** Features as [samples, count]. */
function features(ctx: Lowering, node: OnnxNode): Value {
  const x = getValue(ctx, inputName(node, 0));
  return x.shape.length === 1 ? reshape(ctx.e, x, [1, x.shape[0] ?? 1]) : x;
}

/** Bits that sums of leaf weights have. */
const SUM_BITS = 29;

/** Sums of the leaves' weights by target, [samples, targets], in i32 at a scale of their own. */
function sums(
  ctx: Lowering,
  forest: Forest,
  of: {
    readonly leaf: Value;
    readonly targets: number;
    readonly base: readonly number[];
    readonly mode: string;
  },
): Value {
  const { e } = ctx;
  const { leaf, targets, base } = of;
  const [samples = 1, trees = 1] = leaf.shape;
  const weights = weightTable(forest, targets);
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
function weightTable(forest: Forest, targets: number): number[] {
  const nodes = forest.child.length;
  const weights = new Array<number>(targets * nodes).fill(0);
  for (const [i, leaf] of forest.leaves.entries()) {
    for (const { target, weight } of leaf) {
      if (target >= targets) throw new RangeError(`target ${target} of ${targets}`);
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

// ---- regression ---------------------------------------------------------------------------------------------------

const TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];
const AGGREGATES = ["AVERAGE", "SUM", "MIN", "MAX"];

/** The name of a choice, which version 5 gives as a number. */
function choiceOf(
  node: OnnxNode,
  name: string,
  of: { readonly names: readonly string[]; readonly fallback: string },
): string {
  const { names, fallback } = of;
  if (node.attributes.get(name)?.kind === "int") return names[intAttribute(node, name, 0)] ?? "";
  return stringAttribute(node, name, fallback);
}

function lowerRegressor(ctx: Lowering, node: OnnxNode): void {
  const forest = forestOf(node);
  const transform = choiceOf(node, "post_transform", { names: TRANSFORMS, fallback: "NONE" });
  if (transform !== "NONE") {
    throw unsupportedForm(node, {
      want: "a regression without a transformation of its result",
      got: transform,
    });
  }
  const mode = choiceOf(node, "aggregate_function", { names: AGGREGATES, fallback: "SUM" });
  const targets = Math.max(1, intAttribute(node, "n_targets", 1));
  assertEveryTarget(node, forest, { targets, mode });
  const base = numbers(node, "base_values");
  const leaf = walk(ctx, node, forest);
  const average = mode === "AVERAGE" ? forest.roots.length : 1;
  const y = sums(ctx, forest, { leaf, targets, base: base.map((value) => value * average), mode });
  const mean = { ...y, q: { ...y.q, scale: y.q.scale / average } };
  setValue(
    ctx,
    outputName(node),
    reshape(ctx.e, finished(ctx, outputName(node), mean), shapeOf(ctx, outputName(node))),
  );
}

/** Sums as an output of the program are given as they are, in i32; an operator behind them gets its calibrated range. */
function finished(ctx: Lowering, name: string, sum: Value): Value {
  const read = (ctx.consumers.get(name)?.length ?? 0) > 0;
  return read ? rescale(ctx.e, sum, quantizationOf(ctx, name)) : sum;
}

/** The smallest or largest over the trees is one of leaves that have a weight: all must. */
function assertEveryTarget(
  node: OnnxNode,
  forest: Forest,
  of: { readonly targets: number; readonly mode: string },
): void {
  if (of.mode !== "MIN" && of.mode !== "MAX") return;
  const bare = forest.leaves.some((leaf, i) => forest.child[i] === i && leaf.length !== of.targets);
  if (bare)
    throw unsupportedForm(node, {
      want: `one weight per target in every leaf (${of.mode})`,
      got: "fewer or more",
    });
}

// ---- classification -----------------------------------------------------------------------------------------------

function lowerClassifier(ctx: Lowering, node: OnnxNode): void {
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
  const scores = sums(ctx, by.forest, { leaf: by.leaf, targets: by.labels.length, base, mode: "SUM" });
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

/** Both scores from the one that the trees have: 1 - s and s, or -s and s, or their logistic functions. */
function setBothScores(
  ctx: Lowering,
  node: OnnxNode,
  from: { readonly score: Value; readonly half: boolean },
): void {
  const { e } = ctx;
  const { score, half } = from;
  const name = outputName(node, 1);
  const transform = stringAttribute(node, "post_transform", "NONE");
  if (transform === "PROBIT")
    throw unsupportedForm(node, { want: "NONE, LOGISTIC or SOFTMAX", got: transform });
  const offset = half ? Math.round(1 / score.q.scale) : 0;
  const q = { ...score.q, lo: -(2 ** 31 - 1), hi: 2 ** 31 - 1 };
  const other = emit(e, "add", {
    operands: [score, score],
    shape: score.shape,
    q,
    attrs: [-1, 0, offset, 0, 0],
  });
  const both = concat(e, [other, score], 1);
  setValue(
    ctx,
    name,
    !half && transform === "LOGISTIC" ? logistic(ctx, both, name) : finished(ctx, name, both),
  );
}

/** A logistic function needs no more of its argument than 16. */
function logistic(ctx: Lowering, scores: Value, name: string): Value {
  const seen = symmetric16({ min: -16, max: 16 });
  return table(ctx.e, rescale(ctx.e, scores, seen), (s) => 1 / (1 + Math.exp(-s)), quantizationOf(ctx, name));
}

/** The sums themselves, or their logistic functions, or their softmax. */
function setScores(ctx: Lowering, node: OnnxNode, scores: Value): void {
  const name = outputName(node, 1);
  const transform = stringAttribute(node, "post_transform", "NONE");
  if (transform === "NONE") setValue(ctx, name, finished(ctx, name, scores));
  else if (transform === "LOGISTIC") setValue(ctx, name, logistic(ctx, scores, name));
  else if (transform === "SOFTMAX") setValue(ctx, name, softmaxOf(ctx, scores, quantizationOf(ctx, name)));
  else throw unsupportedForm(node, { want: "post_transform NONE, LOGISTIC or SOFTMAX", got: transform });
}

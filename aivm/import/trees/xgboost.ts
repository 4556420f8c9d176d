/** XGBoost's JSON (Booster.save_model, versions 1.0 to 3): gbtree models with one output per tree. */
import {
  type BoostedTree,
  type BoostedTrees,
  type Link,
  MOST_CLASSES,
  MOST_FEATURES,
  MOST_TREE_NODES,
  placeTree,
} from "./boosted.ts";
import { invalidTrees, unsupportedTrees } from "./errors.ts";
import { countOf, type Json, listOf, numberOf, numbersOf, objectOf, parseObject, textOf } from "./json.ts";
import { boostedToOnnx, type FeatureInput } from "./toOnnx.ts";

const LINKS: ReadonlyMap<string, Link> = new Map([
  ["binary:logistic", "logistic"],
  ["multi:softprob", "softmax"],
  ["multi:softmax", "softmax"],
  ["reg:squarederror", "identity"],
]);

/**
 * The ONNX model of an XGBoost model: it decides on float32 features as Booster.predict does, where no feature is NaN.
 * Outputs as boostedToOnnx says; classes are numbered from 0, multi:softmax has the scores of multi:softprob.
 * @param inputs how the features are given; one input `features` of all unless said otherwise
 * @throws AIVM_TREES_INVALID for a file that contradicts itself, AIVM_TREES_UNSUPPORTED for what is not lowered: other
 * boosters and objectives, categorical splits, leaves of several values, a model that predicts with fewer rounds
 */
export function xgboostToOnnx(json: string, inputs?: readonly FeatureInput[]): Uint8Array {
  return boostedToOnnx(readXgboost(json), inputs);
}

function readXgboost(json: string): BoostedTrees {
  const learner = objectOf(parseObject(json).learner, "learner");
  const booster = objectOf(learner.gradient_booster, "gradient_booster");
  const name = textOf(booster.name, "gradient_booster.name");
  if (name !== "gbtree")
    throw refused("booster", { want: "gbtree", got: name, remedy: "Train with booster=gbtree." });
  const objective = textOf(objectOf(learner.objective, "objective").name, "objective.name");
  const link = LINKS.get(objective);
  if (link === undefined) {
    throw refused("objective", {
      want: [...LINKS.keys()].join(", "),
      got: objective,
      remedy: "Train with one of these objectives.",
    });
  }
  const about = objectOf(learner.learner_model_param, "learner_model_param");
  const features = countOf(about.num_feature, "num_feature", { lo: 1, hi: MOST_FEATURES });
  const classes = countOf(about.num_class ?? 0, "num_class", { lo: 0, hi: MOST_CLASSES });
  const targets = countOf(about.num_target ?? 1, "num_target", { lo: 0, hi: MOST_CLASSES });
  if (targets > 1) {
    throw refused("num_target", {
      want: "one target",
      got: `${targets}`,
      remedy: "Train one model per target.",
    });
  }
  const outputs = link === "softmax" ? classes : 1;
  if (link === "softmax" ? classes < 2 : classes > 1) {
    throw invalidTrees("num_class", `as many classes as ${objective} has`, `${classes}`);
  }
  const model = objectOf(booster.model, "gradient_booster.model");
  const trees = treesOf(model, { features, outputs });
  assertAllRounds(learner, { model, outputs, trees: trees.length });
  return { features, test: "<", base: baseOf(about.base_score, { link, outputs }), link, trees };
}

/**
 * The sums before any tree. A file has one number, or since version 3.1 a list with one for all outputs or one each; of
 * logistic models it is a probability in every version.
 */
function baseOf(given: unknown, of: { readonly link: Link; readonly outputs: number }): readonly number[] {
  const item = "base_score";
  const text = textOf(given, item);
  const inner = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const scores = inner.split(",").map((score) => {
    if (!/^\s*[-+]?\d+(\.\d*)?([eE][-+]?\d+)?\s*$/.test(score))
      throw invalidTrees(item, "decimal numbers", text.slice(0, 60));
    return Math.fround(numberOf(Number(score), item));
  });
  if (scores.length !== 1 && scores.length !== of.outputs) {
    throw invalidTrees(item, `1 or ${of.outputs} numbers`, `${scores.length}`);
  }
  return Array.from({ length: of.outputs }, (_, i) => {
    const score = scores[scores.length === 1 ? 0 : i] ?? 0;
    if (of.link !== "logistic") return score;
    if (score <= 0 || score >= 1) throw invalidTrees(item, "a probability between 0 and 1", `${score}`);
    return Math.fround(-Math.log(1 / score - 1));
  });
}

function treesOf(model: Json, of: { readonly features: number; readonly outputs: number }): BoostedTree[] {
  const trees = listOf(model.trees, "trees");
  const groups = listOf(model.tree_info, "tree_info");
  if (trees.length !== groups.length || trees.length === 0) {
    throw invalidTrees(
      "tree_info",
      "one entry per tree, and a tree",
      `${groups.length} for ${trees.length} trees`,
    );
  }
  const budget = { left: MOST_TREE_NODES };
  return trees.map((tree, i) => ({
    target: countOf(groups[i], `tree_info[${i}]`, { lo: 0, hi: of.outputs - 1 }),
    nodes: nodesOf(objectOf(tree, `tree ${i}`), { item: `tree ${i}`, features: of.features, budget }),
  }));
}

function nodesOf(
  tree: Json,
  of: { readonly item: string; readonly features: number; readonly budget: { left: number } },
): BoostedTree["nodes"] {
  const { item, features, budget } = of;
  const width = objectOf(tree.tree_param ?? {}, `${item}, tree_param`).size_leaf_vector ?? 0;
  if (countOf(width, `${item}, size_leaf_vector`, { lo: 0, hi: MOST_CLASSES }) > 1) {
    throw refused(item, {
      want: "leaves of one value",
      got: "a multi-output tree",
      remedy: "Train with multi_strategy=one_output_per_tree.",
    });
  }
  const list = (key: string): readonly number[] => numbersOf(tree[key], `${item}, ${key}`);
  const [left, right] = [list("left_children"), list("right_children")];
  const [split, value] = [list("split_indices"), list("split_conditions")];
  const kinds = tree.split_type === undefined ? undefined : list("split_type");
  const count = left.length;
  if ([right, split, value, kinds ?? left].some((other) => other.length !== count) || count === 0) {
    throw invalidTrees(item, "lists of one length, with a root", `${count} left children and other numbers`);
  }
  const readNode = (i: number) => {
    const at = `${item}, node ${i}`;
    const limit = Math.fround(value[i] ?? 0);
    if (left[i] === -1 && right[i] === -1) return { leaf: numberOf(limit, at) };
    if (kinds !== undefined && kinds[i] !== 0) {
      throw refused(at, {
        want: "a split by a numeric threshold",
        got: "a categorical split",
        remedy: "Encode categories as numbers (one-hot) and train without enable_categorical.",
      });
    }
    return {
      feature: countOf(split[i], `${at}, feature`, { lo: 0, hi: features - 1 }),
      limit,
      yes: countOf(left[i], `${at}, left child`, { lo: 1, hi: count - 1 }),
      no: countOf(right[i], `${at}, right child`, { lo: 1, hi: count - 1 }),
    };
  };
  return placeTree(0, { item, test: "<", readNode, budget });
}

/** A model stopped early predicts with all its rounds or with the best ones, depending on who asks: it must be cut. */
function assertAllRounds(
  learner: Json,
  of: { readonly model: Json; readonly outputs: number; readonly trees: number },
): void {
  const best = objectOf(learner.attributes ?? {}, "attributes").best_iteration;
  if (best === undefined) return;
  const last = countOf(best, "best_iteration", { lo: 0, hi: MOST_TREE_NODES }) + 1;
  const about = objectOf(of.model.gbtree_model_param ?? {}, "gbtree_model_param");
  const parallel = countOf(about.num_parallel_tree ?? 1, "num_parallel_tree", { lo: 0, hi: MOST_TREE_NODES });
  const rounds = of.trees / (of.outputs * Math.max(1, parallel));
  if (rounds === last) return;
  throw refused("best_iteration", {
    want: "a model whose rounds are all used",
    got: `${rounds} rounds, the best of which is number ${last}`,
    remedy: `Save booster[:${last}] to predict with the best rounds.`,
  });
}

const refused = unsupportedTrees;

/** Small models as the two libraries write them, and what the libraries would answer: the files' own rules, tree by tree. */
import type { Random } from "../../support/random.ts";

/** A tree before it is written. */
export type Tree =
  | { readonly leaf: number }
  | { readonly feature: number; readonly threshold: number; readonly left: Tree; readonly right: Tree };

/**
 * A random tree; a root is a leaf at times. Values are float32 or float64 as `round` leaves them. Thresholds lie between 1/16
 * and 3.1: the integers of a feature tell every float32 of that size apart.
 */
export function randomTree(
  random: Random,
  by: { readonly features: number; readonly depth: number; readonly round: (value: number) => number },
): Tree {
  if (by.depth === 0 || random.int(0, 6) === 0) return { leaf: by.round(random.int(-1000, 1000) / 997) };
  const next = { ...by, depth: by.depth - 1 };
  return {
    feature: random.int(0, by.features - 1),
    threshold: by.round((random.pick([-1, 1]) * random.int(7, 300)) / 97),
    left: randomTree(random, next),
    right: randomTree(random, next),
  };
}

/** Every threshold of a tree. */
export function thresholdsOf(tree: Tree): number[] {
  if ("leaf" in tree) return [];
  return [tree.threshold, ...thresholdsOf(tree.left), ...thresholdsOf(tree.right)];
}

/** The leaf that a row reaches. */
export function leafOf(tree: Tree, row: ArrayLike<number>, test: "<" | "<="): number {
  if ("leaf" in tree) return tree.leaf;
  const x = row[tree.feature] ?? 0;
  const left = test === "<" ? x < tree.threshold : x <= tree.threshold;
  return leafOf(left ? tree.left : tree.right, row, test);
}

/** A tree in XGBoost's lists, children numbered as a depth-first walk meets them. */
export function xgboostTree(tree: Tree): Record<string, unknown> {
  const lists = {
    left_children: [] as number[],
    right_children: [] as number[],
    split_indices: [] as number[],
    split_conditions: [] as number[],
    split_type: [] as number[],
  };
  const place = (node: Tree): number => {
    const at = lists.left_children.length;
    lists.left_children.push(-1);
    lists.right_children.push(-1);
    lists.split_type.push(0);
    lists.split_indices.push("leaf" in node ? 0 : node.feature);
    lists.split_conditions.push("leaf" in node ? node.leaf : node.threshold);
    if (!("leaf" in node)) {
      lists.left_children[at] = place(node.left);
      lists.right_children[at] = place(node.right);
    }
    return at;
  };
  place(tree);
  return { ...lists, tree_param: { num_nodes: `${lists.left_children.length}`, size_leaf_vector: "1" } };
}

/** An XGBoost model. */
export function xgboostModel(of: {
  readonly trees: readonly Tree[];
  readonly features: number;
  readonly objective: string;
  readonly classes?: number;
  readonly baseScore?: string;
}): Record<string, unknown> {
  const groups = Math.max(1, of.classes ?? 1);
  return {
    version: [3, 2, 0],
    learner: {
      attributes: {},
      gradient_booster: {
        name: "gbtree",
        model: {
          gbtree_model_param: { num_trees: `${of.trees.length}`, num_parallel_tree: "1" },
          tree_info: of.trees.map((_, i) => i % groups),
          trees: of.trees.map(xgboostTree),
        },
      },
      learner_model_param: {
        base_score: of.baseScore ?? "5E-1",
        num_class: `${of.classes ?? 0}`,
        num_feature: `${of.features}`,
        num_target: "1",
      },
      objective: { name: of.objective },
    },
  };
}

/** A tree in LightGBM's nested objects. */
export function lightgbmTree(tree: Tree): Record<string, unknown> {
  if ("leaf" in tree) return { leaf_value: tree.leaf };
  return {
    split_feature: tree.feature,
    threshold: tree.threshold,
    decision_type: "<=",
    default_left: true,
    missing_type: "None",
    left_child: lightgbmTree(tree.left),
    right_child: lightgbmTree(tree.right),
  };
}

/** A LightGBM model. */
export function lightgbmModel(of: {
  readonly trees: readonly Tree[];
  readonly features: number;
  readonly objective: string;
  readonly perRound?: number;
}): Record<string, unknown> {
  return {
    name: "tree",
    version: "v4",
    num_tree_per_iteration: of.perRound ?? 1,
    max_feature_idx: of.features - 1,
    objective: of.objective,
    average_output: false,
    tree_info: of.trees.map((tree, i) => ({ tree_index: i, tree_structure: lightgbmTree(tree) })),
  };
}

/** LightGBM's JSON (Booster.dump_model): gbdt models with numeric splits. */
import {
  type BoostedTree,
  type BoostedTrees,
  type FileNode,
  type Link,
  MOST_CLASSES,
  MOST_FEATURES,
  MOST_TREE_NODES,
  placeTree,
} from "./boosted.ts";
import { invalidTrees, unsupportedTrees } from "./errors.ts";
import { countOf, type Json, listOf, numberOf, objectOf, parseObject, textOf } from "./json.ts";
import { float32AtMost } from "./threshold.ts";
import { boostedToOnnx, type FeatureInput } from "./toOnnx.ts";

/** How the sums of an objective are read. `factor` multiplies them first. */
interface Objective {
  readonly link: Link;
  readonly factor: number;
}

/**
 * The ONNX model of a LightGBM model: it decides on float32 features as Booster.predict does, where no feature is NaN.
 * Outputs as boostedToOnnx says; classes are numbered from 0.
 * @param inputs how the features are given; one input `features` of all unless said otherwise
 * @throws AIVM_TREES_INVALID for a file that contradicts itself, AIVM_TREES_UNSUPPORTED for what is not lowered: other
 * objectives, categorical splits, zero_as_missing, averaged (random) forests, linear leaves
 */
export function lightgbmToOnnx(json: string, inputs?: readonly FeatureInput[]): Uint8Array {
  return boostedToOnnx(readLightgbm(json), inputs);
}

function readLightgbm(json: string): BoostedTrees {
  const model = parseObject(json);
  const outputs = countOf(model.num_tree_per_iteration, "num_tree_per_iteration", {
    lo: 1,
    hi: MOST_CLASSES,
  });
  const { link, factor } = objectiveOf(model, outputs);
  if (model.average_output === true) {
    throw unsupportedTrees("average_output", {
      want: "sums of trees",
      got: "an average (boosting=rf)",
      remedy: "Train with boosting=gbdt.",
    });
  }
  const features = countOf(model.max_feature_idx, "max_feature_idx", { lo: 0, hi: MOST_FEATURES - 1 }) + 1;
  const budget = { left: MOST_TREE_NODES };
  const list = listOf(model.tree_info, "tree_info");
  if (list.length === 0 || list.length % outputs !== 0) {
    throw invalidTrees("tree_info", `rounds of ${outputs} trees`, `${list.length} trees`);
  }
  const trees = list.map((tree, i): BoostedTree => {
    const item = `tree ${i}`;
    const root = objectOf(objectOf(tree, item).tree_structure, `${item}, tree_structure`);
    const readNode = (node: Json): FileNode<Json> => nodeOf(node, { item, features, factor });
    // The order of the trees is the order of the classes; the base score is in the leaves of the first round.
    return { target: i % outputs, nodes: placeTree(root, { item, test: "<=", readNode, budget }) };
  });
  return { features, test: "<=", base: new Array<number>(outputs).fill(0), link, trees };
}

const OBJECTIVES =
  "binary, multiclass, multiclassova, regression, regression_l1, huber, fair, quantile, mape";
const IDENTITY = ["regression", "regression_l1", "huber", "fair", "quantile", "mape"];

/** "binary sigmoid:1": a name and its settings. */
function objectiveOf(model: Json, outputs: number): Objective {
  const text = textOf(model.objective ?? "custom", "objective");
  const [name = "", ...settings] = text.split(" ");
  const classes = settings.find((setting) => setting.startsWith("num_class:"))?.slice(10);
  const sigmoid = settings.find((setting) => setting.startsWith("sigmoid:"))?.slice(8) ?? "1";
  const factor = numberOf(Number(sigmoid), "objective, sigmoid");
  if (factor <= 0) throw invalidTrees("objective, sigmoid", "a number above 0", sigmoid);
  const many = name === "multiclass" || name === "multiclassova";
  if (many ? classes !== `${outputs}` || outputs < 2 : outputs !== 1) {
    throw invalidTrees("num_tree_per_iteration", `as many trees a round as ${text} has`, `${outputs}`);
  }
  if (name === "binary") return { link: "logistic", factor };
  if (name === "multiclass") return { link: "softmax", factor: 1 };
  if (name === "multiclassova" && outputs > 2) return { link: "sigmoids", factor };
  if (IDENTITY.includes(name) && !settings.includes("sqrt")) return { link: "identity", factor: 1 };
  throw unsupportedTrees("objective", {
    want: `${OBJECTIVES} (without reg_sqrt; multiclassova with three classes or more)`,
    got: text.slice(0, 60),
    remedy: "Train with one of these objectives.",
  });
}

function nodeOf(
  node: Json,
  of: { readonly item: string; readonly features: number; readonly factor: number },
): FileNode<Json> {
  const { item, features, factor } = of;
  const refuse = (want: string, facts: { readonly got: string; readonly remedy: string }): never => {
    throw unsupportedTrees(item, { want, ...facts });
  };
  if (node.leaf_value !== undefined) {
    if (node.leaf_coeff !== undefined || node.leaf_const !== undefined) {
      refuse("leaves of one value", { got: "linear leaves", remedy: "Train with linear_tree=false." });
    }
    const value = Math.fround(factor * numberOf(node.leaf_value, `${item}, leaf_value`));
    return { leaf: numberOf(value, `${item}, leaf_value in float32`) };
  }
  if (node.decision_type !== "<=") {
    refuse("splits by <=", {
      got: node.decision_type === "==" ? "a categorical split" : "another decision type",
      remedy: "Encode categories as numbers (one-hot) and train without categorical_feature.",
    });
  }
  const missing = textOf(node.missing_type, `${item}, missing_type`);
  if (missing !== "None" && missing !== "NaN") {
    refuse("missing_type None or NaN", {
      got: missing.slice(0, 60),
      remedy: "Train with zero_as_missing=false.",
    });
  }
  return {
    feature: countOf(node.split_feature, `${item}, split_feature`, { lo: 0, hi: features - 1 }),
    limit: float32AtMost(numberOf(node.threshold, `${item}, threshold`)),
    yes: objectOf(node.left_child, `${item}, left_child`),
    no: objectOf(node.right_child, `${item}, right_child`),
  };
}

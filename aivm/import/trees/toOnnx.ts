/** Boosted trees as an ONNX model of one tree ensemble: what compileOnnx lowers. */
import { encodeOnnx } from "../onnx/format/encode.ts";
import type { OnnxAttribute, OnnxNode, OnnxValue } from "../onnx/graph.ts";
import type { BoostedTree, BoostedTrees } from "./boosted.ts";
import { unsupportedTrees } from "./errors.ts";

const OPSET = 17;
const ML = "ai.onnx.ml";
const ML_OPSET = 3;
const IR_VERSION = 8;

/** An input of the model: consecutive features under a name. */
export interface FeatureInput {
  readonly name: string;
  readonly width: number;
}

/**
 * The ONNX model of one sample: inputs float32 [1, width], joined in order; outputs `label` int64 [1] and `scores`
 * float32 [1, classes], or `prediction` float32 [1, 1] of a regression.
 * @param inputs how the features are given; one input `features` of all unless said otherwise
 * @throws AIVM_TREES_UNSUPPORTED when the inputs have another number of features
 */
export function boostedToOnnx(
  model: BoostedTrees,
  inputs: readonly FeatureInput[] = [{ name: "features", width: model.features }],
): Uint8Array {
  const width = inputs.reduce((sum, input) => sum + input.width, 0);
  if (width !== model.features) {
    throw unsupportedTrees("inputs", {
      want: `${model.features} features in all`,
      got: `${width}`,
      remedy: "Give the features that the model was trained on, in the same order.",
    });
  }
  const joined = inputs.length > 1;
  const features = joined ? freeName(inputs) : (inputs[0]?.name ?? "features");
  const join: OnnxNode = {
    opType: "Concat",
    domain: "",
    name: "join",
    inputs: inputs.map((input) => input.name),
    outputs: [features],
    attributes: new Map([["axis", { kind: "int", value: 1 }]]),
  };
  const { outputs, ...ensemble } = ensembleOf(model);
  const trees: OnnxNode = {
    ...ensemble,
    domain: ML,
    name: "trees",
    inputs: [features],
    outputs: outputs.map((output) => output.name),
  };
  return encodeOnnx({
    opset: OPSET,
    imports: new Map([[ML, ML_OPSET]]),
    irVersion: IR_VERSION,
    producer: "aivm",
    nodes: joined ? [join, trees] : [trees],
    initializers: new Map(),
    inputs: inputs.map((input) => ({ name: input.name, dtype: "float32", shape: [1, input.width] })),
    outputs,
  });
}

function freeName(inputs: readonly FeatureInput[]): string {
  let name = "features";
  while (inputs.some((input) => input.name === name)) name += ".joined";
  return name;
}

/** Weight of a leaf for one target of the node. */
type Weigh = (tree: BoostedTree, value: number) => readonly (readonly [number, number])[];

function ensembleOf(model: BoostedTrees): {
  readonly opType: string;
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  readonly outputs: readonly OnnxValue[];
} {
  const { base, link } = model;
  if (link === "identity") {
    const own: Weigh = (tree, value) => [[tree.target, value]];
    return {
      opType: "TreeEnsembleRegressor",
      attributes: new Map([
        ...treeAttributes(model, { kind: "target", weigh: own, trees: model.trees }),
        ["n_targets", int(base.length)],
        ["base_values", floats(base)],
      ]),
      outputs: [{ name: "prediction", dtype: "float32", shape: [1, base.length] }],
    };
  }
  // Of two classes both scores are written as one sum and its negative: what decides is its sign.
  const two = base.length <= 2 && link !== "sigmoids";
  const sign = (target: number): number => (base.length === 2 && target === 0 ? -1 : 1);
  const weigh: Weigh = two
    ? (tree, value) => [
        [0, -sign(tree.target) * value],
        [1, sign(tree.target) * value],
      ]
    : (tree, value) => [[tree.target, value]];
  // Two classes take no base values: a tree of one leaf adds them.
  const start = base.map((value, target): BoostedTree => ({ target, nodes: [{ leaf: value }] }));
  const trees = two ? [...model.trees, ...start.filter((_, i) => base[i] !== 0)] : model.trees;
  const classes = two ? 2 : base.length;
  return {
    opType: "TreeEnsembleClassifier",
    attributes: new Map([
      ...treeAttributes(model, { kind: "class", weigh, trees }),
      ["classlabels_int64s", { kind: "ints", value: Array.from({ length: classes }, (_, i) => i) }],
      ["post_transform", { kind: "string", value: two || link === "sigmoids" ? "LOGISTIC" : "SOFTMAX" }],
      ...(two ? [] : [["base_values", floats(base)] as const]),
    ]),
    outputs: [
      { name: "label", dtype: "int64", shape: [1] },
      { name: "scores", dtype: "float32", shape: [1, classes] },
    ],
  };
}

function treeAttributes(
  model: BoostedTrees,
  as: { readonly kind: "class" | "target"; readonly weigh: Weigh; readonly trees: readonly BoostedTree[] },
): [string, OnnxAttribute][] {
  const nodes = as.trees.flatMap((tree, number) =>
    tree.nodes.map((node, id) => ({ tree: number, id, node })),
  );
  const leaves = as.trees.flatMap((tree, number) =>
    tree.nodes.flatMap((node, id) =>
      "leaf" in node
        ? as.weigh(tree, node.leaf).map(([target, weight]) => ({ tree: number, id, target, weight }))
        : [],
    ),
  );
  const test = model.test === "<" ? "BRANCH_LT" : "BRANCH_LEQ";
  const ofTests = (pick: "feature" | "limit" | "yes" | "no"): number[] =>
    nodes.map(({ node }) => ("leaf" in node ? 0 : node[pick]));
  const { kind } = as;
  return [
    ["nodes_treeids", ints(nodes.map(({ tree }) => tree))],
    ["nodes_nodeids", ints(nodes.map(({ id }) => id))],
    ["nodes_featureids", ints(ofTests("feature"))],
    ["nodes_values", floats(ofTests("limit"))],
    ["nodes_modes", { kind: "strings", value: nodes.map(({ node }) => ("leaf" in node ? "LEAF" : test)) }],
    ["nodes_truenodeids", ints(ofTests("yes"))],
    ["nodes_falsenodeids", ints(ofTests("no"))],
    [`${kind}_treeids`, ints(leaves.map(({ tree }) => tree))],
    [`${kind}_nodeids`, ints(leaves.map(({ id }) => id))],
    [`${kind}_ids`, ints(leaves.map(({ target }) => target))],
    [`${kind}_weights`, floats(leaves.map(({ weight }) => weight))],
  ];
}

function int(value: number): OnnxAttribute {
  return { kind: "int", value };
}

function ints(value: readonly number[]): OnnxAttribute {
  return { kind: "ints", value };
}

function floats(value: readonly number[]): OnnxAttribute {
  return { kind: "floats", value };
}

/** Norms in forms that have no lowering of their own. */
import { elementCount, floatAttribute, intAttribute } from "../graph.ts";
import { attributesOf, float, int, type Rule, type Rules } from "./rule.ts";

/** Parameters that are computed: scale (x - mean) / sqrt(variance + epsilon) + shift, channel by channel. */
const computedBatchNorm: Rule = {
  typed: true,
  when: (node, facts) =>
    intAttribute(node, "training_mode", 0) === 0 &&
    node.outputs.slice(1).every((name) => name === "") &&
    node.inputs.slice(1).some((name) => facts.constant(name) === undefined),
  expand: (build, node) => {
    const [x = "", ...parameters] = node.inputs;
    const shape = [
      1,
      -1,
      ...build
        .shape(x)
        .slice(2)
        .map(() => 1),
    ];
    const [scale = "", shift = "", mean = "", variance = ""] = parameters.map((name) =>
      build.add("Reshape", [name, build.ints(shape)]),
    );
    const epsilon = build.floats([floatAttribute(node, "epsilon", 1e-5)], []);
    const deviation = build.add("Sqrt", [build.add("Add", [variance, epsilon])]);
    const gain = build.add("Div", [scale, deviation]);
    const centred = build.add("Sub", [x, mean]);
    build.into(
      node.outputs.slice(0, 1),
      { type: "Add" },
      { inputs: [build.add("Mul", [centred, gain]), shift] },
    );
  },
};

/** Before version 21, scale and shift were given per group. */
const groupParameters: Rule = {
  before: 21,
  typed: true,
  expand: (build, node) => {
    const [x = "", scale = "", shift = ""] = node.inputs;
    const groups = intAttribute(node, "num_groups", 1);
    const channels = build.shape(x)[1] ?? 1;
    const perChannel = (name: string): string => {
      if (elementCount(build.shape(name)) === channels) return name;
      const column = build.add("Reshape", [name, build.ints([groups, 1])]);
      const spread = build.add("Expand", [column, build.ints([groups, channels / groups])]);
      return build.add("Reshape", [spread, build.ints([channels])]);
    };
    build.into(
      node.outputs,
      { type: "GroupNormalization" },
      {
        inputs: [x, perChannel(scale), perChannel(shift)],
        attributes: attributesOf(node),
      },
    );
  },
};

/** com.microsoft: x + skip (+ bias), then a layer norm, with or without a mean; the sum may be an output too. */
const skipNorm = (type: "LayerNormalization" | "RMSNormalization"): Rule => ({
  when: (node) => node.outputs.slice(1, 3).every((name) => name === ""),
  expand: (build, node) => {
    const [x = "", skip = "", gamma = ""] = node.inputs;
    const beta = type === "LayerNormalization" ? (node.inputs[3] ?? "") : "";
    const bias = node.inputs[type === "LayerNormalization" ? 4 : 3] ?? "";
    const sum = build.add("Add", [bias === "" ? x : build.add("Add", [x, bias]), skip]);
    const epsilon = float(floatAttribute(node, "epsilon", 1e-12));
    build.into(
      node.outputs.slice(0, 1),
      { type },
      {
        inputs: [sum, gamma, beta],
        attributes: { axis: int(-1), epsilon },
      },
    );
    build.into(node.outputs[3] ?? "", { type: "Identity" }, { inputs: [sum] });
  },
});

/** The layer norm without a mean, under the name that it had before version 23. */
const simplified: Rule = {
  when: (node) => node.outputs.slice(1).every((name) => name === ""),
  expand: (build, node) =>
    build.into(
      node.outputs.slice(0, 1),
      { type: "RMSNormalization" },
      {
        inputs: node.inputs,
        attributes: attributesOf(node),
      },
    ),
};

/** Rules of this file. */
export const NORM_RULES: Rules = new Map<string, readonly Rule[]>([
  ["BatchNormalization", [computedBatchNorm]],
  ["GroupNormalization", [groupParameters]],
  ["SimplifiedLayerNormalization", [simplified]],
  ["com.microsoft.SimplifiedLayerNormalization", [simplified]],
  ["com.microsoft.SkipLayerNormalization", [skipNorm("LayerNormalization")]],
  ["com.microsoft.SkipSimplifiedLayerNormalization", [skipNorm("RMSNormalization")]],
]);

/** Attributes that became inputs: axes, shapes, sizes, bounds. */
import { floatAttribute, intAttribute, intsAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { attributesOf, type Builder, int, type Rule, type Rules } from "./rule.ts";

/** A rule that writes the same operator with other inputs, and without the attributes that they replace. */
function asInputs(
  before: number,
  attributes: readonly string[],
  inputs: (build: Builder, node: OnnxNode) => readonly string[],
): Rule {
  return {
    before,
    when: (node) => attributes.some((name) => node.attributes.has(name)),
    expand: (build, node) =>
      build.into(
        node.outputs,
        { type: node.opType },
        {
          inputs: inputs(build, node),
          attributes: attributesOf(node, { without: attributes }),
        },
      ),
  };
}

const first = (node: OnnxNode): string => node.inputs[0] ?? "";

/** The attribute as a constant, or no input. */
function listInput(build: Builder, node: OnnxNode, name: string): string {
  const values = intsAttribute(node, name);
  return values === undefined ? "" : build.ints(values);
}

const axes = (before: number): Rule =>
  asInputs(before, ["axes"], (build, node) => [first(node), listInput(build, node, "axes")]);

const slice = asInputs(10, ["starts", "ends", "axes"], (build, node) => [
  first(node),
  ...["starts", "ends", "axes"].map((name) => listInput(build, node, name)),
]);

const pad: Rule = {
  before: 11,
  expand: (build, node) => {
    const name = node.attributes.has("pads") ? "pads" : "paddings";
    const value = build.floats([floatAttribute(node, "value", 0)], []);
    build.into(
      node.outputs,
      { type: "Pad" },
      {
        inputs: [first(node), listInput(build, node, name), value],
        attributes: attributesOf(node, { without: ["pads", "paddings", "value"] }),
      },
    );
  },
};

const clip: Rule = {
  before: 11,
  expand: (build, node) => {
    const bound = (name: string): string =>
      node.attributes.has(name) ? build.floats([floatAttribute(node, name, 0)], []) : "";
    build.into(node.outputs, { type: "Clip" }, { inputs: [first(node), bound("min"), bound("max")] });
  },
};

/** Sizes as an attribute, as the second input, or, since version 18, as a number of equal parts. */
const split: Rule = {
  before: 18,
  when: (node) => node.attributes.has("split") || (node.inputs[1] ?? "") === "",
  expand: (build, node) => {
    const sizes = listInput(build, node, "split");
    const set = sizes === "" ? { num_outputs: int(node.outputs.length) } : {};
    build.into(
      node.outputs,
      { type: "Split" },
      {
        inputs: [first(node), sizes],
        attributes: attributesOf(node, { without: ["split"], set }),
      },
    );
  },
};

const topK = asInputs(10, ["k"], (build, node) => [first(node), build.ints([intAttribute(node, "k", 1)])]);

const reshape = asInputs(5, ["shape", "consumed_inputs"], (build, node) => [
  first(node),
  listInput(build, node, "shape"),
]);

/** The type was a name before version 6. */
const cast: Rule = {
  before: 6,
  when: (node) => node.attributes.get("to")?.kind === "string",
  expand: (build, node) => {
    const names = [
      "",
      "FLOAT",
      "UINT8",
      "INT8",
      "UINT16",
      "INT16",
      "INT32",
      "INT64",
      "STRING",
      "BOOL",
      "FLOAT16",
    ];
    const code = names.indexOf(stringAttribute(node, "to", ""));
    build.into(
      node.outputs,
      { type: "Cast" },
      {
        inputs: node.inputs,
        attributes: { to: int(code < 0 ? 11 : code) },
      },
    );
  },
};

const concat: Rule = {
  before: 4,
  when: (node) => !node.attributes.has("axis"),
  expand: (build, node) =>
    build.into(node.outputs, { type: "Concat" }, { inputs: node.inputs, attributes: { axis: int(1) } }),
};

const REDUCTIONS = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare"];

/** Rules of this file. */
export const OLD_AXES_RULES: Rules = new Map<string, readonly Rule[]>([
  ...REDUCTIONS.map((kind): [string, readonly Rule[]] => [`Reduce${kind}`, [axes(18)]]),
  ["ReduceSum", [axes(13)]],
  ["Squeeze", [axes(13)]],
  ["Unsqueeze", [axes(13)]],
  ["Slice", [slice]],
  ["Pad", [pad]],
  ["Clip", [clip]],
  ["Split", [split]],
  ["TopK", [topK]],
  ["Reshape", [reshape]],
  ["Cast", [cast]],
  ["Concat", [concat]],
]);

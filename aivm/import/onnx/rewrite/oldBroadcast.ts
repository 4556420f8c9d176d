/** Before version 7, two operands of arithmetic were broadcast by the attributes `broadcast` and `axis`. */
import { intAttribute, type OnnxNode } from "../graph.ts";
import { attributesOf, type Builder, type Rule, type Rules } from "./rule.ts";

const OLD = ["broadcast", "axis", "consumed_inputs"];

/** Only where one of the old attributes is there at all: otherwise both versions mean the same. */
const binary: Rule = {
  before: 7,
  typed: true,
  when: (node) => OLD.some((name) => node.attributes.has(name)),
  expand: (build, node) => {
    const [a = "", b = ""] = node.inputs;
    const attributes = attributesOf(node, { without: OLD });
    const aligned = intAttribute(node, "broadcast", 0) === 0 ? b : alignedTo(build, node, { a, b });
    build.into(node.outputs, { type: node.opType }, { inputs: [a, aligned], attributes });
  },
};

/** B with axes of size 1 behind it, so that its first axis meets axis `axis` of A. */
function alignedTo(
  build: Builder,
  node: OnnxNode,
  { a, b }: { readonly a: string; readonly b: string },
): string {
  const [rankA, rankB] = [build.shape(a).length, build.shape(b).length];
  const axis = intAttribute(node, "axis", rankA - rankB);
  const behind = rankA - rankB - (axis < 0 ? axis + rankA : axis);
  if (behind <= 0) return b;
  return build.add("Unsqueeze", [b, build.ints(Array.from({ length: behind }, (_, i) => rankB + i))]);
}

/** Before version 7 a slope per channel was given as [C]. */
const prelu: Rule = {
  before: 7,
  typed: true,
  expand: (build, node) => {
    const [x = "", slope = ""] = node.inputs;
    const rank = build.shape(x).length;
    const perChannel = build.shape(slope).length === 1 && build.shape(slope)[0] !== 1 && rank > 2;
    const axes = Array.from({ length: rank - 2 }, (_, i) => i + 1);
    const aligned = perChannel ? build.add("Unsqueeze", [slope, build.ints(axes)]) : slope;
    build.into(node.outputs, { type: "PRelu" }, { inputs: [x, aligned] });
  },
};

/** Without attributes that the target does not know. */
function dropping(names: readonly string[], before: number): Rule {
  return {
    before,
    when: (node) => names.some((name) => node.attributes.has(name)),
    expand: (build, node) =>
      build.into(
        node.outputs,
        { type: node.opType },
        {
          inputs: node.inputs,
          attributes: attributesOf(node, { without: names }),
        },
      ),
  };
}

const CONSUMING = [
  ...[
    "Relu",
    "LeakyRelu",
    "Elu",
    "Selu",
    "Sigmoid",
    "Tanh",
    "HardSigmoid",
    "Abs",
    "Neg",
    "Reciprocal",
    "Floor",
  ],
  ...["Ceil", "Sqrt", "Exp", "Log", "Sum", "Mean", "Max", "Min", "InstanceNormalization"],
];

/** Rules of this file. */
export const OLD_BROADCAST_RULES: Rules = new Map<string, readonly Rule[]>([
  ...["Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Less", "Greater"].map(
    (name): [string, readonly Rule[]] => [name, [binary]],
  ),
  ["PRelu", [prelu]],
  ["Gemm", [dropping(["broadcast"], 7)]],
  ...CONSUMING.map((name): [string, readonly Rule[]] => [name, [dropping(["consumed_inputs"], 6)]]),
]);

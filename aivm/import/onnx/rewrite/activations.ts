/** Activations that are a few operators each: gates of ai.onnx, and those of com.microsoft. */
import { floatAttribute, intAttribute } from "../graph.ts";
import { type Builder, intList, type Rule, type Rules, text } from "./rule.ts";

/** x sigmoid(alpha x). */
export function swish(build: Builder, x: string, alpha = 1): string {
  return build.add("Mul", [x, gate(build, x, alpha)]);
}

function gate(build: Builder, x: string, alpha: number): string {
  return build.add("Sigmoid", [alpha === 1 ? x : build.add("Mul", [x, build.floats([alpha], [])])]);
}

const swiGlu: Rule = {
  expand: (build, node) => {
    const [a = "", b = ""] = node.inputs;
    const gated = swish(build, a, floatAttribute(node, "alpha", 1));
    build.into(node.outputs, { type: "Mul" }, { inputs: [gated, b] });
  },
};

const quickGelu: Rule = {
  expand: (build, node) => {
    const [x = ""] = node.inputs;
    build.into(
      node.outputs,
      { type: "Mul" },
      {
        inputs: [x, gate(build, x, floatAttribute(node, "alpha", 1.702))],
      },
    );
  },
};

/** Gelu, exact or by tanh, with an optional bias that is added before. */
const gelu = (approximate: "none" | "tanh"): Rule => ({
  expand: (build, node) => {
    const [x = "", bias = ""] = node.inputs;
    const sum = bias === "" ? x : build.add("Add", [x, bias]);
    build.into(
      node.outputs,
      { type: "Gelu" },
      { inputs: [sum], attributes: { approximate: text(approximate) } },
    );
  },
});

/** alpha op(A) op(B), op transposing the last two axes, or the batch axes behind the first of them. */
const fusedMatMul: Rule = {
  typed: true,
  when: (node) => intAttribute(node, "transBatchA", 0) === 0 && intAttribute(node, "transBatchB", 0) === 0,
  expand: (build, node) => {
    const [a = "", b = ""] = node.inputs;
    const alpha = floatAttribute(node, "alpha", 1);
    const left = oriented(build, a, intAttribute(node, "transA", 0) !== 0);
    const right = oriented(build, b, intAttribute(node, "transB", 0) !== 0);
    if (alpha === 1) {
      build.into(node.outputs, { type: "MatMul" }, { inputs: [left, right] });
      return;
    }
    const product = build.add("MatMul", [left, right]);
    build.into(node.outputs, { type: "Mul" }, { inputs: [product, build.floats([alpha], [])] });
  },
};

function oriented(build: Builder, name: string, transposed: boolean): string {
  const rank = build.shape(name).length;
  if (!transposed || rank < 2) return name;
  const axes = Array.from({ length: rank }, (_, i) => i);
  return build.add("Transpose", [name], { perm: intList([...axes.slice(0, -2), rank - 1, rank - 2]) });
}

/** Rules of this file. */
export const ACTIVATION_RULES: Rules = new Map<string, readonly Rule[]>([
  ["SwiGLU", [swiGlu]],
  ["com.microsoft.QuickGelu", [quickGelu]],
  ["com.microsoft.FastGelu", [gelu("tanh")]],
  ["com.microsoft.BiasGelu", [gelu("none")]],
  ["com.microsoft.Gelu", [gelu("none")]],
  ["com.microsoft.FusedMatMul", [fusedMatMul]],
]);

/** Linear models of ai.onnx.ml and what stands around them: scaling, products with coefficients, normalising. */
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { numbers } from "../operators/trees/forest.ts";
import { type Builder, int, type Rule, type Rules } from "./rule.ts";

const FLOAT = 1;

/** The features of a node in float32. */
function features(build: Builder, node: OnnxNode): string {
  const [x = ""] = node.inputs;
  return build.facts.type(x)?.dtype === "float32" ? x : build.add("Cast", [x], { to: int(FLOAT) });
}

/** (x - offset) x scale. */
const scaler: Rule = {
  typed: true,
  expand: (build, node) => {
    const centred = build.add("Sub", [features(build, node), build.floats(numbers(node, "offset"))]);
    const inputs = [centred, build.floats(numbers(node, "scale"))];
    build.into(node.outputs[0] ?? "", { type: "Mul" }, { inputs });
  },
};

/** Coefficients times features plus intercepts: [samples, rows]. */
function scores(build: Builder, node: OnnxNode, rows: number): { readonly inputs: readonly string[] } {
  const x = features(build, node);
  const coefficients = numbers(node, "coefficients");
  const given = numbers(node, "intercepts");
  const intercepts = given.length === rows ? given : new Array<number>(rows).fill(0);
  const matrix = build.floats(coefficients, [rows, coefficients.length / rows]);
  return { inputs: [x, matrix, build.floats(intercepts)] };
}

const regressor: Rule = {
  typed: true,
  expand: (build, node) => {
    const transform = stringAttribute(node, "post_transform", "NONE");
    if (transform !== "NONE") throw unsupportedForm(node, { want: "post_transform NONE", got: transform });
    const { inputs } = scores(build, node, intAttribute(node, "targets", 1));
    build.into(node.outputs[0] ?? "", { type: "Gemm" }, { inputs, attributes: { transB: int(1) } });
  },
};

const SCORES: ReadonlyMap<string, string> = new Map([
  ["NONE", "Identity"],
  ["LOGISTIC", "Sigmoid"],
  ["SOFTMAX", "Softmax"],
]);

/** One row of coefficients per class: the label of the largest score, and the scores or a function of them. */
const classifier: Rule = {
  typed: true,
  expand: (build, node) => {
    const labels = numbers(node, "classlabels_ints");
    const transform = stringAttribute(node, "post_transform", "NONE");
    const type = SCORES.get(transform);
    const rows = numbers(node, "intercepts").length;
    if (labels.length < 2 || rows !== labels.length || type === undefined) {
      throw unsupportedForm(node, {
        want: "integer labels, one intercept for each, post_transform NONE, LOGISTIC or SOFTMAX",
        got: `${labels.length} labels, ${rows} intercepts, ${transform}`,
      });
    }
    const { inputs } = scores(build, node, rows);
    const raw = build.add("Gemm", inputs, { transB: int(1) });
    const best = build.add("ArgMax", [raw], { axis: int(1), keepdims: int(0) });
    const [label = "", probabilities = ""] = node.outputs;
    build.into(label, { type: "Gather" }, { inputs: [build.ints(labels), best] });
    build.into(probabilities, { type }, { inputs: [raw] });
  },
};

const NORMS: ReadonlyMap<string, string> = new Map([
  ["MAX", "ReduceMax"],
  ["L1", "ReduceL1"],
  ["L2", "ReduceL2"],
]);

/** Each row over its norm. */
const normalizer: Rule = {
  typed: true,
  expand: (build, node) => {
    const norm = stringAttribute(node, "norm", "MAX");
    const type = NORMS.get(norm);
    if (type === undefined) throw unsupportedForm(node, { want: "norm MAX, L1 or L2", got: norm });
    const x = features(build, node);
    const divisor = build.add(type, [x, build.ints([-1])], { keepdims: int(1) });
    build.into(node.outputs[0] ?? "", { type: "Div" }, { inputs: [x, divisor] });
  },
};

/** Rules of linear models. */
export const LINEAR_ML_RULES: Rules = new Map([
  ["ai.onnx.ml.Scaler", [scaler]],
  ["ai.onnx.ml.LinearRegressor", [regressor]],
  ["ai.onnx.ml.LinearClassifier", [classifier]],
  ["ai.onnx.ml.Normalizer", [normalizer]],
]);

/** Real functions of one variable, as ONNX defines its unary operators. Evaluated at compile time only, into tables. */
import { roundHalfEven } from "../../../quantize/scheme.ts";
import { floatAttribute, type OnnxNode, stringAttribute } from "../graph.ts";

/** A real function. */
export type RealFunction = (x: number) => number;

/** Error function to 1e-15: Taylor series near 0, continued fraction of erfc beyond (Abramowitz and Stegun 7.1.5, 7.1.14). */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 && n < 200; n++) {
      term *= -(a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + fraction) / Math.sqrt(Math.PI));
}

const sigmoid: RealFunction = (x) => 1 / (1 + Math.exp(-x));
const softplus: RealFunction = (x) => (x > 30 ? x : Math.log1p(Math.exp(x)));

const PLAIN: ReadonlyMap<string, RealFunction> = new Map<string, RealFunction>([
  ["Abs", Math.abs],
  ["Ceil", Math.ceil],
  ["Cos", Math.cos],
  ["Cosh", Math.cosh],
  ["Erf", erf],
  ["Exp", Math.exp],
  ["Floor", Math.floor],
  ["HardSwish", (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5))],
  ["Log", Math.log],
  ["Mish", (x) => x * Math.tanh(softplus(x))],
  ["Neg", (x) => -x],
  ["Reciprocal", (x) => 1 / x],
  ["Round", roundHalfEven],
  ["Sigmoid", sigmoid],
  ["Sign", Math.sign],
  ["Sin", Math.sin],
  ["Sinh", Math.sinh],
  ["Softplus", softplus],
  ["Softsign", (x) => x / (1 + Math.abs(x))],
  ["Sqrt", (x) => Math.sqrt(Math.max(0, x))],
  ["Tan", Math.tan],
  ["Tanh", Math.tanh],
]);

const WITH_ATTRIBUTES: ReadonlyMap<string, (node: OnnxNode) => RealFunction> = new Map([
  ["Elu", (node: OnnxNode) => elu(floatAttribute(node, "alpha", 1))],
  ["Celu", (node: OnnxNode) => celu(floatAttribute(node, "alpha", 1))],
  ["Gelu", (node: OnnxNode) => (stringAttribute(node, "approximate", "none") === "tanh" ? geluTanh : gelu)],
  [
    "HardSigmoid",
    (node: OnnxNode) => hardSigmoid(floatAttribute(node, "alpha", 0.2), floatAttribute(node, "beta", 0.5)),
  ],
  ["LeakyRelu", (node: OnnxNode) => leaky(floatAttribute(node, "alpha", 0.01))],
  ["Selu", selu],
  ["Shrink", (node: OnnxNode) => shrink(floatAttribute(node, "lambd", 0.5), floatAttribute(node, "bias", 0))],
  ["Swish", (node: OnnxNode) => swish(floatAttribute(node, "alpha", 1))],
  ["ThresholdedRelu", (node: OnnxNode) => thresholded(floatAttribute(node, "alpha", 1))],
]);

/** Operator of a node that stands for several: its function is the node's `f`. No file has it. */
export const FUSED_FUNCTION = "FusedFunction";

/** Names of the operators that `unaryFunction` knows. */
export const UNARY_NAMES: readonly string[] = [...PLAIN.keys(), ...WITH_ATTRIBUTES.keys(), FUSED_FUNCTION];

/** The function that a node applies to each element, or undefined when it is no unary function. */
export function unaryFunction(node: OnnxNode): RealFunction | undefined {
  if (node.domain !== "") return undefined;
  if (node.f !== undefined) return node.f;
  return PLAIN.get(node.opType) ?? WITH_ATTRIBUTES.get(node.opType)?.(node);
}

function elu(alpha: number): RealFunction {
  return (x) => (x >= 0 ? x : alpha * Math.expm1(x));
}

function celu(alpha: number): RealFunction {
  return (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
}

const gelu: RealFunction = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
const geluTanh: RealFunction = (x) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

function hardSigmoid(alpha: number, beta: number): RealFunction {
  return (x) => Math.min(1, Math.max(0, alpha * x + beta));
}

function leaky(alpha: number): RealFunction {
  return (x) => (x >= 0 ? x : alpha * x);
}

function selu(node: OnnxNode): RealFunction {
  const alpha = floatAttribute(node, "alpha", 1.6732632423543772);
  const gamma = floatAttribute(node, "gamma", 1.0507009873554805);
  return (x) => gamma * (x > 0 ? x : alpha * Math.expm1(x));
}

function shrink(lambd: number, bias: number): RealFunction {
  return (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0);
}

function swish(alpha: number): RealFunction {
  return (x) => x * sigmoid(alpha * x);
}

function thresholded(alpha: number): RealFunction {
  return (x) => (x > alpha ? x : 0);
}

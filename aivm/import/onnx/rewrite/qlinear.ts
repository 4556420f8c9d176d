/**
 * Operators on quantised tensors (ai.onnx QLinear*, *Integer; com.microsoft QLinear*, QGemm) as what they mean:
 * DequantizeLinear, the operator on real numbers, QuantizeLinear. The lowering computes that on the integers themselves.
 */
import { unsupportedForm } from "../errors.ts";
import { dtypeCode } from "../format/tensorProto.ts";
import { floatAttribute, intAttribute, type OnnxNode } from "../graph.ts";
import { type Attributes, attributesOf, type Builder, float, int, type Rule, type Rules } from "./rule.ts";

/** Names of a tensor, its scale and its zero point. */
type Triple = readonly [tensor: string, scale: string, zero: string];

function triple(node: OnnxNode, at: number): Triple {
  const [tensor = "", scale = "", zero = ""] = node.inputs.slice(at, at + 3);
  return [tensor, scale, zero];
}

/** The real numbers of a quantised tensor. @param axis of the scales, where there are several */
function real(build: Builder, [tensor, scale, zero]: Triple, axis = 0): string {
  const shape = build.shape(scale);
  const several = shape.reduce((a, b) => a * b, 1) > 1;
  const parts = several ? [scale, zero] : [scalar(build, scale), scalar(build, zero)];
  return build.add("DequantizeLinear", [tensor, ...parts], several ? { axis: int(axis) } : {});
}

/** A tensor of one element without axes; "" for none. */
function scalar(build: Builder, name: string): string {
  if (name === "" || build.shape(name).length === 0) return name;
  return build.add("Reshape", [name, build.ints([])]);
}

/** Writes `value` quantised; scale and zero point are inputs `at` and `at + 1` of the node. */
function quantizeInto(build: Builder, node: OnnxNode, value: string, at: number): void {
  const [scale = "", zero = ""] = node.inputs.slice(at, at + 2);
  const inputs = [value, scalar(build, scale), scalar(build, zero)];
  build.into(node.outputs, { type: "QuantizeLinear" }, { inputs });
}

/** Biases are int32 in steps of the product of the scales. */
function realBias(build: Builder, bias: string, scales: readonly [string, string]): string {
  const [a, b] = scales;
  const product = build.add("Mul", [scalar(build, a), b]);
  const several = build.shape(b).reduce((x, y) => x * y, 1) > 1;
  if (several) return build.add("DequantizeLinear", [bias, product], { axis: int(0) });
  const single = build.shape(b).length === 0 ? product : build.add("Reshape", [product, build.ints([])]);
  return build.add("DequantizeLinear", [bias, single]);
}

const qlinearConv: Rule = {
  typed: true,
  expand: (build, node) => {
    const [x, w] = [triple(node, 0), triple(node, 3)];
    const bias = node.inputs[8] ?? "";
    const inputs = [real(build, x), real(build, w)];
    if (bias !== "") inputs.push(realBias(build, bias, [x[1], w[1]]));
    quantizeInto(build, node, build.add("Conv", inputs, attributesOf(node)), 6);
  },
};

/** Scales of a are per row, those of b per column. */
const qlinearMatMul: Rule = {
  typed: true,
  expand: (build, node) => {
    const [a, b] = [triple(node, 0), triple(node, 3)];
    const inputs = [
      real(build, a, Math.max(0, build.shape(a[0]).length - 2)),
      real(build, b, build.shape(b[0]).length - 1),
    ];
    quantizeInto(build, node, build.add("MatMul", inputs), 6);
  },
};

/** The distance of integers from their zero point, as real numbers. @param axis of the zero points, where there are several */
function distance(build: Builder, tensor: string, zero: string, axis: number): string {
  const shape = zero === "" ? [] : build.shape(zero);
  const count = shape.reduce((a, b) => a * b, 1);
  if (count === 1) return build.add("DequantizeLinear", [tensor, build.floats([1], []), scalar(build, zero)]);
  const inputs = [tensor, build.floats(new Array<number>(count).fill(1), shape), zero];
  return build.add("DequantizeLinear", inputs, { axis: int(axis) });
}

/** An exact integer result: rounding and casting change nothing. */
function integersInto(build: Builder, node: OnnxNode, value: string): void {
  const whole = build.add("Round", [value]);
  const attributes: Attributes = { to: int(dtypeCode("int32")) };
  build.into(node.outputs, { type: "Cast" }, { inputs: [whole], attributes });
}

const convInteger: Rule = {
  typed: true,
  expand: (build, node) => {
    const [x = "", w = "", xZero = "", wZero = ""] = node.inputs;
    const inputs = [distance(build, x, xZero, 0), distance(build, w, wZero, 0)];
    integersInto(build, node, build.add("Conv", inputs, attributesOf(node)));
  },
};

const matMulInteger: Rule = {
  typed: true,
  expand: (build, node) => {
    const [a = "", b = "", aZero = "", bZero = ""] = node.inputs;
    const inputs = [
      distance(build, a, aZero, Math.max(0, build.shape(a).length - 2)),
      distance(build, b, bZero, build.shape(b).length - 1),
    ];
    integersInto(build, node, build.add("MatMul", inputs));
  },
};

/** An operator on two quantised tensors. */
const binary = (type: string): Rule => ({
  typed: true,
  expand: (build, node) => {
    const y = build.add(type, [real(build, triple(node, 0)), real(build, triple(node, 3))]);
    quantizeInto(build, node, y, 6);
  },
});

/** An operator on one quantised tensor, followed by the result's scale and zero point. */
const unary = (type: string, attributes: (node: OnnxNode) => Attributes): Rule => ({
  typed: true,
  expand: (build, node) => {
    const channelsLast = intAttribute(node, "channels_last", 0);
    if (channelsLast !== 0)
      throw unsupportedForm(node, { want: "channels_last 0", got: `channels_last ${channelsLast}` });
    quantizeInto(build, node, build.add(type, [real(build, triple(node, 0))], attributes(node)), 3);
  },
});

const poolAttributes = (node: OnnxNode): Attributes => attributesOf(node, { without: ["channels_last"] });

/** Before version 13 a softmax was over all axes from `axis` on. */
const qlinearSoftmax: Rule = {
  typed: true,
  expand: (build, node) => {
    const shape = build.shape(node.inputs[0] ?? "");
    const given = intAttribute(node, "axis", -1);
    const axis = given < 0 ? given + shape.length : given;
    const x = real(build, triple(node, 0));
    const flat = intAttribute(node, "opset", 13) < 13 && axis !== shape.length - 1;
    if (!flat) {
      quantizeInto(build, node, build.add("Softmax", [x], { axis: int(axis) }), 3);
      return;
    }
    const rows = build.add("Flatten", [x], { axis: int(axis) });
    const y = build.add("Softmax", [rows], { axis: int(-1) });
    quantizeInto(build, node, build.add("Reshape", [y, build.ints(shape)]), 3);
  },
};

/** Inputs: scale and zero point of the result, then a triple per operand. */
const qlinearConcat: Rule = {
  typed: true,
  expand: (build, node) => {
    const count = Math.floor((node.inputs.length - 2) / 3);
    const parts = Array.from({ length: count }, (_, i) => real(build, triple(node, 2 + 3 * i)));
    const y = build.add("Concat", parts, { axis: int(intAttribute(node, "axis", 0)) });
    quantizeInto(build, node, y, 0);
  },
};

/** Inputs: triples of a and b, c (int32 in steps of alpha x the scales), scale and zero point of y; none of y = float. */
const qgemm: Rule = {
  typed: true,
  expand: (build, node) => {
    const [a, b] = [triple(node, 0), triple(node, 3)];
    const [c = "", yScale = ""] = node.inputs.slice(6);
    const alpha = floatAttribute(node, "alpha", 1);
    if (c !== "" && alpha !== 1)
      throw unsupportedForm(node, { want: "alpha 1 beside a bias", got: `alpha ${alpha}` });
    const transB = intAttribute(node, "transB", 0);
    const inputs = [real(build, a), real(build, b, transB === 0 ? 1 : 0)];
    if (c !== "") inputs.push(realBias(build, c, [a[1], b[1]]));
    const attributes = {
      alpha: float(alpha),
      transA: int(intAttribute(node, "transA", 0)),
      transB: int(transB),
    };
    if (yScale === "") build.into(node.outputs, { type: "Gemm" }, { inputs, attributes });
    else quantizeInto(build, node, build.add("Gemm", inputs, attributes), 7);
  },
};

/** Rules of this file. */
export const QLINEAR_RULES: Rules = new Map<string, readonly Rule[]>([
  ["QLinearConv", [qlinearConv]],
  ["QLinearMatMul", [qlinearMatMul]],
  ["ConvInteger", [convInteger]],
  ["MatMulInteger", [matMulInteger]],
  ["com.microsoft.QLinearAdd", [binary("Add")]],
  ["com.microsoft.QLinearMul", [binary("Mul")]],
  ["com.microsoft.QLinearAveragePool", [unary("AveragePool", poolAttributes)]],
  ["com.microsoft.QLinearGlobalAveragePool", [unary("GlobalAveragePool", () => ({}))]],
  ["com.microsoft.QLinearSigmoid", [unary("Sigmoid", () => ({}))]],
  [
    "com.microsoft.QLinearLeakyRelu",
    [unary("LeakyRelu", (node) => ({ alpha: float(floatAttribute(node, "alpha", 0.01)) }))],
  ],
  ["com.microsoft.QLinearSoftmax", [qlinearSoftmax]],
  ["com.microsoft.QLinearConcat", [qlinearConcat]],
  ["com.microsoft.QGemm", [qgemm]],
]);

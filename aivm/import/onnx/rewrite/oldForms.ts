/** Operators whose meaning or outputs changed between versions. */
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { attributesOf, type Builder, float, int, type Rule, type Rules, text } from "./rule.ts";

/** Before version 13 the axes from `axis` on were one row; since then a single axis is. */
const flatSoftmax: Rule = {
  before: 13,
  typed: true,
  expand: (build, node) => {
    const [x = ""] = node.inputs;
    const shape = build.shape(x);
    const given = intAttribute(node, "axis", 1);
    const axis = given < 0 ? given + shape.length : given;
    const last = { axis: int(-1) };
    if (axis === shape.length - 1) {
      build.into(node.outputs, { type: node.opType }, { inputs: [x], attributes: last });
      return;
    }
    const rows = build.add("Flatten", [x], { axis: int(axis) });
    const y = build.add(node.opType, [rows], last);
    build.into(node.outputs, { type: "Reshape" }, { inputs: [y, build.ints(shape)] });
  },
};

/** Inference: the statistics given are used. Before version 14 further outputs were for training. */
const oldBatchNorm: Rule = {
  before: 14,
  when: (node) =>
    ["is_test", "spatial", "consumed_inputs"].some((name) => node.attributes.has(name)) ||
    node.outputs.length > 1,
  expand: (build, node) => {
    if (intAttribute(node, "spatial", 1) === 0 || node.outputs.slice(1).some((name) => name !== ""))
      throw unsupportedForm(node, { want: "inference, per channel", got: "training or spatial 0" });
    build.into(
      node.outputs.slice(0, 1),
      { type: node.opType },
      {
        inputs: node.inputs,
        attributes: attributesOf(node, { without: ["is_test", "spatial", "consumed_inputs"] }),
      },
    );
  },
};

/** Dropout does nothing in inference. What its mask was in inference, versions before 12 did not say: nothing defines it. */
const oldDropout: Rule = {
  before: 12,
  expand: (build, node) =>
    build.into(node.outputs.slice(0, 1), { type: "Identity" }, { inputs: node.inputs.slice(0, 1) }),
};

/** The mask is all true. Without one, or with training that is not known to be off, Dropout stays what it is. */
const dropout: Rule = {
  typed: true,
  when: (node, facts) => {
    const training = node.inputs[2] ?? "";
    return (node.outputs[1] ?? "") !== "" && (training === "" || facts.constant(training)?.data[0] === 0);
  },
  expand: (build, node) => {
    const [x = ""] = node.inputs;
    const [y = "", mask = ""] = node.outputs;
    build.into(y, { type: "Identity" }, { inputs: [x] });
    build.into(mask, { type: "Expand" }, { inputs: [build.bools([true], [1]), build.ints(build.shape(x))] });
  },
};

/** Upsample is a Resize of pixels without a centre. */
const upsample: Rule = {
  expand: (build, node) => {
    const [x = "", given] = node.inputs;
    const mode = stringAttribute(node, "mode", "nearest");
    const attribute = node.attributes.get("scales");
    const scales =
      given ?? build.floats(attribute?.kind === "floats" ? attribute.value : upsampleFactors(node));
    resize(build, node, { x, scales, mode: mode === "bilinear" ? "linear" : mode });
  },
};

function upsampleFactors(node: OnnxNode): number[] {
  return [1, 1, floatAttribute(node, "height_scale", 1), floatAttribute(node, "width_scale", 1)];
}

/** Version 10 knew scales only, and placed pixels as Upsample did. */
const oldResize: Rule = {
  before: 11,
  expand: (build, node) => {
    const [x = "", scales = ""] = node.inputs;
    resize(build, node, { x, scales, mode: stringAttribute(node, "mode", "nearest") });
  },
};

function resize(
  build: Builder,
  node: OnnxNode,
  by: { readonly x: string; readonly scales: string; readonly mode: string },
): void {
  build.into(
    node.outputs,
    { type: "Resize" },
    {
      inputs: [by.x, "", by.scales],
      attributes: {
        mode: text(by.mode),
        coordinate_transformation_mode: text("asymmetric"),
        nearest_mode: text("floor"),
      },
    },
  );
}

const renamed = (opType: string): Rule => ({
  expand: (build, node) =>
    build.into(node.outputs, { type: opType }, { inputs: node.inputs, attributes: attributesOf(node) }),
});

/** The defaults of version 1 had fewer digits. */
const oldSelu: Rule = {
  before: 6,
  expand: (build, node) =>
    build.into(
      node.outputs,
      { type: "Selu" },
      {
        inputs: node.inputs,
        attributes: {
          alpha: float(floatAttribute(node, "alpha", 1.6732)),
          gamma: float(floatAttribute(node, "gamma", 1.0507)),
        },
      },
    ),
};

/** The exponent of a norm was a real number in version 1. */
const oldLp: Rule = {
  before: 2,
  when: (node) => node.attributes.get("p")?.kind === "float",
  expand: (build, node) =>
    build.into(
      node.outputs,
      { type: node.opType },
      {
        inputs: node.inputs,
        attributes: attributesOf(node, { set: { p: int(Math.round(floatAttribute(node, "p", 2))) } }),
      },
    ),
};

/** Rules of this file. */
export const OLD_FORM_RULES: Rules = new Map<string, readonly Rule[]>([
  ["Softmax", [flatSoftmax]],
  ["LogSoftmax", [flatSoftmax]],
  ["Hardmax", [flatSoftmax]],
  ["BatchNormalization", [oldBatchNorm]],
  ["Dropout", [oldDropout, dropout]],
  ["Upsample", [upsample]],
  ["Resize", [oldResize]],
  ["Scatter", [renamed("ScatterElements")]],
  ["Selu", [oldSelu]],
  ["LpPool", [oldLp]],
  ["GlobalLpPool", [oldLp]],
]);

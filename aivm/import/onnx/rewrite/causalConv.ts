/** CausalConvWithState (27): a depthwise convolution over the past and the present, and what the next step needs. */
import { unsupportedForm } from "../errors.ts";
import { stringAttribute } from "../graph.ts";
import { swish } from "./activations.ts";
import { int, type Rule, type Rules } from "./rule.ts";

const causalConv: Rule = {
  typed: true,
  expand: (build, node) => {
    const [x = "", weight = "", bias = "", past = ""] = node.inputs;
    const [output = "", present = ""] = node.outputs;
    const [batch = 1, channels = 1, length = 1] = build.shape(x);
    const behind = (build.shape(weight)[2] ?? 1) - 1;
    const activation = stringAttribute(node, "activation", "none");
    if (!["none", "silu", "swish"].includes(activation))
      throw unsupportedForm(node, { want: "activation none, silu or swish", got: activation });
    const zeros = (): string =>
      build.floats(new Array(batch * channels * behind).fill(0), [batch, channels, behind]);
    const joined =
      behind === 0 ? x : build.add("Concat", [past === "" ? zeros() : past, x], { axis: int(2) });
    const inputs = [joined, weight, bias];
    const attributes = { group: int(channels) };
    if (activation === "none") build.into(output, { type: "Conv" }, { inputs, attributes });
    else {
      const y = build.add("Conv", inputs, attributes);
      build.into(output, { type: "Identity" }, { inputs: [swish(build, y)] });
    }
    const [start, end, axis] = [length, length + behind, 2].map((value) => build.ints([value]));
    build.into(present, { type: "Slice" }, { inputs: [joined, start ?? "", end ?? "", axis ?? ""] });
  },
};

/** Rules of this file. */
export const CAUSAL_CONV_RULES: Rules = new Map([["CausalConvWithState", [causalConv]]]);

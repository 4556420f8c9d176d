/** Regression by trees. */
import { reshape } from "../../emit/move.ts";
import { unsupportedForm } from "../../errors.ts";
import { intAttribute, type OnnxNode, stringAttribute } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { outputName, shapeOf } from "../../lowering/tensors.ts";
import { setValue } from "../../lowering/values.ts";
import { type Forest, forestOf, numbers } from "./forest.ts";
import { finished, sums } from "./sums.ts";
import { walk } from "./walk.ts";

const TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];

const AGGREGATES = ["AVERAGE", "SUM", "MIN", "MAX"];

/** The name of a choice, which version 5 gives as a number. */
function choiceOf(
  node: OnnxNode,
  name: string,
  of: { readonly names: readonly string[]; readonly fallback: string },
): string {
  const { names, fallback } = of;
  if (node.attributes.get(name)?.kind === "int") return names[intAttribute(node, name, 0)] ?? "";
  return stringAttribute(node, name, fallback);
}

/** A regression: the sums of all targets. @throws AIVM_ONNX_UNSUPPORTED_FORM for transformed results. */
export function lowerRegressor(ctx: Lowering, node: OnnxNode): void {
  const forest = forestOf(node);
  const transform = choiceOf(node, "post_transform", { names: TRANSFORMS, fallback: "NONE" });
  if (transform !== "NONE") {
    throw unsupportedForm(node, {
      want: "a regression without a transformation of its result",
      got: transform,
    });
  }
  const mode = choiceOf(node, "aggregate_function", { names: AGGREGATES, fallback: "SUM" });
  const targets = Math.max(1, intAttribute(node, "n_targets", 1));
  assertEveryTarget(node, forest, { targets, mode });
  const base = numbers(node, "base_values");
  const leaf = walk(ctx, node, forest);
  const average = mode === "AVERAGE" ? forest.roots.length : 1;
  const y = sums(ctx, forest, { node, leaf, targets, base: base.map((value) => value * average), mode });
  const mean = { ...y, q: { ...y.q, scale: y.q.scale / average } };
  setValue(
    ctx,
    outputName(node),
    reshape(ctx.e, finished(ctx, outputName(node), mean), shapeOf(ctx, outputName(node))),
  );
}

/** The smallest or largest over the trees is one of leaves that have a weight: all must. */
function assertEveryTarget(
  node: OnnxNode,
  forest: Forest,
  of: { readonly targets: number; readonly mode: string },
): void {
  if (of.mode !== "MIN" && of.mode !== "MAX") return;
  const bare = forest.leaves.some((leaf, i) => forest.child[i] === i && leaf.length !== of.targets);
  if (bare)
    throw unsupportedForm(node, {
      want: `one weight per target in every leaf (${of.mode})`,
      got: "fewer or more",
    });
}

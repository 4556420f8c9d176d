/** Scores of classes from the sums of their trees. */
import { symmetric16 } from "../../../../quantize/scheme.ts";
import { rescale, table } from "../../emit/compute.ts";
import { emit, type Value } from "../../emit/emit.ts";
import { concat } from "../../emit/move.ts";
import { unsupportedForm } from "../../errors.ts";
import { type OnnxNode, stringAttribute } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { quantizationOf } from "../../lowering/quantization.ts";
import { outputName } from "../../lowering/tensors.ts";
import { setValue } from "../../lowering/values.ts";
import { softmaxOf } from "../softmax.ts";
import { finished } from "./sums.ts";

/** Both scores from the one that the trees have: 1 - s and s, or -s and s, or their logistic functions. */
export function setBothScores(
  ctx: Lowering,
  node: OnnxNode,
  from: { readonly score: Value; readonly half: boolean },
): void {
  const { e } = ctx;
  const { score, half } = from;
  const name = outputName(node, 1);
  const transform = stringAttribute(node, "post_transform", "NONE");
  if (transform === "PROBIT")
    throw unsupportedForm(node, { want: "NONE, LOGISTIC or SOFTMAX", got: transform });
  const offset = half ? Math.round(1 / score.q.scale) : 0;
  const q = { ...score.q, lo: -(2 ** 31 - 1), hi: 2 ** 31 - 1 };
  const other = emit(e, "add", {
    operands: [score, score],
    shape: score.shape,
    q,
    attrs: [-1, 0, offset, 0, 0],
  });
  const both = concat(e, [other, score], 1);
  setValue(
    ctx,
    name,
    !half && transform === "LOGISTIC" ? logistic(ctx, both, name) : finished(ctx, name, both),
  );
}

/** A logistic function needs no more of its argument than 16. */
function logistic(ctx: Lowering, scores: Value, name: string): Value {
  const seen = symmetric16({ min: -16, max: 16 });
  return table(ctx.e, rescale(ctx.e, scores, seen), (s) => 1 / (1 + Math.exp(-s)), quantizationOf(ctx, name));
}

/** The sums themselves, or their logistic functions, or their softmax. */
export function setScores(ctx: Lowering, node: OnnxNode, scores: Value): void {
  const name = outputName(node, 1);
  const transform = stringAttribute(node, "post_transform", "NONE");
  if (transform === "NONE") setValue(ctx, name, finished(ctx, name, scores));
  else if (transform === "LOGISTIC") setValue(ctx, name, logistic(ctx, scores, name));
  else if (transform === "SOFTMAX") setValue(ctx, name, softmaxOf(ctx, scores, quantizationOf(ctx, name)));
  else throw unsupportedForm(node, { want: "post_transform NONE, LOGISTIC or SOFTMAX", got: transform });
}

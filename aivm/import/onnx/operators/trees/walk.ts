/**
 * Walking trees: all samples walk all trees at once, one level at a time, by gathering from the nodes' tables: as many
 * steps as the deepest tree has, leaves waiting where they are. Nothing depends on the data but indices.
 */
import { integerQuantization } from "../../../../quantize/scheme.ts";
import { addScaled, compare } from "../../emit/compute.ts";
import { emit, integerConstant, type Value } from "../../emit/emit.ts";
import { gather, reshape } from "../../emit/move.ts";
import { unsupportedForm } from "../../errors.ts";
import type { OnnxNode } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { inputName } from "../../lowering/tensors.ts";
import { getValue } from "../../lowering/values.ts";
import type { Forest } from "./forest.ts";
import { integerLimit } from "./limits.ts";

/** The leaf that every sample reaches in every tree: i32 [samples, trees]. */
export function walk(ctx: Lowering, node: OnnxNode, forest: Forest): Value {
  const { e } = ctx;
  const x = features(ctx, node);
  const [samples = 1, count = 1] = x.shape;
  const nodes = forest.child.length;
  const beyond = forest.feature.find((feature) => feature >= count);
  if (beyond !== undefined)
    throw unsupportedForm(node, { want: `features below ${count}`, got: `${beyond}` });
  const roots = Array.from({ length: samples }, () => forest.roots).flat();
  let at = integerConstant(e, "i32", [samples, forest.roots.length], roots);
  if (forest.depth === 0) return at;
  const list = (values: readonly number[]): Value => integerConstant(e, "i32", [nodes], values);
  const whereTo = list(forest.child);
  const feature = list(forest.feature);
  const limit = list(forest.limit.map((test) => integerLimit(test, x.q)));
  const flat = reshape(e, x, [samples * count]);
  const starts = Array.from({ length: samples }, (_, i) => i * count);
  const rows = samples === 1 ? undefined : integerConstant(e, "i32", [samples, 1], starts);
  const pick = (from: Value): Value => gather(e, from, { indices: at, axis: 0 });
  const place = integerQuantization("i32", { lo: 0, hi: samples * count - 1 });
  const next = integerQuantization("i32", { lo: 0, hi: nodes - 1 });
  for (let level = 0; level < forest.depth; level++) {
    const which = rows === undefined ? pick(feature) : addScaled(e, { a: pick(feature), b: rows }, place);
    const value = gather(e, flat, { indices: which, axis: 0 });
    const above = compare(e, pick(limit), "<", value);
    // A leaf is its own child and nothing is above its limit.
    const operands = [pick(whereTo), above];
    at = emit(e, "add", { operands, shape: at.shape, q: next, attrs: [1, 1, 0, 0, 0] });
  }
  return at;
}

/** Features as [samples, count]. */
function features(ctx: Lowering, node: OnnxNode): Value {
  const x = getValue(ctx, inputName(node, 0));
  return x.shape.length === 1 ? reshape(ctx.e, x, [1, x.shape[0] ?? 1]) : x;
}

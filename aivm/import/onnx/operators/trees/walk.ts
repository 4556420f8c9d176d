/**
 * Walking trees: all samples walk all trees at once, one level at a time, by gathering from the nodes' tables: as many
 * steps as the deepest tree has, leaves waiting where they are. Nothing depends on the data but indices.
 */
import { integerQuantization, type Quantization } from "../../../../quantize/scheme.ts";
import { addScaled, compare } from "../../emit/compute.ts";
import { emit, integerConstant, type Value } from "../../emit/emit.ts";
import { concat, gather, reshape } from "../../emit/move.ts";
import { unsupportedForm } from "../../errors.ts";
import type { OnnxNode } from "../../graph.ts";
import type { Lowering } from "../../lowering/lowering.ts";
import { inputName } from "../../lowering/tensors.ts";
import { getValue } from "../../lowering/values.ts";
import type { Forest } from "./forest.ts";
import { featureParts, integerLimit } from "./limits.ts";

/** The leaf that every sample reaches in every tree: i32 [samples, trees]. */
export function walk(ctx: Lowering, node: OnnxNode, forest: Forest): Value {
  const { e } = ctx;
  const { x, meaning } = features(ctx, node);
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
  const limit = list(forest.limit.map((test, i) => integerLimit(test, meaning(forest.feature[i] ?? 0))));
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

/** Features as [samples, count], and what the integers of each one mean. */
function features(
  ctx: Lowering,
  node: OnnxNode,
): { readonly x: Value; readonly meaning: (feature: number) => Quantization } {
  const name = inputName(node, 0);
  const parts = featureParts(ctx.graph, name) ?? [];
  const own = parts.flatMap((part) => ctx.stated.get(part.name) ?? []);
  if (parts.length > 0 && own.length === parts.length) {
    // Inputs with scales of their own are joined as the integers that they are: each is compared in its own units.
    const values = parts.map((part) => getValue(ctx, part.name));
    const meaning = (feature: number): Quantization => {
      return own[parts.findIndex(({ to }) => feature < to)] ?? integerQuantization("i32", { lo: 0, hi: 0 });
    };
    return { x: concat(ctx.e, values, 1), meaning };
  }
  const given = getValue(ctx, name);
  const x = given.shape.length === 1 ? reshape(ctx.e, given, [1, given.shape[0] ?? 1]) : given;
  return { x, meaning: () => x.q };
}

/** Comparison, logic, choice. */
import { integerQuantization } from "../../../quantize/scheme.ts";
import { addScaled, compare } from "../emit/compute.ts";
import type { Value } from "../emit/emit.ts";
import { where } from "../emit/move.ts";
import { unsupportedForm } from "../errors.ts";
import type { OnnxNode } from "../graph.ts";
import { clampBounds } from "../lowering/folded.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { hasInput, inputName, outputName } from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";
import { lowerClamp } from "./unary.ts";

/** Lowerers of comparison, logic and choice. */
export const LOGIC_FAMILY: Family = new Map<string, Lowerer>([
  ["Equal", (ctx, node) => lowerCompare(ctx, node, { relation: "=", swap: false })],
  ["Less", (ctx, node) => lowerCompare(ctx, node, { relation: "<", swap: false })],
  ["LessOrEqual", (ctx, node) => lowerCompare(ctx, node, { relation: "<=", swap: false })],
  ["Greater", (ctx, node) => lowerCompare(ctx, node, { relation: "<", swap: true })],
  ["GreaterOrEqual", (ctx, node) => lowerCompare(ctx, node, { relation: "<=", swap: true })],
  ["And", (ctx, node) => lowerLogic(ctx, node, -1)],
  ["Or", (ctx, node) => lowerLogic(ctx, node, 0)],
  ["Xor", (ctx, node) => setValue(ctx, outputName(node), not(ctx, compare(ctx.e, ...pair(ctx, node, "="))))],
  ["Not", (ctx, node) => setValue(ctx, outputName(node), not(ctx, getValue(ctx, inputName(node, 0))))],
  ["Where", lowerWhere],
  ["Max", (ctx, node) => lowerExtreme(ctx, node, false)],
  ["Min", (ctx, node) => lowerExtreme(ctx, node, true)],
  ["Clip", lowerClip],
]);

const BOOL = integerQuantization("i8", { lo: 0, hi: 1 });

function pair(ctx: Lowering, node: OnnxNode, relation: "=" | "<" | "<="): [Value, "=" | "<" | "<=", Value] {
  return [getValue(ctx, inputName(node, 0)), relation, getValue(ctx, inputName(node, 1))];
}

function lowerCompare(
  ctx: Lowering,
  node: OnnxNode,
  rule: { readonly relation: "=" | "<" | "<="; readonly swap: boolean },
): void {
  const [a, relation, b] = pair(ctx, node, rule.relation);
  if (a.q.scale !== b.q.scale || a.q.zero !== b.q.zero)
    throw unsupportedForm(node, { want: "operands of one scale", got: `${a.q.scale} and ${b.q.scale}` });
  setValue(
    ctx,
    outputName(node),
    rule.swap ? compare(ctx.e, b, relation, a) : compare(ctx.e, a, relation, b),
  );
}

/** And: a + b - 1; or: a + b; both clamped to 0 and 1. */
function lowerLogic(ctx: Lowering, node: OnnxNode, term: number): void {
  const [a, , b] = pair(ctx, node, "=");
  setValue(ctx, outputName(node), addScaled(ctx.e, { a, b, term }, BOOL));
}

function not(ctx: Lowering, x: Value): Value {
  return addScaled(ctx.e, { a: x, b: x, factorA: -1, factorB: 0, term: 1 }, BOOL);
}

function lowerWhere(ctx: Lowering, node: OnnxNode): void {
  const [condition = "", a = "", b = ""] = node.inputs;
  setValue(ctx, outputName(node), where(ctx.e, getValue(ctx, condition), getValue(ctx, a), getValue(ctx, b)));
}

/** The larger or smaller of two values of one scale. */
function extreme(ctx: Lowering, a: Value, b: Value, lowest: boolean): Value {
  const less = compare(ctx.e, a, "<", b);
  return lowest ? where(ctx.e, less, a, b) : where(ctx.e, less, b, a);
}

function lowerExtreme(ctx: Lowering, node: OnnxNode, lowest: boolean): void {
  const [first, ...rest] = node.inputs.map((name) => getValue(ctx, name));
  if (first === undefined) throw unsupportedForm(node, { want: "at least one input", got: "none" });
  setValue(
    ctx,
    outputName(node),
    rest.reduce((y, x) => extreme(ctx, y, x, lowest), first),
  );
}

/** Constant bounds are a clamp; computed ones a choice. */
function lowerClip(ctx: Lowering, node: OnnxNode): void {
  if (clampBounds(ctx, node) !== undefined) {
    lowerClamp(ctx, node);
    return;
  }
  let y = getValue(ctx, inputName(node, 0));
  if (hasInput(node, 1)) y = extreme(ctx, y, getValue(ctx, inputName(node, 1)), false);
  if (hasInput(node, 2)) y = extreme(ctx, y, getValue(ctx, inputName(node, 2)), true);
  setValue(ctx, outputName(node), y);
}

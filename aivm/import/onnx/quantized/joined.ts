/**
 * Operators that join or compare tensors take all of them to mean the same. Calibration gives a group one range; where
 * its members still differ in scale (a program input has no headroom, a file states its own), they are brought to one
 * here, each straight from its own integers. Constants take the scale of what they are joined with.
 */
import { type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
import { DTYPE_RANGE } from "../../../tensor/tensor.ts";
import { rescale } from "../emit/compute.ts";
import type { Value } from "../emit/emit.ts";
import type { OnnxNode } from "../graph.ts";
import type { Lowerer, Lowering, Placed } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { joinedInputs, movedInputs } from "../lowering/scaleGroups.ts";
import { constantOf, isFloat, outputName } from "../lowering/tensors.ts";
import { floatConstant, getAnyLayout } from "../lowering/values.ts";

/** Lowers a node; while it is lowered, the inputs that it joins mean the same. */
export function lowerAligned(ctx: Lowering, node: OnnxNode, lower: Lowerer): void {
  const isConstant = (name: string): boolean => constantOf(ctx, name) !== undefined;
  const joined = joinedInputs(node, isConstant).filter((name) => isFloat(ctx, name));
  // A mask of -infinity has the range of its whole group, and reaches a softmax alone.
  const masked = joined.some((name) => ctx.masks.has(name)) && !joined.some((name) => isFromFile(ctx, name));
  if (joined.length < 2 || node.opType === "Pad" || masked) {
    lower(ctx, node);
    return;
  }
  const before = new Map<string, Placed[] | undefined>();
  const target = commonQuantization(ctx, node, joined);
  for (const name of new Set(joined)) {
    before.set(name, ctx.placed.get(name));
    ctx.placed.set(name, [aligned(ctx, name, target)]);
  }
  lower(ctx, node);
  for (const [name, placed] of before) {
    if (placed === undefined) ctx.placed.delete(name);
    else ctx.placed.set(name, placed);
  }
}

/** True for a float tensor whose integers have the scale that the file states. */
export function isFromFile(ctx: Lowering, name: string): boolean {
  if (ctx.stated.has(name)) return true;
  const node = ctx.graph.nodes.find((n) => n.outputs.includes(name));
  if (node === undefined || node.domain !== "") return false;
  if (node.opType === "DequantizeLinear") return constantOf(ctx, name) === undefined;
  const moved = movedInputs(node, (input) => constantOf(ctx, input) !== undefined);
  return moved.length === 1 && moved[0] === 0 && isFromFile(ctx, node.inputs[0] ?? "");
}

/**
 * What the joined inputs should mean: what all that are computed mean already, what the result does, or a range that
 * holds all of them where that is no float.
 */
function commonQuantization(ctx: Lowering, node: OnnxNode, joined: readonly string[]): Quantization {
  const out = outputName(node);
  const fromFile = joined.some((name) => isFromFile(ctx, name));
  const computed = joined.filter((name) => constantOf(ctx, name) === undefined);
  const [first, ...others] = computed.map((name) => getAnyLayout(ctx, name).value.q);
  // A constant outside the range of the others would saturate only where the group's readers do not see it.
  if (!fromFile && first !== undefined && others.every((q) => isSame(q, first)))
    return { ...first, ...DTYPE_RANGE[first.dtype] };
  if (isFloat(ctx, out)) return quantizationOf(ctx, out);
  const ranges = joined.map((name) => {
    const { q } = getAnyLayout(ctx, name).value;
    return [q.scale * (q.lo - q.zero), q.scale * (q.hi - q.zero)] as const;
  });
  return symmetric16({
    min: Math.min(...ranges.map(([min]) => min)),
    max: Math.max(...ranges.map(([, max]) => max)),
  });
}

function aligned(ctx: Lowering, name: string, target: Quantization): Placed {
  const tensor = constantOf(ctx, name);
  if (tensor !== undefined) return { value: floatConstant(ctx, tensor, target), perm: undefined };
  const { value, perm } = getAnyLayout(ctx, name);
  return { value: meaning(ctx, value, target), perm };
}

function meaning(ctx: Lowering, value: Value, target: Quantization): Value {
  return isSame(value.q, target) ? value : rescale(ctx.e, value, target);
}

/** True when equal integers mean equal numbers. */
function isSame(a: Quantization, b: Quantization): boolean {
  return a.dtype === b.dtype && a.scale === b.scale && a.zero === b.zero;
}

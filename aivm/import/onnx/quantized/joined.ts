/**
 * Operators that join or compare tensors take all of them to mean the same. Calibration sees to that with one scale per
 * group; tensors whose scale the file states are brought to one here, each straight from its own integers.
 */
import { type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
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
  const skip = joined.length < 2 || node.opType === "Pad" || !joined.some((name) => isFromFile(ctx, name));
  if (skip) {
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

/** What the joined inputs should mean: what the result does, or a range that holds all of them where that is no float. */
function commonQuantization(ctx: Lowering, node: OnnxNode, joined: readonly string[]): Quantization {
  const out = outputName(node);
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
  const { q } = value;
  const same = q.dtype === target.dtype && q.scale === target.scale && q.zero === target.zero;
  return same ? value : rescale(ctx.e, value, target);
}

/** Activations folded into the clamp of their producer. */
import { clampedQuantization, type Quantization, type Range } from "../../../quantize/scheme.ts";
import { floatAttribute, type OnnxNode } from "../graph.ts";
import type { Lowering } from "./lowering.ts";
import { quantizationOf } from "./quantization.ts";
import { constantOf, isFloat, numbersOf, onlyConsumer, outputName } from "./tensors.ts";

/** Where a producer writes: the tensor after the activation that is folded into its clamp, and that clamp. */
export interface FoldedOutput {
  readonly name: string;
  readonly q: Quantization;
}

/** Real bounds that Relu or Clip with constant bounds clamps to, else undefined. */
export function clampBounds(ctx: Lowering, node: OnnxNode): Range | undefined {
  if (node.domain !== "") return undefined;
  if (node.opType === "Relu") return { min: 0, max: Number.POSITIVE_INFINITY };
  if (node.opType !== "Clip") return undefined;
  const given = node.inputs.slice(1).filter((name) => name !== "");
  if (!given.every((name) => constantOf(ctx, name) !== undefined)) return undefined;
  return {
    min: numbersOf(ctx, node, 1)?.[0] ?? floatAttribute(node, "min", Number.NEGATIVE_INFINITY),
    max: numbersOf(ctx, node, 2)?.[0] ?? floatAttribute(node, "max", Number.POSITIVE_INFINITY),
  };
}

/** Follows Relu and Clip behind an output that nothing else reads: their clamp costs nothing in the producer. */
export function foldedOutput(ctx: Lowering, name: string): FoldedOutput {
  let range: Range = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
  let at = name;
  for (;;) {
    const next = onlyConsumer(ctx, at);
    const bounds = next === undefined ? undefined : clampBounds(ctx, next);
    if (next === undefined || bounds === undefined || next.inputs[0] !== at || !isFloat(ctx, at)) break;
    range = { min: clampReal(range.min, bounds), max: clampReal(range.max, bounds) };
    ctx.absorbed.add(at);
    at = outputName(next);
  }
  return { name: at, q: clampedQuantization(quantizationOf(ctx, at), range) };
}

function clampReal(value: number, { min, max }: Range): number {
  return Math.min(Math.max(value, min), max);
}

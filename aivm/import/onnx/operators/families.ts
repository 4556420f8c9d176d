/** Every operator that the importer lowers, and the order in which a graph is lowered. */

import type { OnnxGraph, OnnxNode } from "../graph.ts";
import type { Lowerer, Lowering } from "../lowering/lowering.ts";
import { isDone } from "../lowering/values.ts";
import { DYNAMIC_QUANTIZE_FAMILY } from "../quantized/dynamicQuantize.ts";
import { lowerAligned } from "../quantized/joined.ts";
import { QUANTIZED_FAMILY } from "../quantized/quantized.ts";
import { ARITHMETIC_FAMILY } from "./arithmetic.ts";
import { BITS_FAMILY } from "./bits.ts";
import { CONV_FAMILY } from "./conv.ts";
import { DENSE_FAMILY } from "./dense.ts";
import { FUSED_FUNCTION } from "./functions.ts";
import { LOGIC_FAMILY } from "./logic.ts";
import { MOVEMENT_FAMILY } from "./movement.ts";
import { NORM_FAMILY } from "./norm.ts";
import { POOL_FAMILY } from "./pool.ts";
import { REDUCE_FAMILY } from "./reduce.ts";
import { refusalOf } from "./refusals.ts";
import { RESIZE_FAMILY } from "./resize.ts";
import { SCATTER_FAMILY } from "./scatter.ts";
import { SELECTION_FAMILY } from "./selection.ts";
import { SOFTMAX_FAMILY } from "./softmax.ts";
import { TREE_FAMILY } from "./trees/treeEnsemble.ts";
import { UNARY_FAMILY } from "./unary.ts";

const LOWERERS: ReadonlyMap<string, Lowerer> = new Map([
  ...UNARY_FAMILY,
  ...ARITHMETIC_FAMILY,
  ...LOGIC_FAMILY,
  ...CONV_FAMILY,
  ...DENSE_FAMILY,
  ...POOL_FAMILY,
  ...REDUCE_FAMILY,
  ...SOFTMAX_FAMILY,
  ...NORM_FAMILY,
  ...RESIZE_FAMILY,
  ...MOVEMENT_FAMILY,
  ...SELECTION_FAMILY,
  ...SCATTER_FAMILY,
  ...BITS_FAMILY,
  ...TREE_FAMILY,
  ...QUANTIZED_FAMILY,
  ...DYNAMIC_QUANTIZE_FAMILY,
]);

/** Names of the operators of ai.onnx that the importer lowers, sorted. */
export const SUPPORTED_OPERATORS: readonly string[] = [...LOWERERS.keys()]
  .filter((name) => name !== FUSED_FUNCTION)
  .sort();

/**
 * The nodes that the graph's outputs need, constants left out, in graph order.
 * @throws AIVM_ONNX_UNSUPPORTED_OP for an operator without a lowerer that is not `handled` either.
 */
export function neededNodes(
  graph: OnnxGraph,
  isConstant: (name: string) => boolean,
  handled: (node: OnnxNode) => boolean,
): OnnxNode[] {
  const needed = new Set(graph.outputs.map((value) => value.name));
  const nodes: OnnxNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name) && !isConstant(name))) continue;
    nodes.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  nodes.reverse();
  const unknown = nodes.find((node) => !LOWERERS.has(keyOf(node)) && !handled(node));
  if (unknown !== undefined) throw refusalOf(unknown);
  return nodes;
}

/** Lowers nodes in order. Those that were folded into another one before are done already: it returns them. */
export function lowerNodes(ctx: Lowering, nodes: readonly OnnxNode[]): OnnxNode[] {
  const merged: OnnxNode[] = [];
  for (const node of nodes) {
    const lower = LOWERERS.get(keyOf(node));
    if (node.outputs.every((name) => isDone(ctx, name))) merged.push(node);
    else if (lower !== undefined) lowerAligned(ctx, node, lower);
  }
  return merged;
}

/** An operator of ai.onnx by its name, any other with its domain before it. */
function keyOf(node: OnnxNode): string {
  return node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
}

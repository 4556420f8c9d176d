/** Tensors of size 0 hold nothing: operators that join tensors mean the same without them. */
import { elementCount, type OnnxGraph, type OnnxNode } from "../graph.ts";

/**
 * `graph` with empty operands taken out of every Concat; one operand left is an Identity. Names and values of all
 * tensors stay, so what is known about them still holds.
 * @param shapeOf static shape of a tensor, undefined where it is not known
 */
export function withoutEmptyOperands(
  graph: OnnxGraph,
  shapeOf: (name: string) => readonly number[] | undefined,
): OnnxGraph {
  const isEmpty = (name: string): boolean => {
    const shape = shapeOf(name);
    return shape !== undefined && elementCount(shape) === 0;
  };
  if (!graph.nodes.some((node) => joinsEmpty(node, isEmpty))) return graph;
  const nodes = graph.nodes.map((node): OnnxNode => {
    if (!joinsEmpty(node, isEmpty)) return node;
    const inputs = node.inputs.filter((name) => !isEmpty(name));
    return inputs.length === 1
      ? { ...node, opType: "Identity", inputs, attributes: new Map() }
      : { ...node, inputs };
  });
  return { ...graph, nodes };
}

/** True where an empty operand stands beside one that is not. */
function joinsEmpty(node: OnnxNode, isEmpty: (name: string) => boolean): boolean {
  return (
    node.domain === "" &&
    node.opType === "Concat" &&
    node.inputs.some(isEmpty) &&
    !node.outputs.some((name) => isEmpty(name))
  );
}

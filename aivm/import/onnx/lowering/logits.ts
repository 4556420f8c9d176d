/**
 * Logits: outputs of a last layer, read by a choice at most. They get 16 bits at any precision, which costs nothing
 * there and keeps close answers apart.
 */
import type { OnnxGraph, OnnxNode } from "../graph.ts";

const LAYERS: ReadonlySet<string> = new Set(["Gemm", "MatMul", "Conv"]);
const CHOICES: ReadonlySet<string> = new Set(["ArgMax", "Softmax", "LogSoftmax"]);

/**
 * Names of the tensors that are logits, with all that data movement connects to them.
 * @param facts.groupOf members of each tensor's scale group
 */
export function logitsOf(
  graph: OnnxGraph,
  facts: {
    readonly groupOf: ReadonlyMap<string, readonly string[]>;
    readonly isConstant: (name: string) => boolean;
  },
): ReadonlySet<string> {
  const producers = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const name of node.outputs) producers.set(name, node);
    for (const name of node.inputs) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  }
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const isLayer = (node: OnnxNode | undefined): boolean => node !== undefined && LAYERS.has(node.opType);
  /** A layer, or a layer's bias. */
  const ends = (node: OnnxNode): boolean =>
    isLayer(node) ||
    (node.opType === "Add" &&
      node.inputs.some(facts.isConstant) &&
      node.inputs.some((name) => isLayer(producers.get(name))));
  const found = new Set<string>();
  for (const node of graph.nodes) {
    const name = node.outputs[0] ?? "";
    if (!ends(node) || found.has(name)) continue;
    const members = facts.groupOf.get(name) ?? [name];
    const inside = new Set(members);
    const moves = (other: OnnxNode): boolean => other.outputs.every((output) => inside.has(output));
    const readers = members.flatMap((member) => consumers.get(member) ?? []).filter((other) => !moves(other));
    const writers = members.flatMap((member) => producers.get(member) ?? []);
    const written = writers.every((other) => ends(other) || other.inputs.some((input) => inside.has(input)));
    const read = members.some((member) => outputs.has(member)) || readers.length > 0;
    const computed = members.every((member) => producers.has(member) || facts.isConstant(member));
    if (read && written && computed && readers.every((other) => CHOICES.has(other.opType)))
      for (const member of members) found.add(member);
  }
  return found;
}

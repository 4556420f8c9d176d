/** Boosted trees of any library, in one form; what reads a file makes it, what writes ONNX takes it. */
import { invalidTrees, unsupportedTrees } from "./errors.ts";
import { MOST_FLOAT32 } from "./threshold.ts";

/** A test "feature < limit" or "feature <= limit" with the nodes it goes to, or a leaf's value. */
export type TreeNode =
  | {
      readonly feature: number;
      /** A float32. */
      readonly limit: number;
      readonly yes: number;
      readonly no: number;
    }
  | { readonly leaf: number };

/** A tree whose value is added to one output. Node 0 is the root; every other node is the child of one before it. */
export interface BoostedTree {
  readonly target: number;
  readonly nodes: readonly TreeNode[];
}

/** What sums become: probabilities of two classes, of several by softmax, of several each by itself, or nothing else. */
export type Link = "logistic" | "softmax" | "sigmoids" | "identity";

/** A model. Sums start from `base`, one per output; `logistic` has one output, the log-odds of class 1. */
export interface BoostedTrees {
  readonly features: number;
  readonly test: "<" | "<=";
  readonly base: readonly number[];
  readonly link: Link;
  readonly trees: readonly BoostedTree[];
}

/** Most features of a model, and most nodes of all its trees together. */
export const MOST_FEATURES = 65_536;
export const MOST_TREE_NODES: number = 2 ** 20;
/** Most classes. */
export const MOST_CLASSES = 4_096;
/** Most tests on the way to a leaf, as the importer of ONNX has it. */
const MOST_DEPTH = 64;

/** A node as a library's file has it: of what kind, and which nodes it names. K says how the file names nodes. */
export type FileNode<K> =
  | { readonly feature: number; readonly limit: number; readonly yes: K; readonly no: K }
  | { readonly leaf: number };

/**
 * The nodes that a root reaches, renumbered as they are met. A limit that every float32 is below or above is no test.
 * @param readNode reads a node, checking it; a name that was given before is a cycle or a shared node
 * @param budget nodes that may still be placed; counted down
 * @throws AIVM_TREES_INVALID for a node that is reached twice, AIVM_TREES_UNSUPPORTED for size or depth
 */
export function placeTree<K>(
  root: K,
  from: {
    readonly item: string;
    readonly test: "<" | "<=";
    readonly readNode: (name: K) => FileNode<K>;
    readonly budget: { left: number };
  },
): TreeNode[] {
  const { item, readNode, budget } = from;
  const nodes: TreeNode[] = [];
  const waiting = [{ name: root, depth: 0 }];
  const seen = new Set<K>();
  for (let i = 0; i < waiting.length; i++) {
    const { name, depth } = waiting[i] ?? { name: root, depth: 0 };
    const node = decided(name, { ...from, seen });
    budget.left -= 1;
    if (budget.left < 0 || depth > MOST_DEPTH) {
      throw unsupportedTrees(item, {
        want: `at most ${MOST_TREE_NODES} nodes in all and ${MOST_DEPTH} tests from root to leaf`,
        got: depth > MOST_DEPTH ? "more tests" : "more nodes",
        remedy: "Train with a smaller max_depth or fewer trees.",
      });
    }
    if ("leaf" in node) {
      nodes.push(node);
      continue;
    }
    const place = waiting.length;
    nodes.push({ feature: node.feature, limit: node.limit, yes: place, no: place + 1 });
    waiting.push({ name: node.yes, depth: depth + 1 }, { name: node.no, depth: depth + 1 });
  }
  return nodes;

  /** The node that a name leads to, past tests that always go one way. */
  function decided(first: K, by: { readonly test: "<" | "<="; readonly seen: Set<K> }): FileNode<K> {
    let name = first;
    for (;;) {
      if (by.seen.has(name)) throw invalidTrees(item, "nodes with one parent each", "a node reached twice");
      by.seen.add(name);
      const node = readNode(name);
      if ("leaf" in node) return node;
      const side = alwaysOn(node.limit, by.test);
      if (side === undefined) return node;
      name = node[side];
    }
  }
}

/** The side that every finite float32 takes. */
function alwaysOn(limit: number, test: "<" | "<="): "yes" | "no" | undefined {
  if (test === "<=" ? limit >= MOST_FLOAT32 : limit > MOST_FLOAT32) return "yes";
  if (test === "<=" ? limit < -MOST_FLOAT32 : limit <= -MOST_FLOAT32) return "no";
  return undefined;
}

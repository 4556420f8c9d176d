/**
 * Tree ensembles of ai.onnx.ml as one list of nodes: TreeEnsembleClassifier and TreeEnsembleRegressor (versions 1 to 4)
 * and TreeEnsemble (version 5). Every test of a node becomes "feature <= threshold" with two children side by side.
 */
import { invalidGraph, nodeLabel, unsupportedForm } from "../../errors.ts";
import type { OnnxAttribute, OnnxNode } from "../../graph.ts";

/** What a leaf adds: weights by target or class. */
export interface LeafWeight {
  readonly target: number;
  readonly weight: number;
}

/**
 * A forest. Node i is a leaf when `child[i]` is i; else it goes to child[i] where feature[i] of the sample is at most
 * `limit[i]`, and to child[i] + 1 otherwise.
 */
export interface Forest {
  readonly roots: readonly number[];
  readonly child: readonly number[];
  readonly feature: readonly number[];
  readonly limit: readonly Limit[];
  readonly leaves: readonly (readonly LeafWeight[])[];
  /** Most tests from a root to a leaf. */
  readonly depth: number;
}

/** What a node asks of its feature: at most a value, less than it, or nothing. */
export interface Limit {
  readonly value: number;
  readonly kind: "<=" | "<" | "any";
}

/** A node as a file has it, before it is placed. */
interface Branch {
  readonly mode: string;
  readonly feature: number;
  readonly value: number;
  readonly yes: Entry;
  readonly no: Entry;
}

type Entry = { readonly leaf: readonly LeafWeight[] } | { readonly branch: () => Branch };

/** Most nodes of a forest, after shared sub-trees have been written out. */
const MOST_NODES = 2 ** 20;
/** Most tests on the way to a leaf: each one is seven ops. */
const MOST_DEPTH = 64;

/** The forest of a node. @throws AIVM_ONNX_INVALID_GRAPH, AIVM_ONNX_UNSUPPORTED_FORM. */
export function forestOf(node: OnnxNode): Forest {
  return place(node, node.opType === "TreeEnsemble" ? rootsOfVersion5(node) : rootsByIds(node));
}

// ---- placing ------------------------------------------------------------------------------------------------------

const ANY: Limit = { value: 0, kind: "any" };

/** Nodes in breadth-first order, the two children of a node side by side. */
function place(node: OnnxNode, entries: readonly Entry[]): Forest {
  const child: number[] = [];
  const feature: number[] = [];
  const limit: Limit[] = [];
  const leaves: (readonly LeafWeight[])[] = [];
  const waiting = entries.map((entry) => ({ entry, depth: 0 }));
  let depth = 0;
  for (let i = 0; i < waiting.length; i++) {
    const { entry, depth: level } = waiting[i] ?? { entry: { leaf: [] }, depth: 0 };
    depth = Math.max(depth, level);
    if (waiting.length > MOST_NODES || depth > MOST_DEPTH) {
      throw unsupportedForm(node, {
        want: `at most ${MOST_NODES} nodes and ${MOST_DEPTH} tests from root to leaf`,
        got: `${waiting.length} nodes, ${depth} tests`,
      });
    }
    const test = "branch" in entry ? plainTest(node, entry.branch()) : undefined;
    child.push(test === undefined ? i : waiting.length);
    feature.push(test?.feature ?? 0);
    limit.push(test?.limit ?? ANY);
    leaves.push("leaf" in entry ? entry.leaf : []);
    if (test === undefined) continue;
    for (const next of [test.yes, test.no]) waiting.push({ entry: next, depth: level + 1 });
  }
  return { roots: entries.map((_, i) => i), child, feature, limit, leaves, depth };
}

interface PlainTest {
  readonly feature: number;
  readonly limit: Limit;
  readonly yes: Entry;
  readonly no: Entry;
}

/** A test of any mode as "at most" or "less than"; an equality is two of them. */
function plainTest(node: OnnxNode, branch: Branch): PlainTest {
  const { mode, feature, value, yes, no } = branch;
  const test = (kind: "<=" | "<", [a, b]: readonly [Entry, Entry]): PlainTest => {
    return { feature, limit: { value, kind }, yes: a, no: b };
  };
  const equality = (equal: Entry, other: Entry): PlainTest => {
    const below: Branch = { mode: "BRANCH_LT", feature, value, yes: other, no: equal };
    return test("<=", [{ branch: () => below }, other]);
  };
  switch (mode) {
    case "BRANCH_LEQ":
      return test("<=", [yes, no]);
    case "BRANCH_LT":
      return test("<", [yes, no]);
    case "BRANCH_GT":
      return test("<=", [no, yes]);
    case "BRANCH_GTE":
      return test("<", [no, yes]);
    case "BRANCH_EQ":
      return equality(yes, no);
    case "BRANCH_NEQ":
      return equality(no, yes);
    default:
      throw unsupportedForm(node, { want: "nodes that compare one feature with one value", got: mode });
  }
}

// ---- versions 1 to 4: nodes named by tree and node ids ------------------------------------------------------------

function rootsByIds(node: OnnxNode): Entry[] {
  const trees = numbers(node, "nodes_treeids");
  const ids = numbers(node, "nodes_nodeids");
  const features = numbers(node, "nodes_featureids");
  const values = numbers(node, "nodes_values");
  const modes = texts(node, "nodes_modes");
  const [yes, no] = [numbers(node, "nodes_truenodeids"), numbers(node, "nodes_falsenodeids")];
  const weights = weightsByIds(node);
  const places = new Map(ids.map((id, i) => [`${trees[i]},${id}`, i]));
  const pointed = new Set<string>();
  for (const [i, mode] of modes.entries()) {
    if (mode !== "LEAF") for (const to of [yes[i], no[i]]) pointed.add(`${trees[i]},${to}`);
  }
  const entryOf = (key: string): Entry => {
    const i = places.get(key);
    if (i === undefined) throw invalidGraph({ item: nodeLabel(node), want: `a node ${key}`, got: "none" });
    if (modes[i] === "LEAF") return { leaf: weights.get(key) ?? [] };
    const branch = (): Branch => ({
      mode: modes[i] ?? "",
      feature: features[i] ?? 0,
      value: values[i] ?? 0,
      yes: entryOf(`${trees[i]},${yes[i]}`),
      no: entryOf(`${trees[i]},${no[i]}`),
    });
    return { branch };
  };
  return [...places.keys()].filter((key) => !pointed.has(key)).map(entryOf);
}

function weightsByIds(node: OnnxNode): Map<string, LeafWeight[]> {
  const kind = node.opType === "TreeEnsembleClassifier" ? "class" : "target";
  const trees = numbers(node, `${kind}_treeids`);
  const ids = numbers(node, `${kind}_nodeids`);
  const targets = numbers(node, `${kind}_ids`);
  const byNode = new Map<string, LeafWeight[]>();
  for (const [i, weight] of numbers(node, `${kind}_weights`).entries()) {
    const key = `${trees[i]},${ids[i]}`;
    byNode.set(key, [...(byNode.get(key) ?? []), { target: targets[i] ?? 0, weight }]);
  }
  return byNode;
}

// ---- version 5: nodes and leaves named by their places ------------------------------------------------------------

const MODES = [
  "BRANCH_LEQ",
  "BRANCH_LT",
  "BRANCH_GTE",
  "BRANCH_GT",
  "BRANCH_EQ",
  "BRANCH_NEQ",
  "BRANCH_MEMBER",
];

function rootsOfVersion5(node: OnnxNode): Entry[] {
  const features = numbers(node, "nodes_featureids");
  const splits = numbers(node, "nodes_splits");
  const modes = numbers(node, "nodes_modes");
  const sides = [
    [numbers(node, "nodes_truenodeids"), numbers(node, "nodes_trueleafs")] as const,
    [numbers(node, "nodes_falsenodeids"), numbers(node, "nodes_falseleafs")] as const,
  ];
  const targets = numbers(node, "leaf_targetids");
  const weights = numbers(node, "leaf_weights");
  const childOf = (i: number, side: 0 | 1): Entry => {
    const to = sides[side]?.[0][i] ?? -1;
    if (sides[side]?.[1][i] === 1) return { leaf: [{ target: targets[to] ?? 0, weight: weights[to] ?? 0 }] };
    return { branch: () => branchAt(to) };
  };
  const branchAt = (i: number): Branch => {
    if (features[i] === undefined)
      throw invalidGraph({ item: nodeLabel(node), want: `a node ${i}`, got: "none" });
    const mode = MODES[modes[i] ?? -1] ?? `mode ${modes[i]}`;
    return { mode, feature: features[i], value: splits[i] ?? 0, yes: childOf(i, 0), no: childOf(i, 1) };
  };
  return numbers(node, "tree_roots").map((root) => {
    // A tree of one leaf is a root with the same leaf on either side.
    const [yes, no] = [childOf(root, 0), childOf(root, 1)];
    return "leaf" in yes && sides[0]?.[0][root] === sides[1]?.[0][root] && "leaf" in no
      ? yes
      : { branch: () => branchAt(root) };
  });
}

// ---- attributes ---------------------------------------------------------------------------------------------------

/** Numbers of an attribute, which may be floats, integers or a tensor of either (under the name or with `_as_tensor`). */
export function numbers(node: OnnxNode, name: string): readonly number[] {
  const attribute: OnnxAttribute | undefined =
    node.attributes.get(name) ?? node.attributes.get(`${name}_as_tensor`);
  if (attribute === undefined) return [];
  if (attribute.kind === "floats" || attribute.kind === "ints") return attribute.value;
  if (attribute.kind === "tensor") {
    return Array.from(attribute.value.data as ArrayLike<number | bigint>, Number);
  }
  throw invalidGraph({
    item: `${nodeLabel(node)}, attribute ${name}`,
    want: "numbers",
    got: attribute.kind,
  });
}

function texts(node: OnnxNode, name: string): readonly string[] {
  const attribute = node.attributes.get(name);
  if (attribute?.kind === "strings") return attribute.value;
  throw invalidGraph({
    item: `${nodeLabel(node)}, attribute ${name}`,
    want: "strings",
    got: attribute?.kind ?? "nothing",
  });
}

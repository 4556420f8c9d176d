/**
 * Scale groups: tensors that data movement connects share one scale, so that moving elements never rounds them. The
 * group's range is what its readers see; elements that only pass through (the sliced-away part) may saturate, which no
 * reader can tell.
 */
import type { Range } from "../../../quantize/scheme.ts";
import { intAttribute, type OnnxGraph, type OnnxNode, stringAttribute } from "../graph.ts";

/** Which tensors a node moves: of these inputs, elements reach the outputs `to` unchanged (or the largest of them does). */
interface Movement {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

const FIRST: Movement = { from: [0], to: [0] };

/** Operators that move elements of their first input to their first output. */
const FIRST_TO_FIRST: ReadonlySet<string> = new Set([
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Slice",
  "Gather",
  "GatherElements",
  "GatherND",
  "Expand",
  "Tile",
  "Dropout",
  "MaxPool",
  "GlobalMaxPool",
  "ReduceMax",
  "ReduceMin",
  "DepthToSpace",
  "SpaceToDepth",
  "CenterCropPad",
  "Compress",
  "TopK",
  "Trilu",
]);

/** The movement that a node does, or undefined when it computes. */
function movementOf(node: OnnxNode, isConstant: (name: string) => boolean): Movement | undefined {
  if (node.domain !== "") return undefined;
  if (FIRST_TO_FIRST.has(node.opType)) return FIRST;
  switch (node.opType) {
    case "Split":
      return { from: [0], to: node.outputs.map((_, i) => i) };
    case "Concat":
    case "Max":
    case "Min":
      return { from: node.inputs.map((_, i) => i), to: [0] };
    case "Where":
      return { from: [1, 2], to: [0] };
    case "Pad":
      return { from: [0, 2], to: [0] };
    case "ScatterElements":
    case "Scatter":
    case "ScatterND":
      return ["none", "max", "min"].includes(stringAttribute(node, "reduction", "none"))
        ? { from: [0, 2], to: [0] }
        : undefined;
    case "TensorScatter":
      return { from: [0, 1], to: [0] };
    case "OneHot":
      return { from: [2], to: [0] };
    case "Clip":
      return node.inputs.slice(1).every((name) => name === "" || isConstant(name))
        ? undefined
        : { from: [0, 1, 2], to: [0] };
    case "Resize":
    case "Upsample":
      return stringAttribute(node, "mode", "nearest") === "nearest" &&
        intAttribute(node, "antialias", 0) === 0
        ? FIRST
        : undefined;
    default:
      return undefined;
  }
}

/** Inputs whose elements a node hands on unchanged, all to all of its outputs. */
export function movedInputs(node: OnnxNode, isConstant: (name: string) => boolean): readonly number[] {
  return movementOf(node, isConstant)?.from ?? [];
}

/** Inputs that a node's lowerer takes to mean the same: those that it joins or compares. */
export function joinedInputs(node: OnnxNode, isConstant: (name: string) => boolean): readonly string[] {
  const moved = movedInputs(node, isConstant).map((i) => node.inputs[i] ?? "");
  const joined = moved.length > 1 ? moved : comparedInputs(node);
  return joined.filter((name) => name !== "");
}

/** Two or more inputs that must mean the same although their result is something else. */
function comparedInputs(node: OnnxNode): readonly string[] {
  return ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"].includes(node.opType)
    ? node.inputs
    : [];
}

/** Tensors that share a scale, and the range that decides it. */
export interface ScaleGroups {
  /** The range that decides each tensor's scale: its own, or its group's. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** All members of each tensor's group. */
  readonly groupOf: ReadonlyMap<string, readonly string[]>;
}

/**
 * The groups of a graph's tensors.
 * @param range of a tensor as calibrated; undefined for tensors that are not float or were not seen
 */
export function scaleGroups(
  graph: OnnxGraph,
  facts: {
    readonly range: (name: string) => Range | undefined;
    readonly isConstant: (name: string) => boolean;
  },
): ScaleGroups {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    let root = name;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    return root;
  };
  const join = (group: readonly string[]): void => {
    const named = group.filter((name) => name !== "" && facts.range(name) !== undefined);
    const [first] = named;
    if (first === undefined) return;
    for (const name of named) parent.set(find(name), find(first));
  };
  const readers = new Set(graph.outputs.map((value) => value.name));
  for (const node of graph.nodes) {
    const movement = movementOf(node, facts.isConstant);
    const moved = new Set(movement?.from ?? []);
    // TopK moves a few elements and looks at all of them: saturated ones would tie.
    const looks = node.opType === "TopK";
    for (const [i, name] of node.inputs.entries()) if (looks || !moved.has(i)) readers.add(name);
    const members = [
      ...(movement?.from.map((i) => node.inputs[i] ?? "") ?? []),
      ...(movement?.to.map((i) => node.outputs[i] ?? "") ?? []),
    ];
    for (const group of [members, comparedInputs(node)]) join(group);
  }
  for (const group of graph.alike ?? []) join(group);
  const ranges = rangesOf(graph, { find, readers, range: facts.range, isConstant: facts.isConstant });
  const members = new Map<string, string[]>();
  for (const name of parent.keys()) members.set(find(name), [...(members.get(find(name)) ?? []), name]);
  const groupOf = new Map([...parent.keys()].map((name) => [name, members.get(find(name)) ?? []] as const));
  return { ranges, groupOf };
}

function rangesOf(
  graph: OnnxGraph,
  facts: {
    readonly find: (name: string) => string;
    readonly readers: ReadonlySet<string>;
    readonly range: (name: string) => Range | undefined;
    readonly isConstant: (name: string) => boolean;
  },
): ReadonlyMap<string, Range> {
  const names = new Set([
    ...graph.inputs.map((value) => value.name),
    ...graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs]),
  ]);
  const seen = new Map<string, Range>();
  const all = new Map<string, Range>();
  for (const name of names) {
    const range = facts.range(name);
    if (range === undefined) continue;
    const root = facts.find(name);
    all.set(root, union(all.get(root), range));
    if (facts.readers.has(name)) seen.set(root, union(seen.get(root), range));
  }
  const out = new Map<string, Range>();
  for (const name of names) {
    const root = facts.find(name);
    const range = seen.get(root) ?? all.get(root);
    if (range !== undefined) out.set(name, range);
  }
  return out;
}

function union(a: Range | undefined, b: Range): Range {
  return a === undefined ? b : { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

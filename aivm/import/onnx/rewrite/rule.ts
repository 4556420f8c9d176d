/** What a rewrite is: a condition on a node, and the nodes that say the same in simpler operators. */

import { invalidGraph, nodeLabel } from "../errors.ts";
import { toInt64 } from "../format/encode.ts";
import type { OnnxAttribute, OnnxData, OnnxDtype, OnnxNode, OnnxTensor } from "../graph.ts";

/** The version of ai.onnx in which every rewritten graph is written. */
export const TARGET_OPSET = 24;

/** Static type of a tensor. `dtype` may be a type that the importer does not read, such as float64. */
export interface TensorType {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What is known about the tensors of a graph while it is rewritten. */
export interface Facts {
  /** Element type, where it follows from the graph. */
  dtype(name: string): string | undefined;
  /** Static type, known for every input of the node that a `typed` rule expands. */
  type(name: string): TensorType | undefined;
  /** True when no program input reaches the tensor. Known without its type. */
  isConstant(name: string): boolean;
  /** Value of such a tensor, where it is known as the type is. */
  constant(name: string): OnnxTensor | undefined;
  /** Value in the first calibration sample, known as the type is: an example and no more. */
  sample(name: string): OnnxTensor | undefined;
}

/** One rewrite of one operator. */
export interface Rule {
  /** Only for nodes written in a version of the operator set before this one. */
  readonly before?: number;
  /** The replacement depends on the static types of the node's inputs. */
  readonly typed?: boolean;
  /** The replacement is written in the node's own version. Default: in TARGET_OPSET. */
  readonly sameVersion?: boolean;
  /** Whether the rule applies. It is asked before any type is known. Default: always. */
  readonly when?: (node: OnnxNode, facts: Facts) => boolean;
  /** Writes the replacement, whose nodes define every output of `node` that has a name. */
  readonly expand: (build: Builder, node: OnnxNode) => void;
}

/** Rules by operator, "Softmax" or "com.microsoft.BiasGelu", in the order in which they are tried. */
export type Rules = ReadonlyMap<string, readonly Rule[]>;

/** Attributes by name. */
export type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** Collects the nodes and constants of one replacement. */
export interface Builder {
  readonly facts: Facts;
  /** Static shape of an input of the node that is rewritten. */
  shape(name: string): readonly number[];
  /** A name that the graph does not use. */
  fresh(): string;
  /** A node with one output of a fresh name, which is returned. */
  add(opType: string, inputs: readonly string[], attributes?: Attributes): string;
  /** A node that writes to the given names. Where the first is "", nothing is added. */
  into(
    outputs: string | readonly string[],
    op: { readonly type: string; readonly domain?: string },
    by: { readonly inputs: readonly string[]; readonly attributes?: Attributes },
  ): void;
  /** `name`, which gets one scale with all tensors of this replacement under the same key. */
  alike(key: string, name: string): string;
  /** A constant of int64; a list unless a shape is given. */
  ints(values: readonly number[], shape?: readonly number[]): string;
  /** A constant of float32; a list unless a shape is given. */
  floats(values: readonly number[], shape?: readonly number[]): string;
  /** A constant of bool. */
  bools(values: readonly boolean[], shape: readonly number[]): string;
  /** A constant of any type. */
  tensor(tensor: {
    readonly dtype: OnnxDtype;
    readonly shape: readonly number[];
    readonly data: OnnxData;
  }): string;
}

/** What a builder has collected. */
export interface Replacement {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  /** Groups of tensors that share one scale. */
  readonly alike: readonly (readonly string[])[];
}

/** An attribute of each kind. */
export const int = (value: number): OnnxAttribute => ({ kind: "int", value });
export const float = (value: number): OnnxAttribute => ({ kind: "float", value });
export const text = (value: string): OnnxAttribute => ({ kind: "string", value });
export const intList = (value: readonly number[]): OnnxAttribute => ({ kind: "ints", value });

/** The replacement that `rule` writes for `node`. Fresh names are the node's first output with a counter. */
export function expandNode(
  rule: Rule,
  node: OnnxNode,
  by: { readonly facts: Facts; readonly fresh: (stem: string) => string },
): Replacement {
  const nodes: OnnxNode[] = [];
  const constants: OnnxTensor[] = [];
  const groups = new Map<string, string[]>();
  const stem = node.outputs.find((name) => name !== "") ?? node.opType;
  const push = (
    outputs: readonly string[],
    op: { readonly type: string; readonly domain?: string },
    parts: { readonly inputs: readonly string[]; readonly attributes?: Attributes },
  ): void => {
    const { inputs, attributes = {} } = parts;
    const entries = Object.entries(attributes);
    nodes.push({
      opType: op.type,
      domain: op.domain ?? "",
      name: node.name,
      inputs: withoutTrailing(inputs),
      outputs,
      attributes: new Map(entries),
    });
  };
  const build: Builder = {
    facts: by.facts,
    shape: (name) => {
      const type = by.facts.type(name);
      if (type === undefined)
        throw invalidGraph({ item: nodeLabel(node), want: `a type for its input '${name}'`, got: "none" });
      return type.shape;
    },
    fresh: () => by.fresh(stem),
    add: (opType, inputs, attributes) => {
      const output = by.fresh(stem);
      push([output], { type: opType }, attributes === undefined ? { inputs } : { inputs, attributes });
      return output;
    },
    into: (outputs, op, parts) => {
      const list = typeof outputs === "string" ? [outputs] : outputs;
      if (list.some((name) => name !== "")) push(list, op, parts);
    },
    alike: (key, name) => {
      groups.set(key, [...(groups.get(key) ?? []), name]);
      return name;
    },
    tensor: (tensor) => {
      const name = by.fresh(stem);
      constants.push({ name, ...tensor });
      return name;
    },
    ints: (values, shape = [values.length]) =>
      build.tensor({ dtype: "int64", shape, data: BigInt64Array.from(values, toInt64) }),
    floats: (values, shape = [values.length]) =>
      build.tensor({ dtype: "float32", shape, data: Float32Array.from(values) }),
    bools: (values, shape) =>
      build.tensor({ dtype: "bool", shape, data: Uint8Array.from(values, (v) => (v ? 1 : 0)) }),
  };
  rule.expand(build, node);
  // Names of nodes are unique: only a node that takes the place of another keeps its name.
  const named = nodes.length === 1 ? nodes : nodes.map((one) => ({ ...one, name: "" }));
  return { nodes: named, constants, alike: [...groups.values()] };
}

/** Optional inputs at the end that are not given are left out, as exporters do. */
function withoutTrailing(inputs: readonly string[]): readonly string[] {
  let count = inputs.length;
  while (count > 0 && inputs[count - 1] === "") count--;
  return inputs.slice(0, count);
}

/** Key of an operator in a table of rules. */
export function ruleKey(node: { readonly domain: string; readonly opType: string }): string {
  return node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
}

/** A node's attributes, some left out or replaced. */
export function attributesOf(
  node: OnnxNode,
  change: { readonly without?: readonly string[]; readonly set?: Attributes } = {},
): Attributes {
  const kept = [...node.attributes].filter(([name]) => !(change.without ?? []).includes(name));
  return Object.fromEntries([...kept, ...Object.entries(change.set ?? {})]);
}

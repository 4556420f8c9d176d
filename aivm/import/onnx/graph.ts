/** The plain form of an ONNX graph, after decoding and before any meaning is given to its operators. */
import { invalidGraph, nodeLabel } from "./errors.ts";

/** Element types that the importer reads. int4, uint4, int2 and uint2 are unpacked, one element per array slot. */
export type OnnxDtype =
  | "float32"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool"
  | "int4"
  | "uint4"
  | "int2"
  | "uint2";

/** Storage of a tensor: int64 and uint64 as BigInt arrays, bool as 0/1 bytes. */
export type OnnxData =
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major. `data.length` is the product of `shape` (1 for a scalar). */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: OnnxDtype;
  readonly shape: readonly number[];
  readonly data: OnnxData;
}

/** What a graph, or a sub-graph inside an attribute, is made of. `inputs` leaves out those that are also initializers. */
export interface OnnxBody {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** An attribute of a node. */
export type OnnxAttribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "graph"; readonly value: OnnxBody };

/** One node. An optional input that is not given has the name "". */
export interface OnnxNode {
  readonly opType: string;
  /** "" for ai.onnx. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** A declared input or output. A dimension is a number, or a name where it is free, or undefined where unstated. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: OnnxDtype | undefined;
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** A model: one graph in one version of the operator set. */
export interface OnnxGraph extends OnnxBody {
  readonly opset: number;
  /** Versions of the other operator sets that the file imports, by domain. */
  readonly imports: ReadonlyMap<string, number>;
  readonly irVersion: number;
  readonly producer: string;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** The integer attribute `name`, or `fallback` when absent. */
export function intAttribute(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.kind === "int") return attribute.value;
  throw wrongKind(node, { name, want: "int", got: attribute.kind });
}

/** The float attribute `name`, or `fallback` when absent. */
export function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.kind === "float") return attribute.value;
  throw wrongKind(node, { name, want: "float", got: attribute.kind });
}

/** The string attribute `name`, or `fallback` when absent. */
export function stringAttribute(node: OnnxNode, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.kind === "string") return attribute.value;
  throw wrongKind(node, { name, want: "string", got: attribute.kind });
}

/** The integer-list attribute `name`, or undefined when absent. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.kind === "ints") return attribute.value;
  throw wrongKind(node, { name, want: "ints", got: attribute.kind });
}

function wrongKind(
  node: OnnxNode,
  facts: { readonly name: string; readonly want: string; readonly got: string },
): Error {
  return invalidGraph({
    item: `${nodeLabel(node)}, attribute ${facts.name}`,
    want: facts.want,
    got: facts.got,
  });
}

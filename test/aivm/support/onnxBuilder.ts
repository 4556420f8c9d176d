/** ONNX files for tests, written field by field as onnx.proto says. */
import { writeBytesField, writeVarint } from "../../../aivm/import/onnx/format/wire.ts";
import { concatBytes, utf8 } from "../../../common/bytes.ts";

/** An attribute of a test node: an integer, a float, a string, a list of either, or a serialised TensorProto. */
export type TestAttribute =
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Uint8Array }
  | number
  | string
  | readonly number[];

/** A node of a test graph. */
export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, TestAttribute>>;
}

/** A graph of float32 tensors, unless `types` says otherwise. */
export interface TestGraph {
  readonly nodes: readonly TestNode[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** TensorProto.DataType numbers of the inputs that are not float32. */
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  readonly weights?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>
  >;
  /** Serialised TensorProtos to add as they are. */
  readonly rawInitializers?: readonly Uint8Array[];
  readonly opset?: number;
  /** Version of the ai.onnx.ml domain, where the graph uses it. */
  readonly mlOpset?: number;
}

/** A varint field. */
export function intField(number: number, value: number): Uint8Array {
  return concatBytes(writeVarint(BigInt(number * 8)), writeVarint(BigInt.asUintN(64, BigInt(value))));
}

/** A string field. */
export function textField(number: number, text: string): Uint8Array {
  return writeBytesField(number, utf8(text));
}

function floatField(number: number, value: number): Uint8Array {
  return concatBytes(writeVarint(BigInt(number * 8 + 5)), new Uint8Array(Float32Array.of(value).buffer));
}

/** A TensorProto with raw data. `code` is the TensorProto.DataType number. */
export function rawTensor(tensor: {
  readonly name: string;
  readonly code: number;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}): Uint8Array {
  const dims = tensor.shape.map((size) => intField(1, size));
  return concatBytes(
    ...dims,
    intField(2, tensor.code),
    textField(8, tensor.name),
    writeBytesField(9, tensor.raw),
  );
}

function attribute(name: string, value: TestAttribute): Uint8Array {
  if (typeof value === "number") return concatBytes(textField(1, name), intField(3, value), intField(20, 2));
  if (typeof value === "string") return concatBytes(textField(1, name), textField(4, value), intField(20, 3));
  if ("float" in value) return concatBytes(textField(1, name), floatField(2, value.float), intField(20, 1));
  if ("floats" in value)
    return concatBytes(textField(1, name), ...value.floats.map((v) => floatField(7, v)), intField(20, 6));
  if ("strings" in value)
    return concatBytes(textField(1, name), ...value.strings.map((v) => textField(9, v)), intField(20, 8));
  if ("tensor" in value)
    return concatBytes(textField(1, name), writeBytesField(5, value.tensor), intField(20, 4));
  return concatBytes(textField(1, name), ...value.map((v) => intField(8, v)), intField(20, 7));
}

function node({ op, inputs, outputs, name = "", domain = "", attributes = {} }: TestNode): Uint8Array {
  return concatBytes(
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, name),
    textField(4, op),
    ...Object.entries(attributes).map(([key, value]) => writeBytesField(5, attribute(key, value))),
    textField(7, domain),
  );
}

function value(name: string, shape: readonly number[], code: number): Uint8Array {
  const dims = shape.map((size) => writeBytesField(1, intField(1, size)));
  const tensor = concatBytes(intField(1, code), writeBytesField(2, concatBytes(...dims)));
  return concatBytes(textField(1, name), writeBytesField(2, writeBytesField(1, tensor)));
}

/** The ModelProto of a graph; outputs carry no type, runtimes infer it. */
export function onnxModel(graph: TestGraph): Uint8Array {
  const weights = Object.entries(graph.weights ?? {}).map(([name, { shape, data }]) =>
    rawTensor({ name, code: 1, shape, raw: new Uint8Array(Float32Array.from(data).buffer) }),
  );
  const body = concatBytes(
    ...graph.nodes.map((n) => writeBytesField(1, node(n))),
    textField(2, "test"),
    ...[...weights, ...(graph.rawInitializers ?? [])].map((tensor) => writeBytesField(5, tensor)),
    ...Object.entries(graph.inputs).map(([name, shape]) =>
      writeBytesField(11, value(name, shape, graph.types?.[name] ?? 1)),
    ),
    ...graph.outputs.map((name) => writeBytesField(12, textField(1, name))),
  );
  const opset = concatBytes(textField(1, ""), intField(2, graph.opset ?? 17));
  const ml = concatBytes(textField(1, "ai.onnx.ml"), intField(2, graph.mlOpset ?? 0));
  const imports = graph.mlOpset === undefined ? [opset] : [opset, ml];
  return concatBytes(
    intField(1, 8),
    writeBytesField(7, body),
    ...imports.map((entry) => writeBytesField(8, entry)),
  );
}

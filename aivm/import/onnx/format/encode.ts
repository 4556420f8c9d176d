/** Encoding of onnx.ModelProto (onnx.proto): from the plain graph to bytes. The reverse of decode.ts, field by field. */
import { concatBytes, utf8 } from "../../../../common/bytes.ts";
import type { OnnxAttribute, OnnxBody, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from "../graph.ts";
import { dtypeCode, subByteBits } from "./tensorProto.ts";
import { writeBytesField, writeFloatField, writeIntField, writeTextField } from "./wire.ts";

const MODEL_GRAPH = 7;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;

/** The file of a graph: decodeOnnx of it gives the graph back. Data is written raw, sub-byte elements packed. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return concatBytes(
    writeIntField(1, graph.irVersion),
    writeTextField(2, graph.producer),
    writeBytesField(MODEL_GRAPH, encodeBody(graph)),
    encodeImport("", graph.opset),
    ...[...graph.imports].map(([domain, version]) => encodeImport(domain, version)),
  );
}

/**
 * `onnx` with `names` appended to its graph's outputs, types left to inference. Appending a second `graph` field is
 * how protobuf merges into a message, so nothing else of the file is touched or re-encoded.
 */
export function withExtraOutputs(onnx: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => writeBytesField(GRAPH_OUTPUT, writeBytesField(VALUE_NAME, utf8(name))));
  return concatBytes(onnx, writeBytesField(MODEL_GRAPH, concatBytes(...outputs)));
}

function encodeImport(domain: string, version: number): Uint8Array {
  return writeBytesField(8, concatBytes(writeTextField(1, domain), writeIntField(2, version)));
}

/** GraphProto. Runtimes want a name. */
function encodeBody(body: OnnxBody): Uint8Array {
  return concatBytes(
    ...body.nodes.map((node) => writeBytesField(1, encodeNode(node))),
    writeTextField(2, "graph"),
    ...[...body.initializers.values()].map((tensor) => writeBytesField(5, encodeTensor(tensor))),
    ...body.inputs.map((value) => writeBytesField(11, encodeValue(value))),
    ...body.outputs.map((value) => writeBytesField(GRAPH_OUTPUT, encodeValue(value))),
  );
}

function encodeNode(node: OnnxNode): Uint8Array {
  return concatBytes(
    ...node.inputs.map((name) => writeTextField(1, name)),
    ...node.outputs.map((name) => writeTextField(2, name)),
    writeTextField(3, node.name),
    writeTextField(4, node.opType),
    ...[...node.attributes].map(([name, value]) => writeBytesField(5, encodeAttribute(name, value))),
    writeTextField(7, node.domain),
  );
}

/** AttributeProto: its name, its value in the field of its kind, and the number of that kind. */
function encodeAttribute(name: string, attribute: OnnxAttribute): Uint8Array {
  const [kind, ...fields] = attributeFields(attribute);
  return concatBytes(writeTextField(1, name), ...fields, writeIntField(20, kind));
}

function attributeFields(attribute: OnnxAttribute): [number, ...Uint8Array[]] {
  switch (attribute.kind) {
    case "float":
      return [1, writeFloatField(2, attribute.value)];
    case "int":
      return [2, writeIntField(3, toInt64(attribute.value))];
    case "string":
      return [3, writeTextField(4, attribute.value)];
    case "tensor":
      return [4, writeBytesField(5, encodeTensor(attribute.value))];
    case "graph":
      return [5, writeBytesField(6, encodeBody(attribute.value))];
    case "floats":
      return [6, ...attribute.value.map((value) => writeFloatField(7, value))];
    case "ints":
      return [7, ...attribute.value.map((value) => writeIntField(8, toInt64(value)))];
    case "strings":
      return [8, ...attribute.value.map((value) => writeTextField(9, value))];
  }
}

/** An integer as an int64. One read from an int64 may have been rounded up to 2^63, as "to the end" of a slice often is. */
export function toInt64(value: number): bigint {
  const exact = BigInt(value);
  return exact > 0x7fff_ffff_ffff_ffffn ? 0x7fff_ffff_ffff_ffffn : exact;
}

/** ValueInfoProto: a name and, where it is known, a tensor type. */
function encodeValue({ name, dtype, shape }: OnnxValue): Uint8Array {
  if (dtype === undefined) return writeTextField(VALUE_NAME, name);
  const dims = (shape ?? []).map((size) =>
    writeBytesField(
      1,
      typeof size === "number"
        ? writeIntField(1, size)
        : size === undefined
          ? new Uint8Array(0)
          : writeTextField(2, size),
    ),
  );
  const shapes = shape === undefined ? [] : [writeBytesField(2, concatBytes(...dims))];
  const tensor = concatBytes(writeIntField(1, dtypeCode(dtype)), ...shapes);
  return concatBytes(writeTextField(VALUE_NAME, name), writeBytesField(2, writeBytesField(1, tensor)));
}

/** A serialised TensorProto with raw data: decodeTensor of it gives the tensor back. */
export function encodeTensor(tensor: OnnxTensor): Uint8Array {
  return concatBytes(
    ...tensor.shape.map((size) => writeIntField(1, size)),
    writeIntField(2, dtypeCode(tensor.dtype)),
    writeTextField(8, tensor.name),
    writeBytesField(9, rawBytes(tensor)),
  );
}

/** Little-endian bytes of the elements, as every machine that Node runs on stores them. */
function rawBytes({ dtype, data }: OnnxTensor): Uint8Array {
  const bits = subByteBits(dtype);
  if (bits === undefined) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const perByte = 8 / bits;
  const packed = new Uint8Array(Math.ceil(data.length / perByte));
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / perByte);
    packed[at] = (packed[at] ?? 0) | ((Number(data[i]) & (2 ** bits - 1)) << (bits * (i % perByte)));
  }
  return packed;
}

/** ZipMap turns a classifier's scores into a list of maps, which is no tensor: the file is read as if it ended before it. */
import { concatBytes, utf8 } from "../../../../../common/bytes.ts";
import { toText, type WireField, wireFields, writeBytesField, writeVarint } from "../../format/wire.ts";

const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;

/** `onnx` without its ZipMap nodes; an output that one made is replaced by the tensor of scores that it read. */
export function withoutZipMap(onnx: Uint8Array): Uint8Array {
  const scoresOf = new Map<string, string>();
  // Anything else wrong with the bytes is for the decoder to say.
  const model = fieldsOf(onnx);
  if (model === undefined) return onnx;
  for (const graph of model.filter((field) => field.number === MODEL_GRAPH)) {
    for (const field of fieldsOf(graph.bytes) ?? []) {
      const zip = field.number === GRAPH_NODE ? zipMapOf(field.bytes) : undefined;
      if (zip !== undefined) scoresOf.set(zip.output, zip.input);
    }
  }
  if (scoresOf.size === 0) return onnx;
  return concatBytes(
    ...model.map((field) =>
      field.number === MODEL_GRAPH
        ? writeBytesField(MODEL_GRAPH, graphWithout(field.bytes, scoresOf))
        : written(field),
    ),
  );
}

function graphWithout(bytes: Uint8Array, scoresOf: ReadonlyMap<string, string>): Uint8Array {
  const parts = (fieldsOf(bytes) ?? []).flatMap((field) => {
    if (field.number === GRAPH_NODE && zipMapOf(field.bytes) !== undefined) return [];
    const scores = field.number === GRAPH_OUTPUT ? scoresOf.get(textOf(field.bytes, 1)) : undefined;
    if (scores === undefined) return [written(field)];
    return [writeBytesField(GRAPH_OUTPUT, writeBytesField(1, utf8(scores)))];
  });
  return concatBytes(...parts);
}

/** Input and output of a NodeProto that is a ZipMap. */
function zipMapOf(bytes: Uint8Array): { readonly input: string; readonly output: string } | undefined {
  if (textOf(bytes, 4) !== "ZipMap" || textOf(bytes, 7) !== "ai.onnx.ml") return undefined;
  return { input: textOf(bytes, 1), output: textOf(bytes, 2) };
}

function textOf(bytes: Uint8Array, number: number): string {
  const field = (fieldsOf(bytes) ?? []).find((candidate) => candidate.number === number);
  return field === undefined ? "" : toText(field.bytes);
}

function fieldsOf(bytes: Uint8Array): WireField[] | undefined {
  try {
    return [...wireFields(bytes)];
  } catch {
    return undefined;
  }
}

function written(field: WireField): Uint8Array {
  if (field.wireType === 2) return writeBytesField(field.number, field.bytes);
  const tag = writeVarint(BigInt(field.number * 8 + field.wireType));
  return concatBytes(tag, field.wireType === 0 ? writeVarint(field.varint) : field.bytes);
}

/** The one change that the importer makes to an ONNX file: naming more tensors as outputs, so that a runtime returns them. */
import { concatBytes, utf8 } from "../../../common/bytes.ts";
import { writeBytesField } from "./wire.ts";

const MODEL_GRAPH = 7;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;

/**
 * `onnx` with `names` appended to its graph's outputs, types left to inference. Appending a second `graph` field is
 * how protobuf merges into a message, so nothing else of the file is touched or re-encoded.
 */
export function withExtraOutputs(onnx: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => writeBytesField(GRAPH_OUTPUT, writeBytesField(VALUE_NAME, utf8(name))));
  return concatBytes(onnx, writeBytesField(MODEL_GRAPH, concatBytes(...outputs)));
}

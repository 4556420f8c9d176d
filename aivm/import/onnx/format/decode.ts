/** Decoding of onnx.ModelProto (onnx.proto): from bytes to the plain graph. */
import { AivmError } from "../../../../common/errors.ts";
import { invalidGraph, notAModel } from "../errors.ts";
import type { OnnxAttribute, OnnxBody, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from "../graph.ts";
import { decodeTensor, dtypeFromCode, floats, varints } from "./tensorProto.ts";
import { toSigned, toText, type WireField, wireFields } from "./wire.ts";

const OLDEST_OPSET = 1;
const NEWEST_OPSET = 28;
/** Graphs inside attributes of nodes of graphs: no exporter writes more than a few. */
const MAX_DEPTH = 32;
/** Nodes, initializers, inputs and outputs of one graph: more than a program has room for. */
const MAX_ITEMS = 2 ** 17;

/**
 * The graph of an ONNX file. Weights listed as graph inputs (files of IR version 3 and before) are initializers only.
 * @throws AIVM_ONNX_NOT_A_MODEL, AIVM_ONNX_TRUNCATED, AIVM_ONNX_UNSUPPORTED_OPSET and what decodeTensor throws.
 */
export function decodeOnnx(bytes: Uint8Array): OnnxGraph {
  if (bytes.length === 0) throw notAModel("an empty file");
  let irVersion = 0;
  let producer = "";
  let opset = 0;
  const imports = new Map<string, number>();
  const graphs: Uint8Array[] = [];
  try {
    for (const field of wireFields(bytes)) {
      if (field.number === 1) irVersion = Number(field.varint);
      else if (field.number === 2) producer = toText(field.bytes);
      else if (field.number === 7) graphs.push(field.bytes);
      else if (field.number === 8) {
        const { domain, version } = decodeOpset(field.bytes);
        if (domain === "") opset = Math.max(opset, version);
        else imports.set(domain, version);
      }
    }
  } catch (error) {
    // A random file mostly fails here; a real one that is cut short has its IR version read before the cut.
    if (error instanceof AivmError && error.code === "AIVM_ONNX_TRUNCATED" && plausibleIr(irVersion))
      throw error;
    throw notAModel(`${bytes.length} bytes that do not decode`, error);
  }
  if (graphs.length === 0 || !plausibleIr(irVersion)) {
    throw notAModel(graphs.length === 0 ? "no graph" : `IR version ${irVersion}`);
  }
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) throw unsupportedOpset(opset);
  return { opset, imports, irVersion, producer, ...decodeGraph(graphs, 0) };
}

function plausibleIr(irVersion: number): boolean {
  return irVersion >= 1 && irVersion <= 100;
}

function unsupportedOpset(opset: number): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_OPSET", {
    what: "operator set of the ONNX file",
    want: `${OLDEST_OPSET} to ${NEWEST_OPSET}`,
    got: `${opset}`,
    remedy: "export with opset_version=17",
  });
}

/** One OperatorSetIdProto; the domain ai.onnx is "". */
function decodeOpset(bytes: Uint8Array): { readonly domain: string; readonly version: number } {
  let domain = "";
  let version = 0;
  for (const field of wireFields(bytes)) {
    if (field.number === 1) domain = toText(field.bytes);
    else if (field.number === 2) version = Number(field.varint);
  }
  return { domain: domain === "ai.onnx" ? "" : domain, version };
}

/** Several `graph` fields merge, as protobuf prescribes for a singular message field. `depth` graphs are around this one. */
function decodeGraph(parts: readonly Uint8Array[], depth: number): OnnxBody {
  if (depth > MAX_DEPTH)
    throw invalidGraph({ item: "sub-graphs", want: `at most ${MAX_DEPTH} inside each other`, got: "more" });
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let items = 0;
  for (const field of fieldsOf(parts)) {
    if (items++ > MAX_ITEMS)
      throw invalidGraph({
        item: "graph",
        want: `at most ${MAX_ITEMS} nodes, initializers and values`,
        got: "more",
      });
    if (field.number === 1) nodes.push(decodeNode(field.bytes, depth));
    else if (field.number === 5) {
      const tensor = decodeTensor(field.bytes);
      initializers.set(tensor.name, tensor);
    } else if (field.number === 11) inputs.push(decodeValue(field.bytes));
    else if (field.number === 12) outputs.push(decodeValue(field.bytes));
    else if (field.number === 15)
      throw invalidGraph({ item: "initializers", want: "dense tensors", got: "sparse" });
  }
  return { nodes, initializers, inputs: inputs.filter((v) => !initializers.has(v.name)), outputs };
}

function* fieldsOf(parts: readonly Uint8Array[]): Generator<WireField> {
  for (const part of parts) yield* wireFields(part);
}

function decodeNode(bytes: Uint8Array, depth: number): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let name = "";
  let opType = "";
  let domain = "";
  for (const field of wireFields(bytes)) {
    if (field.number === 1) inputs.push(toText(field.bytes));
    else if (field.number === 2) outputs.push(toText(field.bytes));
    else if (field.number === 3) name = toText(field.bytes);
    else if (field.number === 4) opType = toText(field.bytes);
    else if (field.number === 5) {
      const [key, attribute] = decodeAttribute(field.bytes, depth);
      attributes.set(key, attribute);
    } else if (field.number === 7) domain = toText(field.bytes);
  }
  return { opType, domain: domain === "ai.onnx" ? "" : domain, name, inputs, outputs, attributes };
}

/** AttributeProto. Files before IR version 2 may lack the type: then the field that is set decides. */
function decodeAttribute(bytes: Uint8Array, depth: number): [string, OnnxAttribute] {
  const all = [...wireFields(bytes)];
  const of = (number: number) => all.filter((field) => field.number === number);
  const name = toText(of(1)[0]?.bytes ?? new Uint8Array(0));
  const type = Number(of(20)[0]?.varint ?? guessType(all));
  return [name, attributeOfType({ name, type, depth }, of)];
}

function attributeOfType(
  { name, type, depth }: { readonly name: string; readonly type: number; readonly depth: number },
  of: (number: number) => readonly WireField[],
): OnnxAttribute {
  switch (type) {
    case 1:
      return { kind: "float", value: of(2).flatMap(floats)[0] ?? 0 };
    case 2:
      return { kind: "int", value: Number(toSigned(of(3)[0]?.varint ?? 0n)) };
    case 3:
      return { kind: "string", value: toText(of(4)[0]?.bytes ?? new Uint8Array(0)) };
    case 4:
      return { kind: "tensor", value: decodeTensor(of(5)[0]?.bytes ?? new Uint8Array(0)) };
    case 5:
      return {
        kind: "graph",
        value: decodeGraph(
          of(6).map((field) => field.bytes),
          depth + 1,
        ),
      };
    case 6:
      return { kind: "floats", value: of(7).flatMap(floats) };
    case 7:
      return {
        kind: "ints",
        value: of(8)
          .flatMap(varints)
          .map((v) => Number(toSigned(v))),
      };
    case 8:
      return { kind: "strings", value: of(9).map((field) => toText(field.bytes)) };
    default:
      throw invalidGraph({
        item: `attribute ${name}`,
        want: "a float, int, string, tensor or list",
        got: `type ${type}`,
      });
  }
}

function guessType(all: readonly WireField[]): number {
  const byField: readonly (readonly [number, number])[] = [
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 6],
    [8, 7],
    [9, 8],
  ];
  return byField.find(([number]) => all.some((field) => field.number === number))?.[1] ?? 0;
}

/** ValueInfoProto: name and, for tensors, element type and shape. */
function decodeValue(bytes: Uint8Array): OnnxValue {
  let name = "";
  let dtype: OnnxValue["dtype"];
  let shape: OnnxValue["shape"];
  for (const field of wireFields(bytes)) {
    if (field.number === 1) name = toText(field.bytes);
    if (field.number !== 2) continue;
    for (const type of wireFields(field.bytes)) {
      if (type.number !== 1) continue; // sequence, map and optional types keep dtype undefined
      for (const part of wireFields(type.bytes)) {
        if (part.number === 1) dtype = dtypeFromCode(Number(part.varint));
        else if (part.number === 2) shape = decodeShape(part.bytes);
      }
    }
  }
  return { name, dtype, shape };
}

function decodeShape(bytes: Uint8Array): (number | string | undefined)[] {
  return [...wireFields(bytes)]
    .filter((field) => field.number === 1)
    .map((dim) => {
      const field = [...wireFields(dim.bytes)][0];
      if (field?.number === 1) return Number(toSigned(field.varint));
      return field?.number === 2 ? toText(field.bytes) : undefined;
    });
}

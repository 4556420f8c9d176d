/** Errors of the ONNX importer. Every one names the file, node or tensor and what the author can do about it. */
import { AivmError } from "../../../common/errors.ts";

/** Codes of the importer. `isOnnxRefusal` tells which of them mean "clearly not supported" rather than "broken". */
export type OnnxErrorCode =
  | "AIVM_ONNX_NOT_A_MODEL"
  | "AIVM_ONNX_TRUNCATED"
  | "AIVM_ONNX_EXTERNAL_DATA"
  | "AIVM_ONNX_UNSUPPORTED_DTYPE"
  | "AIVM_ONNX_UNSUPPORTED_OPSET"
  | "AIVM_ONNX_UNSUPPORTED_OP"
  | "AIVM_ONNX_UNSUPPORTED_FORM"
  | "AIVM_ONNX_PRECISION"
  | "AIVM_ONNX_INVALID_GRAPH";

const REFUSALS: readonly OnnxErrorCode[] = [
  "AIVM_ONNX_EXTERNAL_DATA",
  "AIVM_ONNX_UNSUPPORTED_DTYPE",
  "AIVM_ONNX_UNSUPPORTED_OPSET",
  "AIVM_ONNX_UNSUPPORTED_OP",
  "AIVM_ONNX_UNSUPPORTED_FORM",
  "AIVM_ONNX_PRECISION",
];

/** True when `error` says that a well-formed model asks for something that the importer does not do. */
export function isOnnxRefusal(error: unknown): error is AivmError {
  return error instanceof AivmError && REFUSALS.some((code) => code === error.code);
}

/** The bytes are not an ONNX model at all. */
export function notAModel(got: string, cause?: unknown): AivmError {
  return new AivmError(
    "AIVM_ONNX_NOT_A_MODEL",
    {
      what: "ONNX file",
      want: "a serialised onnx.ModelProto with a graph",
      got,
      remedy: "pass the .onnx file that the exporter wrote",
    },
    { cause },
  );
}

/** The bytes end in the middle of a field. */
export function truncated(at: number, wantBytes: number, haveBytes: number): AivmError {
  return new AivmError("AIVM_ONNX_TRUNCATED", {
    what: "ONNX file",
    want: `${wantBytes} more bytes at offset ${at}`,
    got: `${haveBytes}`,
    remedy: "copy or download the file again: it is cut short",
  });
}

/** An element type that has no place in the importer. */
export function unsupportedDtype(item: string, got: string): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_DTYPE", {
    what: "element type of an ONNX tensor",
    item,
    want: "float32, bool or an integer type",
    got,
    remedy: "export the model in float32",
  });
}

/** A node, as an error names it: its own name where it has one, and what it writes. */
export interface NodeLabel {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly outputs: readonly string[];
}

/** "Conv 'conv1' -> conv1.out": how messages name a node. */
export function nodeLabel(node: NodeLabel): string {
  const domain = node.domain === "" ? "" : `${node.domain}.`;
  const name = node.name === "" ? "" : ` '${node.name}'`;
  return `${domain}${node.opType}${name} -> ${node.outputs.filter((o) => o !== "").join(", ")}`;
}

/** An operator that no lowering exists for. */
export function unsupportedOp(node: NodeLabel): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_OP", {
    what: "ONNX operator",
    item: nodeLabel(node),
    want: "an operator of ai.onnx that aivm lowers to integers",
    got: node.domain === "" ? node.opType : `${node.domain}.${node.opType}`,
    remedy: "replace it by supported operators before exporting, or leave that part to the caller",
  });
}

/** A supported operator in a form (attribute, type, shape) that no lowering exists for. */
export function unsupportedForm(
  node: NodeLabel,
  form: { readonly want: string; readonly got: string },
): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_FORM", {
    what: "form of an ONNX operator",
    item: nodeLabel(node),
    want: form.want,
    got: form.got,
    remedy: "export the model with the supported form of this operator",
  });
}

/** An operator whose output has a shape that the values of the input decide: a static program can not have it. */
export function dataDependentShape(node: NodeLabel, remedy: string): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_FORM", {
    what: "form of an ONNX operator",
    item: nodeLabel(node),
    want: "an output whose shape is the same for every input",
    got: `${node.opType}, whose output shape depends on the data`,
    remedy,
  });
}

/** An operator that has no meaning in integers. */
export function meaningless(
  node: NodeLabel,
  facts: { readonly got: string; readonly remedy: string },
): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_FORM", {
    what: "form of an ONNX operator",
    item: nodeLabel(node),
    want: "an operator that integers can answer",
    ...facts,
  });
}

/** A graph that contradicts itself: an unknown input, a missing attribute, a cycle. */
export function invalidGraph(facts: {
  readonly item: string;
  readonly want: string;
  readonly got: string;
}): AivmError {
  return new AivmError("AIVM_ONNX_INVALID_GRAPH", {
    what: "ONNX graph",
    ...facts,
    remedy: "run onnx.checker.check_model on the file and export it again",
  });
}

/** A model, well-formed or not, whose static form the VM can not have: no input, a tensor of size 0. */
export function unsupportedModel(item: string, want: string, got: string): AivmError {
  return new AivmError("AIVM_ONNX_UNSUPPORTED_FORM", {
    what: "form of an ONNX model",
    item,
    want,
    got,
    remedy: "export the model with fixed, non-empty shapes and at least one real input",
  });
}

/** The graph can be lowered, but not so that its result keeps the accuracy asked for. */
export function precisionError(item: string, want: string, got: string): AivmError {
  return new AivmError("AIVM_ONNX_PRECISION", {
    what: "precision of the compiled model",
    item,
    want,
    got,
    remedy:
      "compile with 16-bit activations (a16), calibrate with better samples, or change that part of the model",
  });
}

/** Element types that follow from the operators alone: most hand on the type of their first input. */

import { dtypeName } from "../format/tensorProto.ts";
import { intAttribute, type OnnxNode } from "../graph.ts";

const TO_BOOL: ReadonlySet<string> = new Set([
  ...[
    "Equal",
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    "And",
    "Or",
    "Xor",
    "Not",
    "IsNaN",
    "IsInf",
  ],
]);
const TO_INT64: ReadonlySet<string> = new Set([
  "Shape",
  "Size",
  "ArgMax",
  "ArgMin",
  "NonZero",
  "NonMaxSuppression",
]);
/** Operators whose result has the type of an input other than the first. */
const FROM_INPUT: ReadonlyMap<string, number> = new Map([
  ["Where", 1],
  ["OneHot", 2],
  ["DequantizeLinear", 1],
  ["CastLike", 1],
]);
/** Operators whose type rule is none of these: nothing is claimed about them. */
const UNKNOWN: ReadonlySet<string> = new Set([
  "If",
  "Loop",
  "Scan",
  "QLinearConv",
  "QLinearMatMul",
  "EyeLike",
]);

/** Types of a node's outputs, undefined where they are not known. */
export function outputDtypes(
  node: OnnxNode,
  of: (name: string) => string | undefined,
): (string | undefined)[] {
  const input = (index: number): string | undefined => of(node.inputs[index] ?? "");
  const all = (dtype: string | undefined): (string | undefined)[] => node.outputs.map(() => dtype);
  const { opType, attributes } = node;
  if (node.domain !== "" || UNKNOWN.has(opType)) return all(undefined);
  if (TO_BOOL.has(opType)) return all("bool");
  if (TO_INT64.has(opType)) return all("int64");
  const from = FROM_INPUT.get(opType);
  if (from !== undefined) return all(input(from));
  switch (opType) {
    case "Cast":
      return all(dtypeName(intAttribute(node, "to", 0)));
    case "Constant":
      return all(constantDtype(node));
    case "ConstantOfShape": {
      const value = attributes.get("value");
      return all(value?.kind === "tensor" ? value.value.dtype : "float32");
    }
    case "QuantizeLinear": {
      const declared = intAttribute(node, "output_dtype", 0);
      return all(declared === 0 ? (input(2) ?? "uint8") : dtypeName(declared));
    }
    case "DynamicQuantizeLinear":
      return ["uint8", "float32", "uint8"];
    case "ConvInteger":
    case "MatMulInteger":
      return all("int32");
    case "TopK":
    case "MaxPool":
    case "Unique":
      return [input(0), ...node.outputs.slice(1).map(() => "int64")];
    case "Dropout":
      return [input(0), "bool"];
    default:
      return all(input(0));
  }
}

function constantDtype(node: OnnxNode): string | undefined {
  const value = node.attributes.get("value");
  if (value?.kind === "tensor") return value.value.dtype;
  if (node.attributes.has("value_float") || node.attributes.has("value_floats")) return "float32";
  return node.attributes.has("value_int") || node.attributes.has("value_ints") ? "int64" : undefined;
}

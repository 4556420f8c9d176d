/** Graph inputs that hold scales and zero points: the integers of a static program depend on them, so they are constants. */
import type { OnnxGraph, OnnxNode } from "../../aivm/import/onnx/graph.ts";
import { shapeInputs } from "./shapeInputs.ts";

/** For each operator, the inputs that are scales or zero points. */
const SLOTS: ReadonlyMap<string, readonly number[]> = new Map([
  ["QuantizeLinear", [1, 2]],
  ["DequantizeLinear", [1, 2]],
  ["ConvInteger", [2, 3]],
  ["MatMulInteger", [2, 3]],
  ["QLinearConv", [1, 2, 4, 5, 6, 7]],
  ["QLinearMatMul", [1, 2, 4, 5, 6, 7]],
  ["com.microsoft.QLinearAdd", [1, 2, 4, 5, 6, 7]],
  ["com.microsoft.QLinearMul", [1, 2, 4, 5, 6, 7]],
  ["com.microsoft.QGemm", [1, 2, 4, 5, 7, 8]],
  ["com.microsoft.QLinearAveragePool", [1, 2, 3, 4]],
  ["com.microsoft.QLinearGlobalAveragePool", [1, 2, 3, 4]],
  ["com.microsoft.QLinearSigmoid", [1, 2, 3, 4]],
  ["com.microsoft.QLinearLeakyRelu", [1, 2, 3, 4]],
  ["com.microsoft.QLinearSoftmax", [1, 2, 3, 4]],
]);

const CONCAT = "com.microsoft.QLinearConcat";

/** Names of the graph inputs that are read as shapes, or as scales and zero points, and as nothing else. */
export function fixingInputs(graph: OnnxGraph): string[] {
  const parameters = graph.inputs
    .map((value) => value.name)
    .filter((name) => {
      const readers = graph.nodes.filter((node) => node.inputs.includes(name));
      const isOutput = graph.outputs.some((value) => value.name === name);
      return readers.length > 0 && !isOutput && readers.every((node) => isParameter(node, name));
    });
  return [...shapeInputs(graph), ...parameters];
}

function isParameter(node: OnnxNode, name: string): boolean {
  const key = node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
  const slots = SLOTS.get(key) ?? (key === CONCAT ? node.inputs.flatMap(concatSlot) : []);
  return node.inputs.every((input, i) => input !== name || slots.includes(i));
}

/** QLinearConcat: scale and zero point of the result, then tensor, scale and zero point of each operand. */
function concatSlot(_: string, i: number): number[] {
  return i < 2 || (i - 2) % 3 !== 0 ? [i] : [];
}

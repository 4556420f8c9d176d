/** Graph inputs that fix shapes: they must be constants of a static program, and may be, whatever the data is. */
import type { OnnxGraph, OnnxNode, OnnxValue } from "../../aivm/import/onnx/graph.ts";

/** For each operator, the inputs that fix shapes or axes: shape, axes, pads, starts, ends, steps, k, sizes, repeats, split. */
const SLOTS: ReadonlyMap<string, readonly number[]> = new Map([
  ["Reshape", [1]],
  ["Expand", [1]],
  ["Tile", [1]],
  ["Pad", [1, 3]],
  ["Slice", [1, 2, 3, 4]],
  ["Squeeze", [1]],
  ["Unsqueeze", [1]],
  ["Split", [1]],
  ["TopK", [1]],
  ["Resize", [3]],
  ["ConstantOfShape", [0]],
  ["CenterCropPad", [1]],
  ["Trilu", [1]],
  ["CumSum", [1]],
  ...["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"].map(
    (kind): [string, readonly number[]] => [`Reduce${kind}`, [1]],
  ),
]);

/** Operators on integers through which a shape may pass before it is used as one. */
const PASSES_SHAPES: ReadonlySet<string> = new Set([
  ...["Identity", "Cast", "Concat", "Reshape", "Squeeze", "Unsqueeze", "Gather", "Slice"],
  ...["Add", "Sub", "Mul", "Div", "Max", "Min", "Neg"],
]);

/** Names of the integer graph inputs that are read as shapes and as nothing else, and of those that hold no element at all. */
export function shapeInputs(graph: OnnxGraph): string[] {
  return graph.inputs
    .filter((value) => value.shape?.includes(0) === true || isShape(graph, value))
    .map((value) => value.name);
}

function isShape(graph: OnnxGraph, { name, dtype }: OnnxValue): boolean {
  return (dtype === "int64" || dtype === "int32") && readAsShape(graph, name, 0);
}

function readAsShape(graph: OnnxGraph, name: string, depth: number): boolean {
  const readers = graph.nodes.filter((node) => node.inputs.includes(name));
  if (readers.length === 0 || depth > 8 || graph.outputs.some((value) => value.name === name)) return false;
  return readers.every((node) => usesAsShape(graph, node, name, depth));
}

function usesAsShape(graph: OnnxGraph, node: OnnxNode, name: string, depth: number): boolean {
  const slots = SLOTS.get(node.opType) ?? [];
  const places = node.inputs.flatMap((input, i) => (input === name ? [i] : []));
  if (places.every((i) => slots.includes(i))) return true;
  return (
    PASSES_SHAPES.has(node.opType) && node.outputs.every((output) => readAsShape(graph, output, depth + 1))
  );
}

/** Facts about the tensors and nodes of a graph that is being lowered. */
import { invalidGraph, nodeLabel, unsupportedForm } from "../errors.ts";
import type { OnnxDtype, OnnxNode, OnnxTensor } from "../graph.ts";
import type { Lowering } from "./lowering.ts";

/** Element type and static shape of a tensor. @throws AIVM_ONNX_INVALID_GRAPH when nothing defines it. */
export function tensorType(
  ctx: Lowering,
  name: string,
): { readonly dtype: OnnxDtype; readonly shape: readonly number[] } {
  const type = ctx.calibration.types.get(name);
  if (type === undefined)
    throw invalidGraph({ item: `tensor '${name}'`, want: "a node or input that defines it", got: "none" });
  return type;
}

/** Static shape of a tensor. */
export function shapeOf(ctx: Lowering, name: string): readonly number[] {
  return tensorType(ctx, name).shape;
}

/** True for float32 tensors. */
export function isFloat(ctx: Lowering, name: string): boolean {
  return tensorType(ctx, name).dtype === "float32";
}

/** The value of a tensor that depends on no input, else undefined. */
export function constantOf(ctx: Lowering, name: string | undefined): OnnxTensor | undefined {
  return name === undefined || name === "" ? undefined : ctx.calibration.constants.get(name);
}

/** Numbers of a constant input, undefined when the input is not given. @throws AIVM_ONNX_UNSUPPORTED_FORM when it is computed. */
export function numbersOf(ctx: Lowering, node: OnnxNode, index: number): number[] | undefined {
  const name = node.inputs[index];
  if (name === undefined || name === "") return undefined;
  const tensor = constantOf(ctx, name);
  if (tensor !== undefined) return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  throw unsupportedForm(node, {
    want: `a constant for input ${index} ('${name}')`,
    got: "a tensor that depends on the model's inputs",
  });
}

/** The same without a copy where the constant is float32. */
export function weightsOf(ctx: Lowering, node: OnnxNode, index: number): ArrayLike<number> {
  const data = constantOf(ctx, node.inputs[index])?.data;
  return data instanceof Float32Array ? data : (numbersOf(ctx, node, index) ?? []);
}

/** Name of input `index`. @throws AIVM_ONNX_INVALID_GRAPH when it is not given. */
export function inputName(node: OnnxNode, index: number): string {
  const name = node.inputs[index];
  if (name !== undefined && name !== "") return name;
  throw invalidGraph({ item: nodeLabel(node), want: `an input ${index}`, got: "none" });
}

/** True when optional input `index` is given. */
export function hasInput(node: OnnxNode, index: number): boolean {
  return (node.inputs[index] ?? "") !== "";
}

/** Name of output `index`; "" when the graph does not use it. */
export function outputName(node: OnnxNode, index = 0): string {
  return node.outputs[index] ?? "";
}

/** True when a node or the caller reads a tensor; an optional output may be named and yet unused. */
export function isUsed(ctx: Lowering, name: string): boolean {
  return name !== "" && (ctx.outputNames.has(name) || (ctx.consumers.get(name)?.length ?? 0) > 0);
}

/** An axis counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The only node that reads a tensor, when there is exactly one and the tensor is no output of the graph. */
export function onlyConsumer(ctx: Lowering, name: string): OnnxNode | undefined {
  const nodes = ctx.consumers.get(name) ?? [];
  return nodes.length === 1 && !ctx.outputNames.has(name) ? nodes[0] : undefined;
}

/** Mean over the calibration set, per element; the values themselves for a constant. */
export function meanOf(ctx: Lowering, name: string): ArrayLike<number> {
  const tensor = constantOf(ctx, name);
  if (tensor?.data instanceof Float32Array) return tensor.data;
  if (ctx.calibration.sampleCount === 0) return new Float64Array(0);
  return ctx.calibration.stats.get(name)?.mean ?? new Float64Array(0);
}

/** Mean square over the calibration set, per element. */
export function powerOf(ctx: Lowering, name: string): ArrayLike<number> {
  const tensor = constantOf(ctx, name);
  if (tensor?.data instanceof Float32Array) return tensor.data.map((v) => v * v);
  if (ctx.calibration.sampleCount === 0) return new Float64Array(0);
  return ctx.calibration.stats.get(name)?.power ?? new Float64Array(0);
}

/** Constants that an already quantised file holds as integers behind a DequantizeLinear. */
import type { Calibration } from "../../../quantize/calibrate.ts";
import type { Quantization } from "../../../quantize/scheme.ts";
import type { OnnxGraph, OnnxTensor } from "../graph.ts";
import { movedInputs } from "../lowering/scaleGroups.ts";
import { quantParams } from "./quantParams.ts";

/** What is read: the graph, and the values of its constants. */
export interface ConstantSource {
  readonly graph: OnnxGraph;
  readonly calibration: Calibration;
}

/** Float32 products of a scale and an integer are off by less than this share. */
export const FLOAT32_ROUNDING: number = 2 ** -20;

/** Scales of the DequantizeLinear whose constant integers a tensor holds, movement between them left out. */
export function scalesBehind(
  source: ConstantSource,
  name: string | undefined,
): readonly number[] | undefined {
  const { graph, calibration } = source;
  const node = graph.nodes.find((n) => name !== undefined && name !== "" && n.outputs.includes(name));
  if (node === undefined || node.domain !== "") return undefined;
  if (node.opType !== "DequantizeLinear") {
    const [moved, ...others] = movedInputs(node, (input) => calibration.constants.has(input));
    return moved === 0 && others.length === 0 ? scalesBehind(source, node.inputs[0]) : undefined;
  }
  return integersBehind(source, name)?.scales;
}

/** What a DequantizeLinear of constants reads: integers minus their zero points, and one scale or one for each of them. */
export function integersBehind(
  source: ConstantSource,
  name: string | undefined,
): { readonly integers: Float64Array; readonly scales: readonly number[] } | undefined {
  const { graph, calibration } = source;
  const node = graph.nodes.find((n) => name !== undefined && name !== "" && n.outputs.includes(name));
  if (node?.opType !== "DequantizeLinear" || node.domain !== "") return undefined;
  const constant = (input: string | undefined): OnnxTensor | undefined =>
    calibration.constants.get(input ?? "");
  const tensor = constant(node.inputs[0]);
  const params = tensor === undefined ? undefined : quantParams(node, { constant, ...tensor });
  if (tensor === undefined || params === undefined) return undefined;
  const { scales, zeros } = params;
  const perElement = zeros.length === tensor.data.length;
  const integers = Float64Array.from(
    tensor.data as ArrayLike<number | bigint>,
    (v, i) => Number(v) - (zeros[perElement ? i : 0] ?? 0),
  );
  return { integers, scales };
}

/** True when every value is an integer of at most 16 bits times `scale`, as far as float32 tells. */
export function onGrid(values: ArrayLike<number>, scale: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const q = (values[i] ?? 0) / scale;
    const nearest = Math.round(q);
    const allowed = FLOAT32_ROUNDING * Math.max(1, Math.abs(nearest));
    if (Math.abs(nearest) > 32767 || Math.abs(q - nearest) > allowed) return false;
  }
  return true;
}

/** The file's own integers, minus their zero point, of a constant with a single scale; undefined for any other. */
export function statedConstant(
  source: ConstantSource,
  tensor: OnnxTensor,
): { readonly values: number[]; readonly q: Quantization } | undefined {
  const [scale, ...others] = scalesBehind(source, tensor.name) ?? [];
  const { data } = tensor;
  if (scale === undefined || others.length > 0 || !(data instanceof Float32Array) || !onGrid(data, scale))
    return undefined;
  const values = Array.from(data, (v) => Math.round(v / scale));
  const small = values.every((v) => v >= -128 && v <= 127);
  const [lo, hi] = small ? [-128, 127] : [-32767, 32767];
  return { values, q: { dtype: small ? "i8" : "i16", scale, zero: 0, lo, hi } };
}

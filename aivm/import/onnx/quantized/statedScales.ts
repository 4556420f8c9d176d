/**
 * Quantisations that the file itself states for float tensors. A tensor that reaches nothing but QuantizeLinear nodes of
 * one scale and zero point is computed on that grid at once: no other rounding comes before. Operators that only move
 * elements, or are monotone, commute with quantising, so the grid passes backward through them.
 */
import type { Quantization, Range } from "../../../quantize/scheme.ts";
import { dtypeFromCode } from "../format/tensorProto.ts";
import { intAttribute, type OnnxDtype, type OnnxGraph, type OnnxNode, type OnnxTensor } from "../graph.ts";
import { movedInputs } from "../lowering/scaleGroups.ts";
import { type QuantParams, quantParams, singleQuantization } from "./quantParams.ts";

/** What of a calibrated graph the file's scales depend on. */
export interface StatedFacts {
  readonly types: ReadonlyMap<string, { readonly dtype: OnnxDtype; readonly shape: readonly number[] }>;
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  /** Names of the program's inputs: the grid of their real numbers is ours to choose. */
  readonly inputs: ReadonlySet<string>;
  /** Range that calibration saw. */
  readonly range: (name: string) => Range | undefined;
}

/** Quantisation by tensor name; a tensor that any other reader sees is not among them. */
export function statedQuantizations(graph: OnnxGraph, facts: StatedFacts): ReadonlyMap<string, Quantization> {
  const wanted = new Map<string, Quantization | undefined>();
  const readAsParams = new Map<string, QuantParams[] | undefined>();
  const want = (name: string, q: Quantization | undefined): void => {
    if (name === "") return;
    const known = wanted.get(name);
    const agrees = !wanted.has(name) || (known !== undefined && q !== undefined && sameMeaning(known, q));
    wanted.set(name, agrees ? q : undefined);
  };
  for (const value of graph.outputs) want(value.name, undefined);
  for (const node of [...graph.nodes].reverse()) {
    const params = paramsOfQuantize(node, facts);
    if (params !== undefined) {
      want(node.inputs[0] ?? "", singleQuantization(params));
      const list = readAsParams.get(node.inputs[0] ?? "") ?? [];
      readAsParams.set(node.inputs[0] ?? "", [...list, params]);
      continue;
    }
    if (roundsForCast(graph, node)) {
      want(node.inputs[0] ?? "", WHOLE);
      continue;
    }
    const passed = passedInputs(node, (name) => facts.constants.has(name));
    const [first, ...others] = node.outputs.map((name) => wanted.get(name));
    const agreed = others.every((q) => first !== undefined && q !== undefined && sameMeaning(first, q));
    for (const [i, name] of node.inputs.entries()) want(name, passed.has(i) && agreed ? first : undefined);
  }
  const stated = new Map<string, Quantization>();
  for (const [name, q] of wanted) {
    if (facts.types.get(name)?.dtype !== "float32" || facts.constants.has(name)) continue;
    if (q !== undefined) {
      stated.set(name, q);
      continue;
    }
    const readers = graph.nodes.filter((node) => node.inputs.includes(name));
    const isOutput = graph.outputs.some((value) => value.name === name);
    if (!facts.inputs.has(name) || isOutput || readers.length === 0) continue;
    const all = readAsParams.get(name) ?? [];
    if (all.length === readers.length) stated.set(name, finestGrid(all));
    else if (readers.every((node) => node.opType === "DynamicQuantizeLinear"))
      stated.set(name, dynamicGrid(facts.range(name)));
  }
  return stated;
}

/** Whole numbers as they are. */
const WHOLE: Quantization = { dtype: "i32", scale: 1, zero: 0, lo: -(2 ** 31), hi: 2 ** 31 - 1 };

/** True for a Cast of a rounded tensor to an integer type, and for the rounding: both quantise at a scale of 1. */
function roundsForCast(graph: OnnxGraph, node: OnnxNode): boolean {
  const isRounding = (name: string): boolean =>
    graph.nodes.some((n) => n.opType === "Round" && n.domain === "" && n.outputs[0] === name);
  if (node.domain !== "") return false;
  if (node.opType === "Round") {
    const [output = ""] = node.outputs;
    const readers = graph.nodes.filter((n) => n.inputs.includes(output));
    const isOutput = graph.outputs.some((value) => value.name === output);
    return !isOutput && readers.length > 0 && readers.every(isIntegerCast);
  }
  return isIntegerCast(node) && isRounding(node.inputs[0] ?? "");
}

function isIntegerCast(node: OnnxNode): boolean {
  const to = dtypeFromCode(intAttribute(node, "to", 0));
  return (
    node.opType === "Cast" && node.domain === "" && to !== undefined && to !== "float32" && to !== "bool"
  );
}

/** True when the integers of two tensors mean the same. */
export function sameMeaning(a: Quantization, b: Quantization): boolean {
  return a.dtype === b.dtype && a.scale === b.scale && a.zero === b.zero && a.lo === b.lo && a.hi === b.hi;
}

function paramsOfQuantize(node: OnnxNode, facts: StatedFacts): QuantParams | undefined {
  if (node.opType !== "QuantizeLinear" || node.domain !== "") return undefined;
  const type = facts.types.get(node.outputs[0] ?? "");
  if (type === undefined) return undefined;
  const constant = (name: string | undefined): OnnxTensor | undefined =>
    name === undefined || name === "" ? undefined : facts.constants.get(name);
  return quantParams(node, { constant, ...type });
}

/** Inputs whose elements reach the output unchanged, or through a monotone function that every grid commutes with. */
function passedInputs(node: OnnxNode, isConstant: (name: string) => boolean): ReadonlySet<number> {
  const boundsKnown = node.inputs.slice(1).every((name) => name === "" || isConstant(name));
  if (node.domain === "" && (node.opType === "Relu" || (node.opType === "Clip" && boundsKnown)))
    return new Set([0]);
  return new Set(movedInputs(node, isConstant));
}

/**
 * Grid of a program input that QuantizeLinear nodes of several scales read: i32 in steps of the power of two that just
 * lets i32 hold the largest value any of them can represent. It follows from the file alone.
 */
function finestGrid(all: readonly QuantParams[]): Quantization {
  let largest = 0;
  for (const params of all) {
    for (const [i, scale] of params.scales.entries()) {
      const q = singleQuantization({ ...params, scales: [scale], zeros: [params.zeros[i] ?? 0] });
      if (q === undefined) continue;
      largest = Math.max(largest, scale * (q.hi - q.zero + 1), scale * (q.zero - q.lo + 1));
    }
  }
  const limit = 2 ** 31 - 1;
  let exponent = Math.ceil(Math.log2(largest / limit));
  while (largest / 2 ** exponent > limit) exponent++;
  return { dtype: "i32", scale: 2 ** exponent, zero: 0, lo: -limit, hi: limit };
}

/** Room for values larger than calibration saw, as a factor. */
const DYNAMIC_HEADROOM = 2;

/**
 * Grid of a program input that is quantised by its own range: no scale is stated, so i32 in steps of a power of two, with
 * room for twice what calibration saw. The scale, 256/255 of a range of both
 * signs, stays below 2^30: two halves of 15 bits.
 */
function dynamicGrid(range: Range | undefined): Quantization {
  const largest = DYNAMIC_HEADROOM * Math.max(Math.abs(range?.min ?? 1), Math.abs(range?.max ?? 1), 2 ** -60);
  const limit = 2 ** 28 - 1;
  return { dtype: "i32", scale: 2 ** Math.ceil(Math.log2(largest / limit)), zero: 0, lo: -limit, hi: limit };
}

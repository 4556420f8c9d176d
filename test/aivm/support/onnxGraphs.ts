/** Plain ONNX graphs for tests, and running them with a float reference before and after rewriting. */
import { expect } from "chai";
import { encodeOnnx } from "../../../aivm/import/onnx/format/encode.ts";
import {
  elementCount,
  type OnnxAttribute,
  type OnnxDtype,
  type OnnxGraph,
  type OnnxTensor,
} from "../../../aivm/import/onnx/graph.ts";
import { rewriteGraph } from "../../../aivm/import/onnx/rewrite/rewrite.ts";
import { holdingReference, runnableForm } from "../../../aivm/import/onnx/rewrite/runnable.ts";
import type { FloatReference } from "../../../aivm/quantize/reference.ts";
import { arrayFor } from "../../../aivm/quantize/samples.ts";

/** A node as "Op(in, in) -> out, out" with attributes; a domain stands before the operator, "com.microsoft:Gelu(..)". */
export interface NodeText {
  readonly text: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A small graph. Values of inputs and constants are repeatable numbers unless given. */
export interface GraphSketch {
  readonly opset: number;
  readonly nodes: readonly (string | NodeText)[];
  readonly inputs: Readonly<Record<string, TensorSketch>>;
  readonly constants?: Readonly<Record<string, TensorSketch>>;
  readonly outputs: readonly string[];
}

/** A shape of float32, or a shape, type and values. */
export type TensorSketch =
  | readonly number[]
  | { readonly shape: readonly number[]; readonly dtype?: OnnxDtype; readonly values?: readonly number[] };

/** Repeatable values in [-1, 1]. */
export function steadyValues(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

/** A tensor of a sketch. */
export function sketchTensor(name: string, sketch: TensorSketch, seed: number): OnnxTensor {
  const full = "shape" in sketch ? sketch : { shape: sketch };
  const { shape, dtype = "float32", values } = full;
  const given = values ?? steadyValues(elementCount(shape), seed);
  return { name, dtype, shape, data: arrayFor(dtype, given) };
}

/** The graph of a sketch and the feeds of its inputs. */
export function sketchGraph(sketch: GraphSketch): {
  readonly graph: OnnxGraph;
  readonly feeds: readonly OnnxTensor[];
} {
  const tensors = (all: Readonly<Record<string, TensorSketch>>, seed: number): OnnxTensor[] =>
    Object.entries(all).map(([name, one], i) => sketchTensor(name, one, seed + i));
  const feeds = tensors(sketch.inputs, 11);
  const nodes = sketch.nodes.map((node) => parseNode(typeof node === "string" ? { text: node } : node));
  const domains = new Set(nodes.map((node) => node.domain).filter((domain) => domain !== ""));
  const graph: OnnxGraph = {
    opset: sketch.opset,
    imports: new Map([...domains].map((domain) => [domain, 1])),
    irVersion: 8,
    producer: "",
    nodes,
    initializers: new Map(tensors(sketch.constants ?? {}, 101).map((tensor) => [tensor.name, tensor])),
    inputs: feeds.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: sketch.outputs.map((name) => ({ name, dtype: undefined, shape: undefined })),
  };
  return { graph, feeds };
}

function parseNode({ text, attributes = {} }: NodeText): OnnxGraph["nodes"][number] {
  const [, domain = "", opType = "", inputs = "", outputs = ""] =
    /^(?:([\w.]+):)?(\w+)\((.*)\) -> (.*)$/.exec(text) ?? [];
  const list = (names: string): string[] =>
    names.trim() === "" ? [] : names.split(",").map((n) => n.trim());
  return {
    ...{ opType, domain, name: "", inputs: list(inputs), outputs: list(outputs) },
    attributes: new Map(Object.entries(attributes)),
  };
}

/** Outputs of a graph as the runtime computes them. */
export async function runGraph(
  graph: OnnxGraph,
  feeds: readonly OnnxTensor[],
  reference: FloatReference,
): Promise<ReadonlyMap<string, OnnxTensor>> {
  const form = runnableForm(graph);
  const session = await holdingReference(reference, form.held).load(encodeOnnx(form.graph));
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** The graph rewritten; `bound` names the feeds that are constants of the program. */
export async function rewriteSketch(
  sketch: GraphSketch,
  reference: FloatReference,
  bound: readonly string[] = [],
): Promise<OnnxGraph> {
  const { graph, feeds } = sketchGraph(sketch);
  return (await rewriteGraph({ graph, reference, feeds, bound: new Set(bound) })).graph;
}

/** Every element within `tolerance` of the largest expected one; NaN equals nothing. */
export function expectClose(got: OnnxTensor | undefined, want: OnnxTensor, tolerance: number): void {
  expect(got?.shape.join(), `shape of ${want.name}`).to.equal(want.shape.join());
  const expected = Array.from(want.data as ArrayLike<number | bigint>, Number);
  const computed = Array.from((got?.data ?? []) as ArrayLike<number | bigint>, Number);
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-30);
  const bad = expected.findIndex(
    (v, i) => !(Math.abs(v - (computed[i] ?? Number.NaN)) <= tolerance * largest),
  );
  expect(bad < 0 ? "" : `${want.name}[${bad}] is ${computed[bad]}, expected ${expected[bad]}`).to.equal("");
}

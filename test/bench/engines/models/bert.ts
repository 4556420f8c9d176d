/** Encoders of transformers, the layout of BERT (Devlin et al. 2018), from embeddings on, with random weights. */
import { createGraph, type GraphBuilder } from "./graph.ts";

/** The encoder's sizes; `hidden` is a multiple of `heads`. */
export interface BertSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width of the feed-forward part. */
  readonly inner: number;
  readonly sequence: number;
  readonly seed: number;
}

/** BERT-base at 128 tokens: 85 million parameters without embeddings, 11.2 G multiply-adds. */
export const BERT_BASE: BertSizes = {
  layers: 12,
  hidden: 768,
  heads: 12,
  inner: 3072,
  sequence: 128,
  seed: 12,
};

const EPSILON = 1e-12;

/** The ONNX file: input embeddings [1,sequence,hidden], output the last hidden state of the same shape. */
export function bertOnnx(sizes: BertSizes): Uint8Array {
  const graph = createGraph(sizes.seed);
  let x = norm(graph, graph.input("embeddings", [1, sizes.sequence, sizes.hidden]), sizes);
  for (let layer = 0; layer < sizes.layers; layer++) {
    x = norm(graph, graph.add("Add", [attention(graph, x, sizes), x]), sizes);
    x = norm(graph, graph.add("Add", [feedForward(graph, x, sizes), x]), sizes);
  }
  return graph.encode([x]);
}

/** All heads at once: softmax(Q K^T / sqrt(head)) V, and the projection back. */
function attention(graph: GraphBuilder, x: string, { hidden, heads, sequence }: BertSizes): string {
  const head = hidden / heads;
  const project = (perm: readonly number[]): string => {
    const y = dense(graph, x, { from: hidden, to: hidden });
    const split = graph.add("Reshape", [y, graph.ints([1, sequence, heads, head])]);
    return graph.add("Transpose", [split], { perm });
  };
  const q = project([0, 2, 1, 3]);
  const k = project([0, 2, 3, 1]);
  const v = project([0, 2, 1, 3]);
  const scores = graph.add("Div", [graph.add("MatMul", [q, k]), graph.floats([], [Math.sqrt(head)])]);
  const mixed = graph.add("MatMul", [graph.add("Softmax", [scores], { axis: -1 }), v]);
  const joined = graph.add("Transpose", [mixed], { perm: [0, 2, 1, 3] });
  const flat = graph.add("Reshape", [joined, graph.ints([1, sequence, hidden])]);
  return dense(graph, flat, { from: hidden, to: hidden });
}

function feedForward(graph: GraphBuilder, x: string, { hidden, inner }: BertSizes): string {
  return dense(graph, gelu(graph, dense(graph, x, { from: hidden, to: inner })), { from: inner, to: hidden });
}

/** x / 2 x (1 + erf(x / sqrt 2)), in the nodes that exporters write below opset 20. */
function gelu(graph: GraphBuilder, x: string): string {
  const erf = graph.add("Erf", [graph.add("Div", [x, graph.floats([], [Math.SQRT2])])]);
  const gate = graph.add("Add", [erf, graph.floats([], [1])]);
  return graph.add("Mul", [graph.add("Mul", [x, gate]), graph.floats([], [0.5])]);
}

function dense(graph: GraphBuilder, x: string, of: { readonly from: number; readonly to: number }): string {
  const weights = graph.random([of.from, of.to], { deviation: 1 / Math.sqrt(of.from) });
  const bias = graph.random([of.to], { deviation: 0.1 });
  return graph.add("Add", [graph.add("MatMul", [x, weights]), bias]);
}

function norm(graph: GraphBuilder, x: string, { hidden }: BertSizes): string {
  const scale = graph.random([hidden], { mean: 1, deviation: 0.1 });
  const bias = graph.random([hidden], { deviation: 0.1 });
  return graph.add("LayerNormalization", [x, scale, bias], {
    axis: -1,
    epsilon: { kind: "float", value: EPSILON },
  });
}

/** A rewritten graph beside the graph it came from, both run by onnxruntime on the same values. */
import { expect } from "chai";
import type { OnnxAttribute } from "../../../../../aivm/import/onnx/graph.ts";
import { float, int, intList, text } from "../../../../../aivm/import/onnx/rewrite/rule.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import {
  expectClose,
  type GraphSketch,
  type NodeText,
  rewriteSketch,
  runGraph,
  sketchGraph,
} from "../../../support/onnxGraphs.ts";

const TOLERANCE = 1e-5;

type Attributes = Readonly<Record<string, OnnxAttribute>>;

const node = (written: string, attributes: Attributes = {}): NodeText => ({ text: written, attributes });
const texts = (value: readonly string[]): OnnxAttribute => ({ kind: "strings", value });
const MS = "com.microsoft:";

/** A sketch of one node that reads all inputs and constants in the order in which its text names them. */
function single(
  opset: number,
  written: NodeText | string,
  inputs: GraphSketch["inputs"],
  constants: GraphSketch["inputs"] = {},
): GraphSketch {
  const outputs = (typeof written === "string" ? written : written.text).split("-> ")[1] ?? "";
  return { opset, nodes: [written], inputs, constants, outputs: outputs.split(", ").filter((o) => o !== "") };
}

const bools = (shape: readonly number[], values: readonly number[]) =>
  ({ shape, dtype: "bool", values }) as const;
const longs = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  ({ shape, dtype: "int64", values }) as const;
const shorts = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  ({ shape, dtype: "int32", values }) as const;

const QKV4 = { q: [2, 4, 3, 8], k: [2, 2, 5, 8], v: [2, 2, 5, 6] };
const QKV3 = { q: [2, 3, 32], k: [2, 5, 16], v: [2, 5, 16] };
const HEADS = { q_num_heads: int(4), kv_num_heads: int(2) };
const PAST = { pk: [2, 2, 4, 8], pv: [2, 2, 4, 8] };
const MASK = Array.from({ length: 15 }, (_, i) => (i % 3 === 1 ? 0 : 1));

const attention: Readonly<Record<string, GraphSketch>> = {
  "four axes, shared keys": single(23, "Attention(q, k, v) -> y", QKV4),
  "three axes": single(23, node("Attention(q, k, v) -> y", HEADS), QKV3),
  "causal, with a scale": single(
    23,
    node("Attention(q, k, v) -> y", { is_causal: int(1), scale: float(0.2) }),
    QKV4,
  ),
  "a float mask": single(23, "Attention(q, k, v, m) -> y", { ...QKV4, m: [3, 5] }),
  "a bool mask": single(23, "Attention(q, k, v, m) -> y", { ...QKV4, m: bools([3, 5], MASK) }),
  "a bool mask with an empty row": single(23, "Attention(q, k, v, m) -> y", {
    ...QKV4,
    m: bools([3, 5], [...MASK.slice(0, 10), 0, 0, 0, 0, 0]),
  }),
  "a cap on the scores and a mask": single(
    23,
    node("Attention(q, k, v, m) -> y, , , s", { softcap: float(0.5), qk_matmul_output_mode: int(1) }),
    { ...QKV4, m: [2, 1, 3, 5] },
  ),
  "the output after the mask": single(
    23,
    node("Attention(q, k, v, m) -> y, , , s", { qk_matmul_output_mode: int(2) }),
    { ...QKV4, m: [3, 5] },
  ),
  "the output after softmax": single(
    23,
    node("Attention(q, k, v) -> y, , , s", { qk_matmul_output_mode: int(3), is_causal: int(1) }),
    QKV4,
  ),
  "a cache": single(23, node("Attention(q, k, v, m, pk, pv) -> y, nk, nv", { ...HEADS, is_causal: int(1) }), {
    ...QKV3,
    m: [3, 9],
    ...PAST,
  }),
  "lengths per batch": single(24, node("Attention(q, k, v, , , , n) -> y", { is_causal: int(1) }), {
    ...QKV4,
    n: longs([4, 5]),
  }),
};

const ROTARY = { x: [2, 3, 4, 8], c: [6, 4], s: [6, 4], p: longs([0, 1, 2, 3, 5, 4, 3, 2], [2, 4]) };
const rotary: Readonly<Record<string, GraphSketch>> = {
  halves: single(23, "RotaryEmbedding(x, c, s, p) -> y", ROTARY),
  pairs: single(23, node("RotaryEmbedding(x, c, s, p) -> y", { interleaved: int(1) }), ROTARY),
  "a part of the head": single(
    23,
    node("RotaryEmbedding(x, c, s, p) -> y", { rotary_embedding_dim: int(4) }),
    {
      ...ROTARY,
      c: [6, 2],
      s: [6, 2],
    },
  ),
  "three axes, no positions": single(23, node("RotaryEmbedding(x, c, s) -> y", { num_heads: int(2) }), {
    x: [2, 3, 16],
    c: [2, 3, 4],
    s: [2, 3, 4],
  }),
  "of com.microsoft": single(17, node(`${MS}RotaryEmbedding(x, p, c, s) -> y`, {}), {
    ...ROTARY,
    x: [2, 4, 16],
  }),
};

const RNN_W = (gates: number, directions = 1) => ({
  w: [directions, gates * 4, 3],
  r: [directions, gates * 4, 4],
  b: [directions, gates * 8],
});
const RNN_X = { x: [5, 2, 3] };
const SIZE = { hidden_size: int(4) };
const START = (directions: number) => ({ h: [directions, 2, 4], c: [directions, 2, 4] });
const recurrent: Readonly<Record<string, GraphSketch>> = {
  LSTM: single(14, node("LSTM(x, w, r, b) -> y, h, c", SIZE), RNN_X, RNN_W(4)),
  "LSTM in reverse with first states": single(
    14,
    node("LSTM(x, w, r, b, , h0, c0) -> y, h, c", { ...SIZE, direction: text("reverse") }),
    { ...RNN_X, h0: [1, 2, 4], c0: [1, 2, 4] },
    RNN_W(4),
  ),
  "LSTM both ways with peepholes and lengths": single(
    14,
    node("LSTM(x, w, r, b, n, h0, c0, p) -> y, h, c", { ...SIZE, direction: text("bidirectional") }),
    { ...RNN_X, h0: START(2).h, c0: START(2).c },
    { ...RNN_W(4, 2), n: shorts([5, 5]), p: [2, 12] },
  ),
  "LSTM of other activations, without biases": single(
    14,
    node("LSTM(x, w, r) -> y, h, c", { ...SIZE, activations: texts(["Sigmoid", "Relu", "Softsign"]) }),
    RNN_X,
    RNN_W(4),
  ),
  GRU: single(14, node("GRU(x, w, r, b) -> y, h", SIZE), RNN_X, RNN_W(3)),
  "GRU that resets after the product": single(
    14,
    node("GRU(x, w, r, b, , h0) -> y, h", {
      ...SIZE,
      linear_before_reset: int(1),
      direction: text("bidirectional"),
    }),
    { ...RNN_X, h0: START(2).h },
    RNN_W(3, 2),
  ),
  "GRU that resets after the product, from zero": single(
    14,
    node("GRU(x, w, r, b) -> y, h", { ...SIZE, linear_before_reset: int(1) }),
    RNN_X,
    RNN_W(3),
  ),
  "GRU with a first state": single(
    14,
    node("GRU(x, w, r, b, , h0) -> y, h", SIZE),
    { ...RNN_X, h0: START(1).h },
    RNN_W(3),
  ),
  RNN: single(14, node("RNN(x, w, r, b) -> y, h", SIZE), RNN_X, RNN_W(1)),
  "RNN both ways": single(
    14,
    node("RNN(x, w, r, b, , h0) -> y, h", {
      ...SIZE,
      direction: text("bidirectional"),
      activations: texts(["Tanh", "Relu"]),
    }),
    { ...RNN_X, h0: START(2).h },
    RNN_W(1, 2),
  ),
};

const einsum = (equation: string, inputs: GraphSketch["inputs"]): GraphSketch =>
  single(12, node(`Einsum(${Object.keys(inputs).join(", ")}) -> y`, { equation: text(equation) }), inputs);
const einsums: Readonly<Record<string, GraphSketch>> = {
  "a product of matrices": einsum("ij,jk->ik", { a: [2, 3], b: [3, 4] }),
  "a product per batch, transposed": einsum("bhid,bhjd->bhji", { a: [2, 2, 3, 4], b: [2, 2, 5, 4] }),
  "an ellipsis": einsum("...ij,...jk", { a: [2, 3, 4], b: [2, 4, 5] }),
  "an outer product": einsum("i,j->ij", { a: [3], b: [4] }),
  "a sum of an axis": einsum("ijk->ki", { a: [2, 3, 4] }),
  "three operands": einsum("ij,jk,kl->il", { a: [2, 3], b: [3, 4], c: [4, 2] }),
  "an axis that one operand lacks": einsum("bij,j->bi", { a: [2, 3, 4], b: [4] }),
  "an element-wise product": einsum("ij,ij->ij", { a: [3, 4], b: [3, 4] }),
};

const contrib: Readonly<Record<string, GraphSketch>> = {
  FastGelu: single(17, `${MS}FastGelu(x, b) -> y`, { x: [3, 4] }, { b: [4] }),
  BiasGelu: single(17, `${MS}BiasGelu(x, b) -> y`, { x: [3, 4] }, { b: [4] }),
  Gelu: single(17, `${MS}Gelu(x) -> y`, { x: [3, 4] }),
  QuickGelu: single(17, node(`${MS}QuickGelu(x) -> y`, { alpha: float(1.5) }), { x: [3, 4] }),
  FusedMatMul: single(
    17,
    node(`${MS}FusedMatMul(a, b) -> y`, { alpha: float(0.5), transA: int(1), transB: int(1) }),
    { a: [2, 4, 3], b: [2, 5, 4] },
  ),
  SkipLayerNormalization: single(
    17,
    node(`${MS}SkipLayerNormalization(x, s, g, b, c) -> y, , , t`, { epsilon: float(1e-4) }),
    { x: [2, 3, 4], s: [2, 3, 4] },
    { g: [4], b: [4], c: [4] },
  ),
  SkipSimplifiedLayerNormalization: single(
    17,
    `${MS}SkipSimplifiedLayerNormalization(x, s, g) -> y, , , t`,
    { x: [2, 3, 4], s: [2, 3, 4] },
    { g: [4] },
  ),
  SimplifiedLayerNormalization: single(
    17,
    node("SimplifiedLayerNormalization(x, g) -> y", { axis: int(-1), epsilon: float(1e-4) }),
    { x: [2, 3, 4] },
    { g: [4] },
  ),
  EmbedLayerNormalization: single(
    17,
    `${MS}EmbedLayerNormalization(i, t, w, p, s, g, b, m) -> y, n`,
    { i: shorts([1, 2, 3, 0, 4, 2], [2, 3]), t: shorts([0, 0, 1, 0, 1, 1], [2, 3]) },
    { w: [5, 4], p: [3, 4], s: [2, 4], g: [4], b: [4], m: shorts([1, 1, 1, 1, 1, 0], [2, 3]) },
  ),
  "Attention, causal": single(
    17,
    node(`${MS}Attention(x, w, b) -> y`, { num_heads: int(2), unidirectional: int(1) }),
    { x: [2, 3, 4] },
    { w: [4, 12], b: [12] },
  ),
  "Attention with a mask": single(
    17,
    node(`${MS}Attention(x, w, b, m) -> y`, { num_heads: int(2) }),
    { x: [2, 3, 4], m: shorts([1, 1, 0, 1, 0, 0], [2, 3]) },
    { w: [4, 12], b: [12] },
  ),
  "Attention with lengths": single(
    17,
    node(`${MS}Attention(x, w, b, m) -> y`, { num_heads: int(2) }),
    { x: [2, 3, 4], m: shorts([2, 3]) },
    { w: [4, 12], b: [12] },
  ),
  "GroupQueryAttention after a cache, turned": single(
    17,
    node(`${MS}GroupQueryAttention(q, k, v, pk, pv, n, t, c, s) -> y, nk, nv`, {
      num_heads: int(4),
      kv_num_heads: int(2),
      do_rotary: int(1),
    }),
    { q: [2, 1, 64], k: [2, 1, 32], v: [2, 1, 32], pk: [2, 2, 3, 16], pv: [2, 2, 3, 16] },
    { n: shorts([3, 3]), t: shorts([4], []), c: [8, 8], s: [8, 8] },
  ),
};

const old: Readonly<Record<string, GraphSketch>> = {
  "Softmax of several axes": single(11, node("Softmax(x) -> y", { axis: int(1) }), { x: [2, 3, 4] }),
  "LogSoftmax of the last axis": single(11, node("LogSoftmax(x) -> y", { axis: int(-1) }), { x: [2, 3, 4] }),
  "Slice by attributes": single(
    9,
    node("Slice(x) -> y", { starts: intList([1, 0]), ends: intList([2 ** 63, -1]), axes: intList([0, 2]) }),
    { x: [3, 2, 4] },
  ),
  "Pad by attributes": single(9, node("Pad(x) -> y", { pads: intList([0, 1, 2, 0]), value: float(0.5) }), {
    x: [2, 3],
  }),
  "Clip by attributes": single(9, node("Clip(x) -> y", { min: float(-0.25) }), { x: [3, 4] }),
  "Split by an attribute": single(11, node("Split(x) -> a, b", { split: intList([1, 3]), axis: int(1) }), {
    x: [2, 4],
  }),
  "Split into equal parts": single(13, node("Split(x) -> a, b", { axis: int(1) }), { x: [2, 4] }),
  "reductions by attributes": {
    opset: 12,
    nodes: [
      node("ReduceMean(x) -> a", { axes: intList([1]) }),
      node("ReduceSum(x) -> b", { axes: intList([0]), keepdims: int(0) }),
      node("ReduceMax(x) -> c", { axes: intList([-1]) }),
    ],
    inputs: { x: [2, 3, 4] },
    outputs: ["a", "b", "c"],
  },
  "Squeeze, then Unsqueeze": {
    opset: 11,
    nodes: [
      node("Squeeze(x) -> a", { axes: intList([1]) }),
      node("Unsqueeze(a) -> y", { axes: intList([0]) }),
    ],
    inputs: { x: [2, 1, 3] },
    outputs: ["y"],
  },
  "TopK by an attribute": single(9, node("TopK(x) -> v, i", { k: int(2), axis: int(1) }), { x: [3, 4] }),
  "Upsample, nearest": single(
    9,
    "Upsample(x, s) -> y",
    { x: [1, 2, 2, 3] },
    { s: { shape: [4], values: [1, 1, 2, 2] } },
  ),
  "Upsample, linear": single(
    9,
    node("Upsample(x, s) -> y", { mode: text("linear") }),
    { x: [1, 2, 2, 3] },
    { s: { shape: [4], values: [1, 1, 2, 3] } },
  ),
  "Resize of version 10": single(
    10,
    node("Resize(x, s) -> y", { mode: text("linear") }),
    { x: [1, 1, 4, 4] },
    { s: { shape: [4], values: [1, 1, 0.6, 1.5] } },
  ),
  "Dropout by an attribute": single(9, node("Dropout(x) -> y", { ratio: float(0.25) }), { x: [2, 3] }),
  "Dropout with its mask": single(13, "Dropout(x) -> y, m", { x: [2, 3] }),
  "batch normalisation by computed parameters": single(15, "BatchNormalization(x, s, b, m, v) -> y", {
    x: [2, 3, 4],
    s: [3],
    b: [3],
    m: [3],
    v: { shape: [3], values: [0.5, 1, 2] },
  }),
  "group normalisation by groups": single(
    18,
    node("GroupNormalization(x, s, b) -> y", { num_groups: int(2) }),
    { x: [2, 4, 3] },
    { s: [2], b: [2] },
  ),
  Scatter: single(
    10,
    node("Scatter(x, i, u) -> y", { axis: int(1) }),
    { x: [2, 3], u: [2, 1] },
    { i: longs([1, 2], [2, 1]) },
  ),
};

/** Operators that stay what they are: the rule is not to expand them. */
const SAME_OPERATOR =
  /^(Softmax|LogSoftmax|Slice|Pad|Clip|Split|Reduce|Squeeze|Unsqueeze|TopK|Resize|GroupNorm)/;

describe("a rewritten graph means what the graph did, run by onnxruntime", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  const subjects = { attention, rotary, recurrent, einsums, contrib, old };
  for (const [subject, sketches] of Object.entries(subjects)) {
    describe(subject, () => {
      for (const [name, sketch] of Object.entries(sketches)) {
        it(name, async () => {
          const { graph, feeds } = sketchGraph(sketch);
          const rewritten = await rewriteSketch(sketch, reference);
          const left = new Set(rewritten.nodes.map((n) => (n.domain === "" ? n.opType : n.domain)));
          for (const { opType, domain } of graph.nodes) {
            if (!SAME_OPERATOR.test(opType))
              expect([...left]).to.not.include(domain === "" ? opType : domain);
          }
          expect(rewritten.opset).to.equal(24);
          const want = await runGraph(graph, feeds, reference);
          const got = await runGraph(rewritten, feeds, reference);
          expect([...got.keys()]).to.deep.equal(sketch.outputs);
          for (const [output, tensor] of want) expectClose(got.get(output), tensor, TOLERANCE);
        });
      }
    });
  }
});

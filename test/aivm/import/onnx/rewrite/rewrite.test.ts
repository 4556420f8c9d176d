import { expect } from "chai";
import { compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { encodeOnnx } from "../../../../../aivm/import/onnx/format/encode.ts";
import type { OnnxAttribute, OnnxGraph, OnnxTensor } from "../../../../../aivm/import/onnx/graph.ts";
import { withoutEmptyOperands } from "../../../../../aivm/import/onnx/rewrite/empty.ts";
import { rewriteGraph } from "../../../../../aivm/import/onnx/rewrite/rewrite.ts";
import { float, int, text } from "../../../../../aivm/import/onnx/rewrite/rule.ts";
import { runnableForm } from "../../../../../aivm/import/onnx/rewrite/runnable.ts";
import { namesOfConstants } from "../../../../../aivm/quantize/calibrate.ts";
import { quantizeInput } from "../../../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { AivmError } from "../../../../../common/errors.ts";
import { shapeInputs } from "../../../../conformance/shapeInputs.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import {
  type GraphSketch,
  type NodeText,
  rewriteSketch,
  runGraph,
  sketchGraph,
} from "../../../support/onnxGraphs.ts";

const node = (written: string, attributes: Readonly<Record<string, OnnxAttribute>> = {}): NodeText => ({
  text: written,
  attributes,
});

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof AivmError) return error.code;
      throw error;
    },
  );
}

function codeOfSync(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    if (error instanceof AivmError) return error.code;
    throw error;
  }
}

function numbers(tensor: OnnxTensor | undefined): number[] {
  return Array.from((tensor?.data ?? []) as ArrayLike<number | bigint>, Number);
}

describe("rewriting a graph", () => {
  let ort: FloatReference;
  before(async function () {
    ort = await requireOrt(this);
  });

  /** The runtime with a count of the models that it loads. */
  function counting(): { readonly reference: FloatReference; readonly loads: () => number } {
    let count = 0;
    const load: FloatReference["load"] = (onnx) => {
      count++;
      return ort.load(onnx);
    };
    return { reference: { name: ort.name, load }, loads: () => count };
  }

  async function outputsOf(sketch: GraphSketch): Promise<ReadonlyMap<string, OnnxTensor>> {
    const rewritten = await rewriteSketch(sketch, ort);
    return runGraph(rewritten, sketchGraph(sketch).feeds, ort);
  }

  it("leaves a modern graph of plain operators as it is, and runs nothing", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 17,
      nodes: ["MatMul(x, w) -> h", "BatchNormalization(h, c, c, c, v) -> n", "Relu(n) -> y"],
      inputs: { x: [2, 3] },
      constants: { w: [3, 4], c: [4], v: { shape: [4], values: [1, 1, 2, 2] } },
      outputs: ["y"],
    });
    const { reference, loads } = counting();
    const result = await rewriteGraph({ graph, reference, feeds, bound: new Set() });
    expect(result.graph).to.equal(graph);
    expect(result.changed).to.equal(false);
    expect(loads()).to.equal(0);
  });

  it("runs what lies before nodes that need shapes, once per layer of them, and what lies behind never", async () => {
    const sketch: GraphSketch = {
      opset: 23,
      nodes: [
        "Relu(x) -> a",
        "Attention(a, a, a) -> b",
        "Tanh(b) -> c",
        "Attention(c, c, c) -> d",
        "Exp(d) -> y",
      ],
      inputs: { x: [1, 2, 3, 4] },
      outputs: ["y"],
    };
    const { graph, feeds } = sketchGraph(sketch);
    const { reference, loads } = counting();
    const result = await rewriteGraph({ graph, reference, feeds, bound: new Set() });
    expect(loads()).to.equal(2);
    expect(result.graph.inputs).to.deep.equal(graph.inputs);
    expect(result.graph.outputs).to.deep.equal(graph.outputs);
    const written = result.graph.nodes.flatMap((n) => n.outputs);
    expect(new Set(written).size).to.equal(written.length);
    for (const [i, n] of result.graph.nodes.entries()) {
      const before = new Set([
        ...result.graph.nodes.slice(0, i).flatMap((earlier) => earlier.outputs),
        ...result.graph.initializers.keys(),
        "x",
        "",
      ]);
      expect(n.inputs.every((name) => before.has(name))).to.equal(true);
    }
  });

  it("aligns old operands by their axis", async () => {
    const got = await outputsOf({
      opset: 6,
      nodes: [node("Add(a, b) -> y", { broadcast: int(1), axis: int(0) }), "Mul(y, a) -> z"],
      inputs: {
        a: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
        b: { shape: [2], values: [10, 20] },
      },
      outputs: ["y", "z"],
    });
    expect(numbers(got.get("y"))).to.deep.equal([11, 12, 13, 24, 25, 26]);
    expect(numbers(got.get("z"))).to.deep.equal([11, 24, 39, 96, 125, 156]);
  });

  it("runs old operators without old attributes too: versions before 7 always leave at the new one", async () => {
    const sketch: GraphSketch = { opset: 6, nodes: ["Add(a, a) -> y"], inputs: { a: [2] }, outputs: ["y"] };
    expect((await rewriteSketch(sketch, ort)).opset).to.equal(24);
    expect(numbers((await outputsOf(sketch)).get("y"))).to.have.length(2);
  });

  it("gives a slope per channel its axis", async () => {
    const got = await outputsOf({
      opset: 6,
      nodes: ["PRelu(x, s) -> y"],
      inputs: { x: { shape: [1, 2, 2], values: [-1, -2, -3, 4] }, s: { shape: [2], values: [10, 100] } },
      outputs: ["y"],
    });
    expect(numbers(got.get("y"))).to.deep.equal([-10, -20, -300, 4]);
  });

  it("runs types that the runtime lacks through wider ones, and names the type that is meant", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 25,
      nodes: [
        "Max(a, b) -> m",
        node("Cast(x) -> n", { to: int(22) }),
        "Reshape(n, r) -> y",
        "Where(c, a, b) -> w",
      ],
      inputs: {
        a: { shape: [2], dtype: "int16", values: [-30000, 7] },
        b: { shape: [2], dtype: "int16", values: [30000, -7] },
        c: { shape: [2], dtype: "bool", values: [1, 0] },
        x: { shape: [5], values: [-9, -8, 7.9, 8, 100] },
      },
      constants: { r: { shape: [2], dtype: "int64", values: [5, 1] } },
      outputs: ["m", "y", "w"],
    });
    const form = runnableForm(graph);
    expect([...form.held]).to.deep.equal([
      ["n", "int4"],
      ["y", "int4"],
    ]);
    const got = await runGraph(graph, feeds, ort);
    expect(got.get("m")?.dtype).to.equal("int16");
    expect(numbers(got.get("m"))).to.deep.equal([30000, 7]);
    expect(numbers(got.get("w"))).to.deep.equal([-30000, -7]);
    expect(got.get("y")?.dtype).to.equal("int4");
    // The lowest four bits: -9 is 7, 8 is -8, 100 is 4.
    expect(numbers(got.get("y"))).to.deep.equal([7, -8, 7, -8, 4]);
  });

  it("quantising to two bits saturates", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 25,
      nodes: ["QuantizeLinear(x, s, z) -> y"],
      inputs: { x: { shape: [4], values: [-9, -1, 0.6, 9] } },
      constants: {
        s: { shape: [], values: [1] },
        z: { shape: [], dtype: "int2", values: [0] },
      },
      outputs: ["y"],
    });
    expect(numbers((await runGraph(graph, feeds, ort)).get("y"))).to.deep.equal([-2, -1, 1, 1]);
  });

  const branch = (opType: string): OnnxAttribute => ({
    kind: "graph",
    value: {
      nodes: sketchGraph({ opset: 17, nodes: [`${opType}(x) -> out`], inputs: {}, outputs: [] }).graph.nodes,
      initializers: new Map(),
      inputs: [],
      outputs: [{ name: "out", dtype: undefined, shape: undefined }],
    },
  });
  const choice: GraphSketch = {
    opset: 17,
    nodes: [
      "Size(x) -> n",
      "Greater(n, two) -> many",
      node("If(many) -> y", { then_branch: branch("Relu"), else_branch: branch("Neg") }),
    ],
    inputs: { x: { shape: [3], values: [-1, 2, -3] } },
    constants: { two: { shape: [], dtype: "int64", values: [2] } },
    outputs: ["y"],
  };

  it("takes the branch that a known condition chooses", async () => {
    const rewritten = await rewriteSketch(choice, ort);
    expect(rewritten.nodes.map((n) => n.opType))
      .to.include("Relu")
      .and.not.include("If");
    expect(numbers((await outputsOf(choice)).get("y"))).to.deep.equal([0, 2, 0]);
  });

  it("what a sub-graph reads from around it counts as read: a loop over an input is no constant", () => {
    const body = sketchGraph({ opset: 17, nodes: ["Relu(x) -> out"], inputs: {}, outputs: ["out"] }).graph;
    const loop = node("Loop(n, c) -> y", { body: { kind: "graph", value: body } });
    const { graph } = sketchGraph({
      opset: 17,
      nodes: [loop],
      inputs: { x: [2] },
      constants: {
        n: { shape: [], dtype: "int64", values: [1] },
        c: { shape: [], dtype: "bool", values: [1] },
      },
      outputs: ["y"],
    });
    expect(namesOfConstants(graph, new Set(["n", "c"])).has("y")).to.equal(false);
    expect(namesOfConstants(graph, new Set(["n", "c", "x"])).has("y")).to.equal(true);
  });

  it("refuses a condition that depends on the data", async () => {
    const sketch = {
      ...choice,
      nodes: ["ReduceSum(x) -> n", "Greater(n, zero) -> many", ...choice.nodes.slice(2)],
    };
    const { graph } = sketchGraph({ ...sketch, constants: { zero: { shape: [], values: [0] } } });
    expect(await codeOf(compile(graph, [[-1, 2, -3]]))).to.equal("AIVM_ONNX_UNSUPPORTED_OP");
  });

  it("refuses parts of sequences and clipped cells, by name", async () => {
    const lstm = (attributes: Readonly<Record<string, OnnxAttribute>>, lengths: number): GraphSketch => ({
      opset: 14,
      nodes: [node("LSTM(x, w, r, , n) -> y", { hidden_size: int(2), ...attributes })],
      inputs: { x: [3, 1, 2] },
      constants: { w: [1, 8, 2], r: [1, 8, 2], n: { shape: [1], dtype: "int32", values: [lengths] } },
      outputs: ["y"],
    });
    expect(await codeOf(rewriteSketch(lstm({}, 2), ort))).to.equal("AIVM_ONNX_UNSUPPORTED_FORM");
    expect(await codeOf(rewriteSketch(lstm({ clip: float(1) }, 3), ort))).to.equal(
      "AIVM_ONNX_UNSUPPORTED_FORM",
    );
    expect(await codeOf(rewriteSketch(lstm({}, 3), ort))).to.equal("none");
  });

  it("takes empty operands out of joins", () => {
    const { graph } = sketchGraph({
      opset: 17,
      nodes: [node("Concat(a, e, b) -> y", { axis: int(0) }), node("Concat(e, a) -> z", { axis: int(0) })],
      inputs: { a: [2], e: [0], b: [1] },
      outputs: ["y", "z"],
    });
    const shapes = new Map(Object.entries({ a: [2], e: [0], b: [1], y: [3], z: [2] }));
    const left = withoutEmptyOperands(graph, (name) => shapes.get(name));
    expect(left.nodes.map((n) => [n.opType, ...n.inputs])).to.deep.equal([
      ["Concat", "a", "b"],
      ["Identity", "a"],
    ]);
  });

  it("counts inputs without elements among those that fix shapes, but no scales", () => {
    const { graph } = sketchGraph({
      opset: 17,
      nodes: ["Resize(x, , s) -> y"],
      inputs: { x: [1, 1, 2, 2], s: [4], unused: [0] },
      outputs: ["y"],
    });
    expect(shapeInputs(graph)).to.deep.equal(["unused"]);
  });

  function compile(graph: OnnxGraph, sample: readonly (readonly number[])[], errorLimit = 0.008) {
    return compileOnnx({
      onnx: encodeOnnx(graph),
      name: "t",
      calibration: [sample],
      precision: "a16",
      weights: "i16",
      reference: ort,
      errorLimit,
    });
  }

  const sampleOf = (feeds: readonly OnnxTensor[]): number[][] => feeds.map((tensor) => numbers(tensor));

  it("measures fidelity against the original where the runtime has it, else against the rewritten graph", async () => {
    const query = sketchGraph({
      opset: 23,
      nodes: ["Attention(q, k, v) -> y"],
      inputs: { q: [1, 2, 3, 4], k: [1, 2, 3, 4], v: [1, 2, 3, 4] },
      outputs: ["y"],
    });
    const original = await compile(query.graph, sampleOf(query.feeds));
    expect(original.report.fidelityOf).to.equal("original");
    const gate = sketchGraph({
      opset: 28,
      nodes: ["SwiGLU(a, b) -> y"],
      inputs: { a: [4], b: [4] },
      outputs: ["y"],
    });
    expect((await compile(gate.graph, sampleOf(gate.feeds))).report.fidelityOf).to.equal("rewritten");
  });

  it("compiles recurrent cells; all steps share the tables of their functions", async () => {
    for (const [operator, gates, tables] of [
      ["LSTM", 4, 3],
      ["GRU", 3, 2],
      ["RNN", 1, 1],
    ] as const) {
      const { graph, feeds } = sketchGraph({
        opset: 14,
        nodes: [node(`${operator}(x, w, r, b) -> y, h`, { hidden_size: int(4), direction: text("reverse") })],
        inputs: { x: [2, 1, 3] },
        constants: { w: [1, gates * 4, 3], r: [1, gates * 4, 4], b: [1, gates * 8] },
        outputs: ["y", "h"],
      });
      const { report, program } = await compile(graph, sampleOf(feeds));
      expect(report.fidelity.map(({ worst }) => worst < 2e-3)).to.deep.equal([true, true]);
      expect(program.constants.filter(({ shape }) => shape[0] === 65536)).to.have.length(tables);
    }
  });

  it("a mask of -infinity may be an input where only a softmax sees it, and nowhere else", async () => {
    const scores = (nodes: readonly string[]): OnnxGraph =>
      sketchGraph({ opset: 17, nodes, inputs: { x: [2, 3], m: [3] }, outputs: ["y"] }).graph;
    const sample = [
      [0.5, -0.25, 1, 0, 0.75, -1],
      [0, Number.NEGATIVE_INFINITY, 0],
    ];
    const { report } = await compile(scores(["Add(x, m) -> s", "Softmax(s) -> y"]), sample);
    expect(report.fidelity[0]?.worst).to.be.lessThan(1e-3);
    const elsewhere = scores(["Add(x, m) -> s", "Tanh(s) -> y"]);
    expect(await codeOf(compile(elsewhere, sample))).to.equal("AIVM_CALIBRATION_NOT_FINITE");
  });

  it("a row that a mask hides throughout gives 0, not what a softmax of nothing is", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 23,
      nodes: ["Attention(q, q, q, m) -> y"],
      inputs: { q: [1, 1, 2, 4], m: { shape: [2, 2], dtype: "bool", values: [1, 0, 0, 0] } },
      outputs: ["y"],
    });
    const { report, model } = await compile(graph, sampleOf(feeds));
    expect(report.fidelityOf).to.equal("original");
    expect(report.fidelity[0]?.worst).to.be.lessThan(1e-3);
    expect(model.program.inputs).to.have.length(2);
  });

  it("a softmax of nothing is overlooked where a choice never takes it, and refused where something does", async () => {
    const written = (nodes: readonly string[]): GraphSketch => ({
      opset: 17,
      nodes: ["Where(m, x, lowest) -> s", "Softmax(s) -> p", ...nodes],
      inputs: {
        x: [2, 3],
        m: { shape: [2, 3], dtype: "bool", values: [1, 0, 1, 0, 0, 0] },
        seen: { shape: [2, 1], dtype: "bool", values: [1, 0] },
      },
      constants: {
        lowest: { shape: [], values: [Number.NEGATIVE_INFINITY] },
        zero: { shape: [], values: [0] },
      },
      outputs: ["y"],
    });
    const chosen = sketchGraph(written(["Where(seen, p, zero) -> y"]));
    const { report } = await compile(chosen.graph, sampleOf(chosen.feeds));
    expect(report.fidelity[0]?.worst).to.be.lessThan(1e-3);
    const taken = sketchGraph(written(["Where(seen, p, p) -> y"]));
    expect(await codeOf(compile(taken.graph, sampleOf(taken.feeds)))).to.equal("AIVM_CALIBRATION_NOT_FINITE");
  });

  it("a difference of 64-bit inputs provably fits, because the inputs are held to 31 bits", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 17,
      nodes: ["Sub(a, b) -> y"],
      inputs: {
        a: { shape: [1], dtype: "int64", values: [-(2 ** 30)] },
        b: { shape: [1], dtype: "int64", values: [2 ** 30 - 1] },
      },
      outputs: ["y"],
    });
    const { program, report } = await compile(graph, sampleOf(feeds));
    expect(report.fidelity[0]?.worst).to.equal(0);
    const [port] = program.inputs;
    expect(port === undefined ? "" : codeOfSync(() => quantizeInput(port, [2 ** 30], false))).to.equal(
      "AIVM_RANGE",
    );
  });

  it("casts to four bits keep the lowest four, at whole numbers exactly", async () => {
    const { graph, feeds } = sketchGraph({
      opset: 25,
      nodes: [node("Cast(x) -> y", { to: int(22) }), node("Cast(i) -> z", { to: int(21) })],
      inputs: {
        x: { shape: [6], values: [-9, -8, 3, 7, 8, 15] },
        i: { shape: [3], dtype: "int8", values: [-1, 16, 31] },
      },
      outputs: ["y", "z"],
    });
    const { report } = await compile(graph, sampleOf(feeds));
    expect(report.fidelity.map(({ integer, worst }) => [integer, worst])).to.deep.equal([
      [true, 0],
      [true, 0],
    ]);
  });
});

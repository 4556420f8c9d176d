/** What the compiler makes of operators that are written out in simpler ones, and of softmaxes, norms and quotients. */
import { expect } from "chai";
import { type CompiledModel, compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { opOf } from "../../../../../aivm/index.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel, type TestGraph, type TestNode } from "../../../support/onnxBuilder.ts";

/** Repeatable values in [-1, 1]. */
function values(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

function node(op: string, inputs: string, output: string, attributes: TestNode["attributes"] = {}): TestNode {
  return { op, inputs: inputs.split(" "), outputs: [output], attributes };
}

const scalar = (value: number): { readonly shape: readonly number[]; readonly data: readonly number[] } => ({
  shape: [],
  data: [value],
});

const MEAN = { axes: [-1], keepdims: 1 };

describe("patterns", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  function compile(graph: TestGraph, samples: readonly (readonly number[])[]): Promise<CompiledModel> {
    const task = { onnx: onnxModel(graph), name: "t", precision: "a16", weights: "i16", reference } as const;
    return compileOnnx({ ...task, calibration: [samples] });
  }

  function opsOf(model: CompiledModel): string[] {
    return model.program.ops.map((op) => opOf(op.opcode).name);
  }

  function decibels(model: CompiledModel): number {
    return Math.min(...model.report.fidelity.map((output) => output.sqnrDb));
  }

  it("a softmax that only a product reads divides once per element of the product", async () => {
    const nodes = [
      node("MatMul", "q k", "s"),
      node("Softmax", "s", "p", { axis: -1 }),
      node("MatMul", "p v", "y"),
    ];
    const inputs = { q: [2, 3, 8], k: [2, 8, 5], v: [2, 5, 4] };
    const samples = [values(48, 3).map((v) => 3 * v), values(80, 5), values(40, 7)];
    const model = await compile({ nodes, inputs, outputs: ["y"] }, samples);
    expect(opsOf(model).filter((name) => name === "div" || name === "matmulDiv")).to.deep.equal([
      "matmulDiv",
    ]);
    expect(decibels(model)).to.be.greaterThan(85);
  });

  it("long rows: the product keeps its precision where its sum leaves few bits for the scale", async () => {
    const nodes = [node("Softmax", "s", "p", { axis: -1 }), node("MatMul", "p v", "y")];
    const samples = [values(2 * 2048, 3).map((v) => 4 * v), values(2048 * 3, 5)];
    const model = await compile({ nodes, inputs: { s: [2, 2048], v: [2048, 3] }, outputs: ["y"] }, samples);
    expect(opsOf(model)).to.include("matmulDiv");
    expect(decibels(model)).to.be.greaterThan(70);
  });

  it("a softmax that something else reads as well divides per element", async () => {
    const nodes = [node("Softmax", "s", "p", { axis: -1 }), node("MatMul", "p v", "y")];
    const model = await compile({ nodes, inputs: { s: [2, 6], v: [6, 3] }, outputs: ["y", "p"] }, [
      values(12, 3),
      values(18, 5),
    ]);
    expect(opsOf(model)).to.include("div").and.not.include("matmulDiv");
    expect(decibels(model)).to.be.greaterThan(85);
  });

  const norms: readonly (readonly [string, readonly TestNode[]])[] = [
    [
      "layer normalisation by Pow, Sqrt, Div",
      [
        node("ReduceMean", "x", "m", MEAN),
        node("Sub", "x m", "c"),
        node("Pow", "c two", "p"),
        node("ReduceMean", "p", "v", MEAN),
        node("Add", "v eps", "w"),
        node("Sqrt", "w", "r"),
        node("Div", "c r", "n"),
        node("Mul", "n gain", "g"),
        node("Add", "g shift", "y"),
      ],
    ],
    [
      "layer normalisation by the mean of squares less the square of the mean",
      [
        node("ReduceMean", "x", "m", MEAN),
        node("Mul", "x x", "s"),
        node("ReduceMean", "s", "ms", MEAN),
        node("Mul", "m m", "mm"),
        node("Sub", "ms mm", "v"),
        node("Add", "eps v", "w"),
        node("Sqrt", "w", "r"),
        node("Sub", "x m", "c"),
        node("Div", "c r", "y"),
      ],
    ],
    [
      "RMS norm by Reciprocal",
      [
        node("Pow", "x two", "p"),
        node("ReduceMean", "p", "v", MEAN),
        node("Add", "v eps", "w"),
        node("Sqrt", "w", "r"),
        node("Reciprocal", "r", "i"),
        node("Mul", "i x", "n"),
        node("Mul", "gain n", "y"),
      ],
    ],
    [
      "RMS norm by a power of -1/2",
      [
        node("Mul", "x x", "p"),
        node("ReduceMean", "p", "v", MEAN),
        node("Add", "v eps", "w"),
        node("Pow", "w back", "i"),
        node("Mul", "x i", "y"),
      ],
    ],
  ];
  const weights = {
    two: scalar(2),
    eps: scalar(1e-5),
    back: scalar(-0.5),
    gain: { shape: [24], data: values(24, 9) },
    shift: { shape: [24], data: values(24, 11) },
  };
  for (const [name, nodes] of norms) {
    it(`${name}: one norm, rows of very different sizes`, async () => {
      // Rows 1, 1/10 and 1/100 as large: their mean squares would lose up to 13 of 16 bits.
      const rows = values(72, 3).map((v, i) => v / 10 ** Math.floor(i / 24));
      const model = await compile({ nodes, inputs: { x: [3, 24] }, outputs: ["y"], weights }, [rows]);
      expect(opsOf(model).filter((op) => op === "isqrt" || op === "div")).to.deep.equal(["isqrt", "div"]);
      expect(opsOf(model)).not.to.include("table");
      expect(decibels(model)).to.be.greaterThan(45);
    });
  }

  it("a norm whose epsilon, axes or operand differ is not taken for one", async () => {
    const nodes = [
      node("ReduceMean", "x", "m", MEAN),
      node("Sub", "x m", "c"),
      node("Mul", "x x", "p"), // of x, not of c
      node("ReduceMean", "p", "v", MEAN),
      node("Add", "v eps", "w"),
      node("Sqrt", "w", "r"),
      node("Div", "c r", "y"),
    ];
    const model = await compile({ nodes, inputs: { x: [3, 24] }, outputs: ["y"], weights }, [values(72, 3)]);
    expect(decibels(model)).to.be.greaterThan(60);
  });

  const functions: readonly (readonly [string, readonly TestNode[]])[] = [
    [
      "gelu by erf",
      [
        node("Div", "x root", "d"),
        node("Erf", "d", "e"),
        node("Add", "e one", "a"),
        node("Mul", "x a", "m"),
        node("Mul", "m half", "y"),
      ],
    ],
    [
      "gelu by tanh",
      [
        node("Pow", "x three", "p"),
        node("Mul", "p c0", "q"),
        node("Add", "x q", "s"),
        node("Mul", "s c1", "t"),
        node("Tanh", "t", "u"),
        node("Add", "u one", "a"),
        node("Mul", "x half", "h"),
        node("Mul", "h a", "y"),
      ],
    ],
    ["silu", [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")]],
    [
      "hard swish",
      [
        node("Add", "x three", "a"),
        node("Clip", "a zero six", "b"),
        node("Mul", "x b", "m"),
        node("Div", "m six", "y"),
      ],
    ],
  ];
  const numbers = {
    root: scalar(Math.SQRT2),
    one: scalar(1),
    half: scalar(0.5),
    three: scalar(3),
    c0: scalar(0.044715),
    c1: scalar(Math.sqrt(2 / Math.PI)),
    zero: scalar(0),
    six: scalar(6),
  };
  for (const [name, nodes] of functions) {
    it(`${name} is one table, off by its last rounding only`, async () => {
      const x = values(60, 3).map((v) => 5 * v);
      const model = await compile({ nodes, inputs: { x: [3, 20] }, outputs: ["y"], weights: numbers }, [x]);
      expect(opsOf(model)).to.deep.equal(["table"]);
      expect(decibels(model)).to.be.greaterThan(85);
    });
  }

  it("a clamp stays with the product in front of it", async () => {
    const w = { shape: [4, 4], data: values(16, 5) };
    const nodes = [
      node("MatMul", "x w", "a"),
      node("Relu", "a", "b"),
      node("Sigmoid", "b", "s"),
      node("Mul", "b s", "y"),
    ];
    const model = await compile({ nodes, inputs: { x: [3, 4] }, outputs: ["y"], weights: { w } }, [
      values(12, 3),
    ]);
    expect(opsOf(model)).to.deep.equal(["linear", "table"]);
    expect(model.program.ops[0]?.output.lo).to.equal(0);
  });

  it("softmax and log-softmax written out are found, scores near 10,000 kept apart", async () => {
    const start = [
      node("ReduceMax", "x", "top", MEAN),
      node("Sub", "x top", "d"),
      node("Exp", "d", "e"),
      node("ReduceSum", "e axes", "s"),
    ];
    const axes = new BigInt64Array([-1n]);
    const raw = { name: "axes", code: 7, shape: [1], raw: new Uint8Array(axes.buffer) };
    const { rawTensor } = await import("../../../support/onnxBuilder.ts");
    const near = [10_000, 10_000.25, 10_001.5, 10_003];
    for (const end of [[node("Div", "e s", "y")], [node("Log", "s", "l"), node("Sub", "d l", "y")]]) {
      const graph = { nodes: [...start, ...end], inputs: { x: [1, 4] }, outputs: ["y"] };
      const model = await compile({ ...graph, rawInitializers: [rawTensor(raw)] }, [near]);
      expect(decibels(model)).to.be.greaterThan(60);
      expect(model.program.inputs[0]?.type.dtype).to.equal("i32");
    }
  });
});

/** Operators that choose, scatter and move bits, beside onnxruntime: integer outputs must be equal. */
import { expect } from "chai";
import { type CompiledModel, compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { AivmError } from "../../../../../common/errors.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel, rawTensor, type TestGraph } from "../../../support/onnxBuilder.ts";
import { createRandom } from "../../../support/random.ts";

const INT64 = 7;
const UINT8 = 2;

/** Distinct values in a repeatable order: no two elements tie. */
function shuffledValues(count: number, seed = 1): number[] {
  const random = createRandom(seed);
  const left = Array.from({ length: count }, (_, i) => i - Math.floor(count / 3));
  return left.map((_, i) => {
    const at = random.int(i, count - 1);
    [left[i], left[at]] = [left[at] ?? 0, left[i] ?? 0];
    return (left[i] ?? 0) / 8;
  });
}

/** Integers as floats that a cast truncates to them, however the float is quantised. */
function floats(...values: readonly number[]): number[] {
  return values.map((v) => v + Math.sign(v) * 0.25);
}

function integers(name: string, shape: readonly number[], values: readonly number[]): Uint8Array {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return rawTensor({ name, code: INT64, shape, raw });
}

describe("operators of ONNX that choose", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  /** Compiles; the compiler itself compares with onnxruntime and refuses what is off by more than 0.5 %. */
  function compile(
    graph: TestGraph,
    samples: readonly (readonly (readonly number[])[])[],
  ): Promise<CompiledModel> {
    return compileOnnx({
      onnx: onnxModel(graph),
      name: "t",
      calibration: samples,
      precision: "a16",
      weights: "i16",
      reference,
      errorLimit: 0.005,
    });
  }

  async function refusal(
    graph: TestGraph,
    samples: readonly (readonly (readonly number[])[])[],
  ): Promise<AivmError> {
    const error = await compile(graph, samples).catch((e: unknown) => e);
    if (error instanceof AivmError) return error;
    throw error instanceof Error ? error : new Error("it compiled");
  }

  const cast = (from: string, to: string, code = INT64) => ({
    op: "Cast",
    inputs: [from],
    outputs: [to],
    attributes: { to: code },
  });

  for (const [axis, largest] of [
    [0, 1],
    [1, 0],
    [-1, 1],
  ] as const) {
    it(`TopK along axis ${axis}, ${largest === 1 ? "largest" : "smallest"} first: values and indices`, async () => {
      const graph: TestGraph = {
        nodes: [{ op: "TopK", inputs: ["x", "k"], outputs: ["v", "i"], attributes: { axis, largest } }],
        inputs: { x: [4, 5, 6] },
        outputs: ["v", "i"],
        rawInitializers: [integers("k", [1], [3])],
      };
      const { report } = await compile(graph, [[shuffledValues(120)]]);
      expect(report.fidelity.map(({ integer }) => integer)).to.deep.equal([false, true]);
    });
  }

  it("TopK tells elements that it does not give from those that it does", async () => {
    const graph: TestGraph = {
      nodes: [{ op: "TopK", inputs: ["x", "k"], outputs: ["v", "i"], attributes: { largest: 0 } }],
      inputs: { x: [1, 3] },
      outputs: ["v", "i"],
      rawInitializers: [integers("k", [1], [2])],
    };
    // Were the scale that of the values alone, 9 would saturate to 7 and come before it.
    await compile(graph, [[[5, 9, 7]]]);
  });

  it("TopK of a row longer than one witness, in blocks", async () => {
    const count = 17_000;
    const random = createRandom(3);
    // Integers from -300 to 300: many ties, which the lowest index must win, across blocks too.
    const row = Array.from({ length: count }, () => random.int(-300, 300));
    const graph: TestGraph = {
      nodes: [{ op: "TopK", inputs: ["x", "k"], outputs: ["v", "i"] }],
      inputs: { x: [1, count] },
      outputs: ["v", "i"],
      rawInitializers: [integers("k", [1], [5])],
    };
    const { program } = await compile(graph, [[row]]);
    expect(program.ops.filter((op) => op.opcode === 32)).to.have.length(3);
  });

  it("OneHot with negative and missing indices, along an inner axis", async () => {
    const graph: TestGraph = {
      nodes: [
        cast("x", "n"),
        { op: "OneHot", inputs: ["n", "depth", "choices"], outputs: ["y"], attributes: { axis: 0 } },
      ],
      inputs: { x: [2, 3] },
      outputs: ["y"],
      weights: { choices: { shape: [2], data: [-1, 4] } },
      rawInitializers: [integers("depth", [], [5])],
    };
    await compile(graph, [[floats(0, 4, -1, -5, 7, 2)]]);
  });

  const scattered = (reduction: string) => ({
    nodes: [
      cast("at", "n"),
      { op: "ScatterElements", inputs: ["x", "n", "u"], outputs: ["y"], attributes: { axis: 1, reduction } },
    ],
    inputs: { x: [3, 4], at: [2, 3], u: [2, 3] },
    outputs: ["y"],
    opset: 18,
  });
  const tuples = (reduction: string) => ({
    nodes: [
      cast("at", "n"),
      { op: "ScatterND", inputs: ["x", "n", "u"], outputs: ["y"], attributes: { reduction } },
    ],
    inputs: { x: [3, 4], at: [3, 1], u: [3, 4] },
    outputs: ["y"],
    opset: 18,
  });
  for (const reduction of ["none", "add", "mul", "max", "min"]) {
    // Without a reduction ONNX leaves duplicates open: there are none then.
    const [rows, list] =
      reduction === "none"
        ? [
            [0, 3, -2, 1, 2, 3],
            [2, 0, -2],
          ]
        : [
            [0, 3, 3, 1, -3, 3],
            [2, 0, -1],
          ];
    it(`ScatterElements with reduction ${reduction}, negative indices, fewer lanes than the data`, async () => {
      await compile(scattered(reduction), [[shuffledValues(12), floats(...rows), shuffledValues(6, 5)]]);
    });
    it(`ScatterND with reduction ${reduction}`, async () => {
      await compile(tuples(reduction), [[shuffledValues(12), floats(...list), shuffledValues(12, 5)]]);
    });
  }

  it("GatherND by computed tuples below batch dimensions, negative coordinates included", async () => {
    const graph = (batch: number, at: readonly number[]): TestGraph => ({
      nodes: [
        cast("at", "n"),
        { op: "GatherND", inputs: ["x", "n"], outputs: ["y"], attributes: { batch_dims: batch } },
      ],
      inputs: { x: [2, 3, 4, 2], at: [...at] },
      outputs: ["y"],
    });
    await compile(graph(0, [3, 2]), [[shuffledValues(48), floats(0, 2, 1, -1, -2, 1)]]);
    await compile(graph(1, [2, 2, 2]), [[shuffledValues(48), floats(0, 1, 2, 3, -1, 0, 1, -4)]]);
  });

  it("CumSum, exclusive and reversed, over one block and over many", async () => {
    for (const [length, attributes] of [
      [7, {}],
      [7, { exclusive: 1, reverse: 1 }],
      [300, { exclusive: 1 }],
      [300, { reverse: 1 }],
    ] as const) {
      const graph: TestGraph = {
        nodes: [{ op: "CumSum", inputs: ["x", "axis"], outputs: ["y"], attributes }],
        inputs: { x: [2, length] },
        outputs: ["y"],
        rawInitializers: [integers("axis", [], [-1])],
      };
      await compile(graph, [[shuffledValues(2 * length)]]);
    }
  });

  it("MaxPool with indices: padding, strides, either storage order", async () => {
    for (const storage_order of [0, 1]) {
      const attributes = { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], storage_order };
      const graph: TestGraph = {
        nodes: [{ op: "MaxPool", inputs: ["x"], outputs: ["y", "i"], attributes }],
        inputs: { x: [2, 3, 6, 5] },
        outputs: ["y", "i"],
      };
      await compile(graph, [[shuffledValues(180)]]);
    }
  });

  it("Dropout keeps everything, and says so in its mask; training is refused", async () => {
    const graph: TestGraph = {
      nodes: [{ op: "Dropout", inputs: ["x"], outputs: ["y", "mask"] }],
      inputs: { x: [2, 3] },
      outputs: ["y", "mask"],
    };
    await compile(graph, [[shuffledValues(6)]]);
    const training = rawTensor({ name: "training", code: 9, shape: [], raw: Uint8Array.of(1) });
    const nodes = [{ op: "Dropout", inputs: ["x", "", "training"], outputs: ["y"] }];
    const error = await refusal({ ...graph, nodes, outputs: ["y"], rawInitializers: [training] }, [
      [shuffledValues(6)],
    ]);
    expect(error.facts.got).to.contain("training_mode");
  });

  it("Compress by a constant condition; a computed one is refused with what to do", async () => {
    const condition = rawTensor({ name: "c", code: 9, shape: [3], raw: Uint8Array.of(1, 0, 1) });
    const node = (inputs: readonly string[]) => ({
      op: "Compress",
      inputs,
      outputs: ["y"],
      attributes: { axis: 1 },
    });
    const graph: TestGraph = {
      nodes: [node(["x", "c"])],
      inputs: { x: [2, 4] },
      outputs: ["y"],
      rawInitializers: [condition],
    };
    await compile(graph, [[shuffledValues(8)]]);
    const nodes = [{ op: "Greater", inputs: ["f", "zero"], outputs: ["b"] }, node(["x", "b"])];
    const weights = { zero: { shape: [], data: [0] } };
    const error = await refusal({ ...graph, nodes, weights, inputs: { x: [2, 4], f: [4] } }, [
      [shuffledValues(8), [1, -1, 1, 1]],
    ]);
    expect(error.message).to.match(/depends on the data.*make the condition a constant/);
  });

  it("names what depends on the data, and what integers can not answer, before anything is run", async () => {
    for (const [op, words] of [
      ["NonZero", /depends on the data.*mask of fixed size/],
      ["IsNaN", /no value of the integer program is NaN/],
    ] as const) {
      const error = await refusal(
        { nodes: [{ op, inputs: ["x"], outputs: ["y"] }], inputs: { x: [2] }, outputs: ["y"] },
        [],
      );
      expect(error.code).to.equal("AIVM_ONNX_UNSUPPORTED_FORM");
      expect(error.message).to.match(words);
    }
  });

  it("Range behind a computed start, its length constant; any other computed range is refused", async () => {
    const small = 3; // int8 has no Range: a start that is provably small comes from an ArgMax
    const graph: TestGraph = {
      nodes: [
        { op: "ArgMax", inputs: ["x"], outputs: ["start"], attributes: { axis: 0, keepdims: 0 } },
        { op: "Add", inputs: ["start", "three"], outputs: ["limit"] },
        { op: "Range", inputs: ["start", "limit", "one"], outputs: ["y"] },
      ],
      inputs: { x: [5] },
      outputs: ["y"],
      rawInitializers: [integers("three", [], [small]), integers("one", [], [1])],
    };
    await compile(graph, [[[1, 5, 3, 9, 2]]]);
    const nodes = [
      { op: "ArgMax", inputs: ["x"], outputs: ["limit"], attributes: { axis: 0, keepdims: 0 } },
      {
        op: "Range",
        inputs: ["one", "limit", "one"],
        outputs: ["y"],
      },
    ];
    const error = await refusal({ ...graph, nodes }, [[[1, 5, 3, 9, 2]]]);
    expect(error.message).to.contain("depends on the data");
  });

  it("bits of 8-bit integers", async () => {
    const bits = (op: string, attributes = {}): TestGraph => ({
      nodes: [
        cast("x", "a", UINT8),
        cast("z", "b", UINT8),
        { op, inputs: op === "BitwiseNot" ? ["a"] : ["a", "b"], outputs: ["y"], attributes },
      ],
      inputs: { x: [6], z: [6] },
      outputs: ["y"],
      opset: 18,
    });
    const sample = [[floats(0, 1, 255, 128, 77, 200), floats(7, 1, 3, 1, 2, 0)]];
    for (const op of ["BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot"]) await compile(bits(op), sample);
    for (const direction of ["LEFT", "RIGHT"]) await compile(bits("BitShift", { direction }), sample);
  });

  it("ArgMin and ArgMax that take the last of several equal ones", async () => {
    for (const op of ["ArgMax", "ArgMin"]) {
      const attributes = { axis: 1, select_last_index: 1 };
      const graph: TestGraph = {
        nodes: [{ op, inputs: ["x"], outputs: ["y"], attributes }],
        inputs: { x: [2, 4] },
        outputs: ["y"],
      };
      await compile(graph, [[[1, 3, 3, 1, -2, -2, 0, 0]]]);
    }
  });

  it("crops and resizes with extrapolation where the region of interest is constant", async () => {
    for (const mode of ["nearest", "linear"]) {
      const attributes = {
        mode,
        coordinate_transformation_mode: "tf_crop_and_resize",
        extrapolation_value: { float: 3 },
      };
      const graph: TestGraph = {
        nodes: [{ op: "Resize", inputs: ["x", "roi", "", "sizes"], outputs: ["y"], attributes }],
        inputs: { x: [1, 1, 4, 5] },
        outputs: ["y"],
        weights: { roi: { shape: [8], data: [0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7] } },
        rawInitializers: [integers("sizes", [4], [1, 1, 3, 3])],
      };
      await compile(graph, [[shuffledValues(20)]]);
    }
  });
});

/** Operators beside onnxruntime: the compiler itself refuses a program that is off by more than 1 % of the largest output. */
import { expect } from "chai";
import fc from "fast-check";
import { type CompiledModel, compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { AivmError } from "../../../../../common/errors.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel, type TestGraph } from "../../../support/onnxBuilder.ts";

/** Repeatable values in [-1, 1]. */
function values(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

describe("operators of ONNX in integers", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  function compile(graph: TestGraph, samples: readonly (readonly number[])[]): Promise<CompiledModel> {
    return compileOnnx({
      onnx: onnxModel(graph),
      name: "t",
      calibration: [samples],
      precision: "a16",
      weights: "i16",
      reference,
      errorLimit: 0.01,
    });
  }

  it("convolutions of any stride, padding, dilation and grouping, weights constant or computed", async () => {
    const config = fc.record({
      size: fc.integer({ min: 5, max: 8 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 2 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
      groups: fc.constantFrom(1, 2, 4),
      computed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(config, async ({ size, kernel, stride, dilation, pads, groups, computed }) => {
        const wShape = [8, 4 / groups, kernel, kernel];
        const w = values(sizeOf(wShape), 3);
        const attributes = {
          strides: [stride, stride],
          dilations: [dilation, dilation],
          pads,
          group: groups,
        };
        const x = { x: [2, 4, size, size] };
        const weights = { w: { shape: wShape, data: w }, b: { shape: [8], data: values(8, 5) } };
        const graph: TestGraph = {
          nodes: [
            { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes },
            { op: "Relu", inputs: ["c"], outputs: ["y"] },
          ],
          inputs: computed ? { ...x, w: wShape } : x,
          outputs: ["y"],
          weights: computed ? { b: weights.b } : weights,
        };
        const image = values(2 * 4 * size * size, 7);
        await compile(graph, computed ? [image, w] : [image]);
      }),
      { seed: 17, numRuns: 30 },
    );
  });

  it("a dense layer longer than one op's dot product, in partial sums", async () => {
    const graph: TestGraph = {
      nodes: [{ op: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"], attributes: { transB: 1 } }],
      inputs: { x: [1, 20_000] },
      outputs: ["y"],
      weights: { w: { shape: [2, 20_000], data: values(40_000, 3) }, b: { shape: [2], data: [0.5, -2] } },
    };
    const { program } = await compile(graph, [values(20_000)]);
    expect(program.ops.length).to.be.greaterThan(3);
  });

  it("batch normalisation folded into a convolution, and on its own", async () => {
    const parameters = Object.fromEntries(
      ["scale", "shift", "mean", "variance"].map((name, i) => [
        name,
        { shape: [3], data: values(3, i + 2).map((v) => v + 1.5) },
      ]),
    );
    const normalise = { op: "BatchNormalization", inputs: ["c", ...Object.keys(parameters)], outputs: ["y"] };
    const w = { w: { shape: [3, 2, 1, 1], data: values(6) } };
    const folded = await compile(
      {
        nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["c"] }, normalise],
        inputs: { x: [1, 2, 4, 4] },
        outputs: ["y"],
        weights: { ...w, ...parameters },
      },
      [values(32)],
    );
    await compile({ nodes: [normalise], inputs: { c: [1, 3, 4, 4] }, outputs: ["y"], weights: parameters }, [
      values(48),
    ]);
    expect(folded.program.ops.filter((op) => op.opcode === 7)).to.deep.equal([]);
  });

  it("a constant per channel added behind a convolution, which becomes its bias", async () => {
    const added = (shape: readonly number[]): TestGraph => ({
      nodes: [
        { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
        { op: "Add", inputs: ["b", "c"], outputs: ["s"] },
        { op: "Relu", inputs: ["s"], outputs: ["y"] },
      ],
      inputs: { x: [1, 2, 3, 3] },
      outputs: ["y"],
      weights: {
        w: { shape: [3, 2, 1, 1], data: values(6) },
        b: { shape, data: values(shape.reduce((a, b) => a * b, 1)).map((v) => v + 0.5) },
      },
    });
    const adds = async (shape: readonly number[]): Promise<number> =>
      (await compile(added(shape), [values(18)])).program.ops.filter((op) => op.opcode === 6).length;
    expect([await adds([3, 1, 1]), await adds([1, 3, 1, 1])]).to.deep.equal([0, 0]);
    // Three rows or three columns are no three channels.
    expect([await adds([3, 1]), await adds([3])]).to.deep.equal([1, 1]);
  });

  const nodes: readonly (readonly [string, TestGraph["nodes"]])[] = [
    [
      "softmax over an inner axis",
      [{ op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { axis: 1 } }],
    ],
    ["log-softmax", [{ op: "LogSoftmax", inputs: ["x"], outputs: ["y"] }]],
    ["layer normalisation", [{ op: "LayerNormalization", inputs: ["x", "row"], outputs: ["y"] }]],
    [
      "the mean of an axis, then the difference to it",
      [
        { op: "ReduceMean", inputs: ["x"], outputs: ["m"], attributes: { axes: [2] } },
        { op: "Sub", inputs: ["x", "m"], outputs: ["y"] },
      ],
    ],
    // The quotient has the integers of the dividend: only their meaning changes.
    [
      "a division that the scales absorb",
      [
        { op: "Div", inputs: ["x", "two"], outputs: ["h"] },
        { op: "Tanh", inputs: ["h"], outputs: ["y"] },
      ],
    ],
    [
      "a product of two activations",
      [
        { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [0, 2, 1] } },
        { op: "MatMul", inputs: ["x", "t"], outputs: ["y"] },
      ],
    ],
    [
      "gelu by erf",
      [
        { op: "Erf", inputs: ["x"], outputs: ["e"] },
        { op: "Mul", inputs: ["x", "e"], outputs: ["y"] },
      ],
    ],
    [
      "movement: concat, then slice back",
      [
        { op: "Concat", inputs: ["x", "x"], outputs: ["c"], attributes: { axis: 1 } },
        { op: "Split", inputs: ["c"], outputs: ["a", "y"], attributes: { axis: 1 } },
      ],
    ],
  ];
  for (const [name, graph] of nodes) {
    it(name, async () => {
      const weights = { row: { shape: [6], data: values(6, 9) }, two: { shape: [], data: [2] } };
      await compile({ nodes: graph, inputs: { x: [2, 4, 6] }, outputs: ["y"], weights }, [values(48)]);
    });
  }

  it("movement keeps integers as they are", async () => {
    const { program } = await compile(
      {
        nodes: [{ op: "Transpose", inputs: ["x"], outputs: ["y"], attributes: { perm: [1, 0] } }],
        inputs: { x: [2, 3] },
        outputs: ["y"],
      },
      [values(6)],
    );
    expect(program.ops.map((op) => op.opcode)).to.deep.equal([11]);
    expect(program.outputs[0]?.scale).to.equal(program.inputs[0]?.scale);
  });

  it("a mask of -infinity in front of a softmax gives 0", async () => {
    const { report } = await compile(
      {
        nodes: [
          { op: "Add", inputs: ["x", "mask"], outputs: ["s"] },
          { op: "Softmax", inputs: ["s"], outputs: ["y"] },
        ],
        inputs: { x: [2, 3] },
        outputs: ["y"],
        weights: { mask: { shape: [3], data: [0, Number.NEGATIVE_INFINITY, 0] } },
      },
      [values(6)],
    );
    expect(report.fidelity[0]?.worst).to.be.lessThan(1e-3);
  });

  it("refuses -infinity anywhere else", async () => {
    const graph: TestGraph = {
      nodes: [{ op: "Add", inputs: ["x", "mask"], outputs: ["y"] }],
      inputs: { x: [2] },
      outputs: ["y"],
      weights: { mask: { shape: [2], data: [0, Number.NEGATIVE_INFINITY] } },
    };
    const error = await compile(graph, [values(2)]).catch((e: unknown) => e);
    expect(error instanceof AivmError && error.code).to.equal("AIVM_CALIBRATION_NOT_FINITE");
  });

  it("refuses a result that 16 bits can not hold well enough", async () => {
    // Scores near 10,000 that an operator computes have steps of 0.3.
    const graph: TestGraph = {
      nodes: [
        { op: "Neg", inputs: ["x"], outputs: ["n"] },
        { op: "Softmax", inputs: ["n"], outputs: ["y"] },
      ],
      inputs: { x: [1, 3] },
      outputs: ["y"],
    };
    const error = await compile(graph, [[10_000, 10_000.15, 9_999.7]]).catch((e: unknown) => e);
    expect(error instanceof AivmError && error.code).to.equal("AIVM_ONNX_PRECISION");
  });
});

/** Wrong answers that random graphs found, each the smallest graph that shows it: 20 samples, so that ranges have headroom. */

import { expect } from "chai";
import { createReferenceEngine } from "../../../../aivm/engine/reference/referenceEngine.ts";
import { compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { quantizeInput } from "../../../../aivm/quantize/fidelity.ts";
import { requireOrt } from "../../support/floatReference.ts";
import { onnxModel, type TestGraph } from "../../support/onnxBuilder.ts";
import { createRandom } from "../../support/random.ts";

const SAMPLES = 20;

/** Random samples of every input in [-1, 1], or of integers at the ends of int32. */
function samplesOf(graph: TestGraph, seed: number): number[][][] {
  const random = createRandom(seed);
  return Array.from({ length: SAMPLES }, () =>
    Object.entries(graph.inputs).map(([name, shape]) =>
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
        graph.types?.[name] === undefined
          ? random.int(-1000, 1000) / 1000
          : random.pick([-(2 ** 31), 2 ** 31 - 1, 5, -7]),
      ),
    ),
  );
}

const CASES: Readonly<Record<string, TestGraph>> = {
  "a constant joined with a computed tensor": {
    nodes: [
      { op: "Sigmoid", inputs: ["x"], outputs: ["s"] },
      { op: "Concat", inputs: ["s", "c"], outputs: ["y"], attributes: { axis: 0 } },
    ],
    inputs: { x: [4] },
    outputs: ["y"],
    weights: { c: { shape: [2], data: [0.75, -0.5] } },
  },
  "a constant compared with a computed tensor": {
    nodes: [
      { op: "Sigmoid", inputs: ["x"], outputs: ["s"] },
      { op: "Max", inputs: ["s", "c"], outputs: ["y"] },
    ],
    inputs: { x: [4] },
    outputs: ["y"],
    weights: { c: { shape: [4], data: [0.75, -0.5, 0.5, 0.1] } },
  },
  "a program input joined with a computed tensor": {
    nodes: [
      { op: "Tanh", inputs: ["x"], outputs: ["s"] },
      { op: "Concat", inputs: ["x", "s"], outputs: ["y"], attributes: { axis: 0 } },
    ],
    inputs: { x: [4] },
    outputs: ["y"],
  },
  "PRelu of a tensor that is never negative": {
    nodes: [
      { op: "Clip", inputs: ["x", "lo", "hi"], outputs: ["c"] },
      { op: "PRelu", inputs: ["c", "slope"], outputs: ["y"] },
    ],
    inputs: { x: [4] },
    outputs: ["y"],
    weights: {
      lo: { shape: [], data: [0.5] },
      hi: { shape: [], data: [1] },
      slope: { shape: [1], data: [-2] },
    },
  },
  "a norm with a large epsilon": {
    nodes: [
      {
        op: "InstanceNormalization",
        inputs: ["x", "scale", "bias"],
        outputs: ["y"],
        attributes: { epsilon: { float: 0.1 } },
      },
    ],
    inputs: { x: [1, 1, 2] },
    outputs: ["y"],
    weights: { scale: { shape: [1], data: [2] }, bias: { shape: [1], data: [0.7] } },
  },
  "the least int32": {
    nodes: [{ op: "ReduceMin", inputs: ["x"], outputs: ["y"], attributes: { keepdims: 0, axes: [0] } }],
    inputs: { x: [3, 2] },
    types: { x: 6 },
    outputs: ["y"],
  },
};

describe("what random graphs found", () => {
  for (const [name, graph] of Object.entries(CASES)) {
    it(name, async function () {
      const reference = await requireOrt(this);
      const onnx = onnxModel(graph);
      const calibration = samplesOf(graph, 1);
      const task = { onnx, name, calibration, precision: "a16", weights: "i16", reference } as const;
      const { model, program } = await compileOnnx(task);
      const engine = createReferenceEngine(model);
      const session = await reference.load(onnx);
      for (const sample of samplesOf(graph, 2)) {
        const feeds = program.inputs.map((port, i) => {
          const integers = graph.types?.[port.name] !== undefined;
          const data = integers ? Int32Array.from(sample[i] ?? []) : Float32Array.from(sample[i] ?? []);
          const dtype = integers ? ("int32" as const) : ("float32" as const);
          return { name: port.name, dtype, shape: port.type.shape, data };
        });
        const inputs = program.inputs.map((port, i) =>
          quantizeInput(port, feeds[i]?.data ?? [], feeds[i]?.dtype === "float32"),
        );
        const [got] = (await engine.run({ inputs })).outputs;
        const [port] = program.outputs;
        const want = (await session.run(feeds)).get("y")?.data ?? [];
        for (let k = 0; k < want.length; k++) {
          const real = (port?.scale ?? 1) * ((got?.data[k] ?? 0) - (port?.zero ?? 0));
          expect(real).to.be.closeTo(Number(want[k]), graph.types === undefined ? 5e-3 : 0);
        }
      }
      await session.close();
    });
  }
});

/** Models whose reductions no witness holds: the compiler splits them, validation passes them, the answer stays. */
import { expect } from "chai";
import { type CompiledModel, compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { nodeOf, opOf } from "../../../../../aivm/index.ts";
import { operandsBound } from "../../../../../aivm/program/witnessBound.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel, type TestGraph } from "../../../support/onnxBuilder.ts";

/** Repeatable values in [-1, 1]. */
function values(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

const LONG: Readonly<Record<string, { readonly graph: TestGraph; readonly precision: "a8" | "a16" }>> = {
  "a dense layer over 40,000 values": {
    precision: "a8",
    graph: {
      nodes: [{ op: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"], attributes: { transB: 1 } }],
      inputs: { x: [1, 40_000] },
      outputs: ["y"],
      weights: { w: { shape: [3, 40_000], data: values(120_000, 3) }, b: { shape: [3], data: [1, -2, 3] } },
    },
  },
  "a convolution over 20,000 values": {
    precision: "a16",
    graph: {
      nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["y"], attributes: { pads: [1, 1, 1, 1] } }],
      inputs: { x: [1, 2223, 2, 2] },
      outputs: ["y"],
      weights: { w: { shape: [2, 2223, 3, 3], data: values(2 * 2223 * 9, 4) } },
    },
  },
  "a product of two activations over 20,000 values": {
    precision: "a8",
    graph: {
      nodes: [{ op: "MatMul", inputs: ["x", "z"], outputs: ["y"] }],
      inputs: { x: [2, 20_000], z: [20_000, 2] },
      outputs: ["y"],
    },
  },
  "pools over 300 x 300 pixels": {
    precision: "a8",
    graph: {
      nodes: [
        { op: "GlobalAveragePool", inputs: ["x"], outputs: ["mean"] },
        { op: "GlobalMaxPool", inputs: ["x"], outputs: ["most"] },
      ],
      inputs: { x: [1, 2, 300, 300] },
      outputs: ["mean", "most"],
    },
  },
  "a softmax over 50,000 classes, and the best of them": {
    precision: "a16",
    graph: {
      nodes: [
        { op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { axis: 1 } },
        { op: "ArgMax", inputs: ["x"], outputs: ["best"], attributes: { axis: 1 } },
      ],
      inputs: { x: [1, 50_000] },
      outputs: ["y", "best"],
    },
  },
};

describe("reductions longer than a witness", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  for (const [what, { graph, precision }] of Object.entries(LONG)) {
    for (const maxOperands of what.includes("softmax") ? [4_096] : [16_384, 4_096]) {
      it(`${what} compiles within ${maxOperands} operands`, async () => {
        const sample = Object.values(graph.inputs).map((shape, i) =>
          values(
            shape.reduce((a, b) => a * b, 1),
            7 + i,
          ),
        );
        // One clear winner: the argmax must name it.
        for (const input of sample) input[Math.floor(0.7 * input.length)] = 3;
        const task = {
          name: "t",
          calibration: [sample],
          precision,
          reference,
          errorLimit: 0.01,
          maxOperands,
        };
        const compiled: CompiledModel = await compileOnnx({ ...task, onnx: onnxModel(graph) });
        const { program } = compiled;
        const most = program.ops.map((descriptor) => operandsBound(nodeOf(program, descriptor)));
        expect(Math.max(...most)).to.be.within(1000, maxOperands);
        expect(compiled.model.facts.witnessBytes).to.be.at.most(48 * 1024);
        expect(program.ops.map((op) => opOf(op.opcode).name)).to.not.be.empty;
      });
    }
  }
});

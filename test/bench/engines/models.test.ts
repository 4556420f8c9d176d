import { expect } from "chai";
import { compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../../aivm/import/onnx/format/decode.ts";
import { createReferenceEngine, opOf } from "../../../aivm/index.ts";
import { openOrtReference } from "../../../aivm/io/ortReference.ts";
import type { Program } from "../../../aivm/program/program.ts";
import { bertOnnx } from "./models/bert.ts";
import { convolutions, denseLayers } from "./models/families.ts";
import { generatedModel } from "./models/list.ts";
import { resnetOnnx } from "./models/resnet.ts";

const RESNET = { size: 32, width: 8, blocks: [1, 1], classes: 10, seed: 1 };
const BERT = { layers: 1, hidden: 64, heads: 4, inner: 128, sequence: 8, seed: 1 };

/** Compiles as the benchmark does; onnxruntime runs the float graph on the way. */
async function compiled(
  onnx: Uint8Array,
  inputs: readonly number[],
): Promise<{ program: Program; sqnrDb: number }> {
  const { calibration } = generatedModel({ name: "small", onnx, inputs });
  const { program, report } = await compileOnnx({
    onnx,
    name: "small",
    calibration,
    precision: "a8",
    weights: "i8",
    reference: await openOrtReference(),
    engine: createReferenceEngine,
  });
  return { program, sqnrDb: report.fidelity[0]?.sqnrDb ?? 0 };
}

function opNames(program: Program): string[] {
  return program.ops.map((op) => opOf(op.opcode).name);
}

describe("generated models of the benchmark", () => {
  it("residual networks load in onnxruntime, compile and follow the float model", async () => {
    const { program, sqnrDb } = await compiled(resnetOnnx(RESNET), [3 * 32 * 32]);
    const names = opNames(program);
    // The stem, three convolutions per bottleneck, and one on each shortcut that changes its shape.
    expect(names.filter((name) => name === "conv2d")).to.have.length(1 + 2 * 4);
    expect(names.filter((name) => name === "add")).to.have.length(2);
    expect(names).to.include("linear");
    expect(program.outputs.map((port) => program.ops[port.source.index]?.output.shape)).to.deep.equal([
      [1, 10],
    ]);
    expect(sqnrDb).to.be.above(20);
  });

  it("encoders load in onnxruntime, compile and follow the float model", async () => {
    const { program, sqnrDb } = await compiled(bertOnnx(BERT), [8 * 64]);
    const names = opNames(program);
    expect(names.filter((name) => name === "linear")).to.have.length(6);
    expect(names.filter((name) => name === "matmul" || name === "matmulDiv")).to.have.length(2);
    expect(sqnrDb).to.be.above(20);
  });

  it("the same sizes and seed give the same file, another seed another", () => {
    expect(bertOnnx(BERT)).to.deep.equal(bertOnnx(BERT));
    expect(bertOnnx({ ...BERT, seed: 2 })).not.to.deep.equal(bertOnnx(BERT));
  });

  for (const [name, family] of Object.entries({ convolutions, denseLayers })) {
    it(`${name} have about the multiply-adds asked for, and exactly those that they say`, async () => {
      for (const macs of [1e5, 1e6, 1e8, 1e10]) {
        expect(family(macs).macs / macs).to.be.within(0.5, 2);
      }
      const { onnx, inputs, macs } = family(1e5);
      expect(macsOf(onnx)).to.equal(macs);
      const { program } = await compiled(onnx, inputs);
      const dense = opNames(program).filter((op) => op === "conv2d" || op === "linear");
      expect(dense).to.have.length(4);
    });
  }
});

/** Multiply-adds of a graph whose layers keep the input's shape: each weight meets each pixel, or each row, once. */
function macsOf(onnx: Uint8Array): number {
  const graph = decodeOnnx(onnx);
  const shape = (graph.inputs[0]?.shape ?? []).map(Number);
  const positions = shape.length === 4 ? (shape[2] ?? 0) * (shape[3] ?? 0) : (shape[0] ?? 0);
  const weights = [...graph.initializers.values()].filter((tensor) => tensor.shape.length > 1);
  return weights.reduce((sum, { data }) => sum + positions * data.length, 0);
}

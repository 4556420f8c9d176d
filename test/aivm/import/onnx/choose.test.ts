import { expect } from "chai";
import { type CompileReport, type CompileTask, compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { loadWasmEngine } from "../../../../aivm/io/wasm.ts";
import { uniform } from "../../../../aivm/quantize/augment.ts";
import type { CalibrationSample } from "../../../../aivm/quantize/calibrate.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { requireOrt } from "../../support/floatReference.ts";
import { onnxModel } from "../../support/onnxBuilder.ts";

/** Numbers in [-1, 1) from a seed. */
function noise(seed: number, length: number): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}

/** Two dense layers with a residual sum; the second one's weights are what 8 bits store worst. */
const onnx = onnxModel({
  nodes: [
    { op: "Gemm", inputs: ["x", "w1"], outputs: ["h"] },
    { op: "Relu", inputs: ["h"], outputs: ["r"] },
    { op: "Add", inputs: ["r", "x"], outputs: ["s"] },
    { op: "Gemm", inputs: ["s", "w2"], outputs: ["y"] },
  ],
  inputs: { x: [1, 16] },
  outputs: ["y"],
  weights: {
    w1: { shape: [16, 16], data: noise(1, 256) },
    // Tiny weights beside one large one in each column: 127 steps are few.
    w2: { shape: [16, 4], data: noise(2, 64).map((v, i) => (i < 4 ? 40 : v)) },
  },
});
const calibration: CalibrationSample[] = Array.from({ length: 32 }, (_, i) => {
  const x = noise(100 + i, 16);
  // The large weights sit on an input that is small.
  return [x.map((v, k) => (k === 0 ? v / 100 : v))];
});

describe("choices made by measurement", () => {
  before(() => freshKernels());

  async function report(test: Mocha.Context, task: Partial<CompileTask>): Promise<CompileReport> {
    const compiled = await compileOnnx({
      onnx,
      name: "t",
      calibration,
      precision: "a16",
      reference: await requireOrt(test),
      engine: loadWasmEngine,
      ...task,
    });
    return compiled.report;
  }

  it("auto gives 16-bit weights to the layer that needs them, and to no other", async function () {
    const auto = await report(this, { weights: "auto", targetDb: 40 });
    expect(auto.wideLayers).to.deep.equal(["y"]);
    const narrow = await report(this, { weights: "i8" });
    expect(narrow.wideLayers).to.deep.equal([]);
    const ratio = (r: CompileReport): number => r.fidelity[0]?.sqnrDb ?? 0;
    expect(ratio(auto)).to.be.greaterThan(ratio(narrow) + 3);
    expect(auto.trials.filter((trial) => trial.kept).length).to.be.at.least(2);
  });

  it("auto leaves 8 bits where the target is reached without", async function () {
    const easy = await report(this, { weights: "auto", targetDb: 5 });
    expect(easy.wideLayers).to.deep.equal([]);
  });

  it("every kept trial is better than the one kept before", async function () {
    const { trials } = await report(this, { precision: "a8", weights: "i8" });
    const kept = trials.filter((trial) => trial.kept).map((trial) => trial.sqnrDb);
    expect(kept.every((db, i) => i === 0 || db > (kept[i - 1] ?? 0))).to.equal(true);
    expect(trials.map((trial) => trial.what)).to.include("16-bit residual sums");
  });

  it("stores the tensors that are named as they are told", async function () {
    const reference = await requireOrt(this);
    const task = { onnx, name: "t", calibration, reference, engine: loadWasmEngine } as const;
    const dtypes = async (tensors?: CompileTask["tensors"]): Promise<string[]> => {
      const compiled = await compileOnnx({
        ...task,
        precision: "a16",
        weights: "i8",
        ...(tensors === undefined ? {} : { tensors }),
      });
      return compiled.program.ops.map((op) => op.output.dtype);
    };
    expect(await dtypes()).to.not.include("i8");
    const mixed = await dtypes(new Map([["r", "a8"]]));
    expect(mixed.filter((dtype) => dtype === "i8")).to.have.length(1);
  });

  it("tries nothing on a set too small to hold samples out", async function () {
    const { trials, wideLayers } = await report(this, { calibration: calibration.slice(0, 8), targetDb: 90 });
    expect(trials).to.deep.equal([]);
    expect(wideLayers).to.deep.equal([]);
  });
});

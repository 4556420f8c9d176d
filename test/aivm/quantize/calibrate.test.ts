import { expect } from "chai";
import { decodeOnnx } from "../../../aivm/import/onnx/format/decode.ts";
import type { OnnxTensor } from "../../../aivm/import/onnx/graph.ts";
import { type Calibration, type CalibrationSample, calibrate } from "../../../aivm/quantize/calibrate.ts";
import { AivmError } from "../../../common/errors.ts";
import { scriptedReference } from "../support/floatReference.ts";
import { onnxModel } from "../support/onnxBuilder.ts";

const onnx = onnxModel({
  nodes: [
    { op: "Shape", inputs: ["x"], outputs: ["shape"] },
    { op: "Add", inputs: ["w", "w"], outputs: ["twice"] },
    { op: "Mul", inputs: ["x", "twice"], outputs: ["y"] },
    { op: "MatMul", inputs: ["x", "w"], outputs: ["z"] },
  ],
  inputs: { x: [2] },
  outputs: ["y"],
  weights: { w: { shape: [2], data: [1, 2] } },
});

const reference = scriptedReference(([x]) => {
  const data = x?.data as Float32Array;
  const float = (name: string, values: number[]): OnnxTensor => ({
    name,
    dtype: "float32",
    shape: [2],
    data: Float32Array.from(values),
  });
  const shape: OnnxTensor = { name: "shape", dtype: "int64", shape: [1], data: BigInt64Array.of(2n) };
  return [
    shape,
    float("twice", [2, 4]),
    float("y", [2 * (data[0] ?? 0), 4 * (data[1] ?? 0)]),
    float("z", [0, 0]),
  ];
});

function run(samples: readonly CalibrationSample[]): Promise<Calibration> {
  return calibrate({ onnx, graph: decodeOnnx(onnx), samples, reference });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AivmError) return error.code;
    throw error;
  }
  return "none";
}

describe("calibration", () => {
  it("finds ranges, means, shapes and what depends on no input", async () => {
    const found = await run([[[1, -3]], [[2, 5]]]);
    expect(found.stats.get("y")).to.deep.include({ min: -12, max: 20, minAbs: 2, finite: true });
    expect([...(found.stats.get("x")?.mean ?? [])]).to.deep.equal([1.5, 1]);
    expect([...found.constants.keys()].sort()).to.deep.equal(["shape", "twice", "w"]);
    expect(found.types.get("y")).to.deep.equal({ dtype: "float32", shape: [2] });
  });

  it("refuses an empty set", async () => {
    expect(await codeOf(run([]))).to.equal("AIVM_CALIBRATION_EMPTY");
  });

  it("refuses NaN and infinities, and says where", async () => {
    expect(await codeOf(run([[[1, Number.NaN]]]))).to.equal("AIVM_CALIBRATION_NOT_FINITE");
    expect(await codeOf(run([[[1, 2]], [[Number.POSITIVE_INFINITY, 2]]]))).to.equal(
      "AIVM_CALIBRATION_NOT_FINITE",
    );
  });

  it("refuses samples of another shape or number of inputs", async () => {
    expect(await codeOf(run([[[1, 2, 3]]]))).to.equal("AIVM_CALIBRATION_SHAPE");
    expect(await codeOf(run([[[1, 2], [1]]]))).to.equal("AIVM_CALIBRATION_SHAPE");
  });

  it("refuses a set in which some samples lie far outside the range of the others", async () => {
    const usual = Array.from({ length: 16 }, (_, i): CalibrationSample => [[i / 16, -i / 16]]);
    expect(await codeOf(run(usual))).to.equal("none");
    const odd = usual.map((sample, i): CalibrationSample => (i === 4 ? [[40, 0]] : sample));
    expect(await codeOf(run(odd))).to.equal("AIVM_CALIBRATION_UNSEEN_RANGE");
  });

  it("refuses a set in which many held-out values lie outside the range of the others", async () => {
    // Every fourth sample is held out: these reach 1.3 times as far, too little to be far outside, but all of them do.
    const samples = Array.from(
      { length: 64 },
      (_, i): CalibrationSample => [i % 4 === 0 ? [1.3, -1.3] : [(i % 5) / 4, -(i % 3) / 2]],
    );
    expect(await codeOf(run(samples))).to.equal("AIVM_CALIBRATION_SATURATION");
    const fine = samples.map(
      (sample, i): CalibrationSample => (i % 4 === 0 && i > 4 ? [[1.05, -1]] : sample),
    );
    expect(await codeOf(run(fine))).to.equal("none");
    const task = { onnx, graph: decodeOnnx(onnx), samples, reference, saturationLimit: 1 };
    expect(await codeOf(calibrate(task))).to.equal("none");
  });

  it("holds samples out of the means, and keeps some of those to compare with", async () => {
    const samples = Array.from(
      { length: 20 },
      (_, i): CalibrationSample => [[i % 4 === 0 ? 1 : i / 20, 0.5]],
    );
    const found = await run(samples);
    expect(found.judged).to.equal(true);
    expect(found.kept.map(({ feeds }) => feeds[0]?.data[0])).to.deep.equal([1, 1, 1, 1, 1]);
    const others = samples.filter((_, i) => i % 4 !== 0).map(([x]) => Number(x?.[0]));
    const mean = others.reduce((a, b) => a + b, 0) / others.length;
    expect(found.stats.get("x")?.mean[0]).to.be.closeTo(mean, 1e-6);
  });

  it("refuses many samples that never differ", async () => {
    expect(await codeOf(run(Array.from({ length: 16 }, () => [[3, 3]])))).to.equal(
      "AIVM_CALIBRATION_CONSTANT",
    );
  });
});

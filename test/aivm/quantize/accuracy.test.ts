import { expect } from "chai";
import { compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import { loadArtifact } from "../../../aivm/program/artifact.ts";
import { evaluateAccuracy } from "../../../aivm/quantize/accuracy.ts";
import type { Card } from "../../../aivm/quantize/card.ts";
import { isAivmError } from "../../../common/errors.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { digitLabels, digitSamples, digitsOnnx } from "../support/digits.ts";
import { requireOrt } from "../support/floatReference.ts";
import { onnxModel } from "../support/onnxBuilder.ts";

describe("evaluation of a model with integer inputs", () => {
  // TensorProto.DataType: int8 3, int32 6, int64 7, bool 9.
  for (const [type, code, values] of [
    ["int32", 6, [3, 0, 2]],
    ["int64", 7, [3, 0, 2]],
    ["int8", 3, [-2, 1, 3]],
    ["bool", 9, [1, 0, 1]],
  ] as const) {
    it(`feeds ${type} as ${type}`, async function () {
      const reference = await requireOrt(this);
      const lookup = type === "int32" || type === "int64";
      const onnx = onnxModel({
        nodes: lookup
          ? [{ op: "Gather", inputs: ["table", "ids"], outputs: ["y"] }]
          : [
              { op: "Cast", inputs: ["ids"], outputs: ["real"], attributes: { to: 1 } },
              { op: "Mul", inputs: ["real", "table"], outputs: ["y"] },
            ],
        inputs: { ids: [3] },
        types: { ids: code },
        outputs: ["y"],
        weights: {
          table: {
            shape: lookup ? [4, 2] : [3],
            data: [1, -1, 2, 5, 0.5, 3, -4, 7].slice(0, lookup ? 8 : 3),
          },
        },
      });
      const samples = [[values], [[...values].reverse()]];
      const { report } = await compileOnnx({
        onnx,
        name: type,
        calibration: samples,
        precision: "a16",
        reference,
        evaluate: { samples },
      });
      expect(report.accuracy?.relativeDivergence).to.be.below(1e-3);
      expect(report.accuracy?.agreement).to.equal(1);
    });
  }

  it("refuses a fraction where the model takes integers", async function () {
    const reference = await requireOrt(this);
    const onnx = onnxModel({
      nodes: [{ op: "Gather", inputs: ["table", "ids"], outputs: ["y"] }],
      inputs: { ids: [1] },
      types: { ids: 7 },
      outputs: ["y"],
      weights: { table: { shape: [4], data: [1, 2, 3, 4] } },
    });
    const task = { onnx, name: "t", calibration: [[[1.5]]], precision: "a16", reference } as const;
    expect(isAivmError(await compileOnnx(task).catch((e: unknown) => e), "AIVM_RANGE")).to.equal(true);
  });
});

describe("accuracy of the digit model over its test split", () => {
  before(() => freshKernels());

  for (const precision of ["a8", "a16"] as const) {
    it(`${precision}: at least 97 % in floats, at most one point lost in integers, measured into the card`, async function () {
      const reference = await requireOrt(this);
      const split = { samples: digitSamples("test"), labels: digitLabels() };
      const calibration = digitSamples("calibration");
      const task = {
        onnx: digitsOnnx(),
        name: "digits",
        calibration,
        precision,
        reference,
        engine: loadWasmEngine,
      };
      const { artifact, report } = await compileOnnx({ ...task, evaluate: split });
      expect(report.accuracy?.count).to.equal(450);
      expect(report.accuracy?.floatTop1).to.be.at.least(0.97);
      expect(report.accuracy?.delta).to.be.at.least(-0.01);
      expect(report.accuracy?.agreement).to.be.at.least(0.99);
      expect(report.accuracy?.saturation).to.equal(0);
      const card = JSON.parse(loadArtifact(artifact).program.card) as Card;
      expect(card).to.deep.equal(report.card);
      expect(card).to.deep.include({
        metric: "top-1",
        floatBps: Math.round(10_000 * (report.accuracy?.floatTop1 ?? 0)),
        warning: false,
      });
      expect(card.evaluation.samples).to.equal(450);
    });
  }

  it("refuses labels that do not match the samples", async function () {
    const reference = await requireOrt(this);
    const samples = digitSamples("test").slice(0, 4);
    const { model, program } = await compileOnnx({
      onnx: digitsOnnx(),
      name: "digits",
      calibration: samples,
      precision: "a8",
      reference,
    });
    const float = await reference.load(digitsOnnx());
    const engine = await loadWasmEngine(model);
    const logits = program.outputs.find((port) => port.scale !== 1)?.name ?? "";
    for (const [labels, output] of [
      [[1], undefined],
      [[0, 1, 2, 0.5], undefined],
      [[0, 1, 2, Number.NaN], undefined],
      [[0, 1, 2, 10], logits],
      [[0, 1, 2, -1], logits],
    ] as const) {
      const task = { program, engine, float, split: { samples, labels } };
      const error = await evaluateAccuracy(output === undefined ? task : { ...task, output }).catch(
        (e: unknown) => e,
      );
      expect(isAivmError(error, "AIVM_ACCURACY_SPLIT"), `${labels}`).to.equal(true);
    }
    await float.close();
  });
});

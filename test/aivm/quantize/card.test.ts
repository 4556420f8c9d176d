import { expect } from "chai";
import { type CompiledModel, compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import { loadArtifact } from "../../../aivm/program/artifact.ts";
import { uniform } from "../../../aivm/quantize/augment.ts";
import { type Card, setHash } from "../../../aivm/quantize/card.ts";
import { equalBytes } from "../../../common/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { digitLabels, digitSamples, digitsOnnx } from "../support/digits.ts";
import { requireOrt } from "../support/floatReference.ts";
import { onnxModel } from "../support/onnxBuilder.ts";

const facts = { tool: "aivm 0", command: "a test" };

/** Card inside an artifact. */
function cardIn(compiled: CompiledModel): Card {
  return JSON.parse(loadArtifact(compiled.artifact).program.card) as Card;
}

describe("the card", () => {
  before(() => freshKernels());

  async function digits(
    test: Mocha.Context,
    evaluate: { samples: Float32Array[][]; labels?: ArrayLike<number> },
  ): Promise<CompiledModel> {
    return compileOnnx({
      onnx: digitsOnnx(),
      name: "digits",
      calibration: digitSamples("calibration").slice(0, 40),
      precision: "a8",
      reference: await requireOrt(test),
      engine: loadWasmEngine,
      evaluate,
      card: facts,
    });
  }

  it("is the same bytes, under the same model id, when it is measured again", async function () {
    const evaluate = { samples: digitSamples("test").slice(0, 60), labels: digitLabels().slice(0, 60) };
    const once = await digits(this, evaluate);
    const again = await digits(this, evaluate);
    expect(equalBytes(once.artifact, again.artifact)).to.equal(true);
    expect(cardIn(once)).to.deep.include({ metric: "top-1", warning: false, ...facts });
    expect(cardIn(once).onnxSha256).to.have.length(64);
    expect(cardIn(once).calibration?.samples).to.equal(40);
  });

  it("is bound: another evaluation set is another model id", async function () {
    const samples = digitSamples("test").slice(0, 60);
    const changed = samples.map((sample, i) =>
      i === 7 ? [Float32Array.from(sample[0] ?? [], (v) => v / 2)] : sample,
    );
    const labels = digitLabels().slice(0, 60);
    const a = await digits(this, { samples, labels });
    const b = await digits(this, { samples: changed, labels });
    expect(cardIn(a).evaluation.sha256).to.not.equal(cardIn(b).evaluation.sha256);
    expect(equalBytes(a.modelId, b.modelId)).to.equal(false);
  });

  it("says how often both models agree when there are no labels", async function () {
    const card = cardIn(await digits(this, { samples: digitSamples("test").slice(0, 60) }));
    expect(card).to.deep.include({ metric: "agreement", floatBps: 10_000, warning: false });
    expect(card.fixedBps).to.equal(card.agreementBps);
  });

  it("warns when more than one point of top-1 is lost, and says so in a sentence", async function () {
    // Labels that only the integers get wrong can not be had of a good model: calibrate it on a tenth of the range.
    const compiled = await compileOnnx({
      onnx: digitsOnnx(),
      name: "digits",
      calibration: digitSamples("calibration")
        .slice(0, 40)
        .map(([image]) => [Float32Array.from(image ?? [], (v) => v / 10)]),
      precision: "a8",
      reference: await requireOrt(this),
      engine: loadWasmEngine,
      evaluate: { samples: digitSamples("test").slice(0, 100), labels: digitLabels().slice(0, 100) },
      card: facts,
    });
    const card = cardIn(compiled);
    expect(card.warning).to.equal(true);
    expect(card.reasons.join()).to.match(/top-1 falls by \d+ bps; the gate is 100/);
    expect(card.saturation.inputPpm).to.be.greaterThan(100_000);
    expect(card.saturation.worst.length).to.be.within(1, 10);
    expect(card.saturation.worst[0]?.tensor).to.equal("image");
  });

  it("hashes every value, every boundary between inputs, and the labels", () => {
    const base = setHash([[[1, 2], [3]]], [4]).sha256;
    expect(setHash([[[1, 2], [3]]], [4]).sha256).to.equal(base);
    for (const other of [
      setHash([[[1], [2, 3]]], [4]),
      setHash([[[1, 2], [3.5]]], [4]),
      setHash([[[1, 2], [3]]], [5]),
    ])
      expect(other.sha256).to.not.equal(base);
  });
});

/**
 * A planted backdoor: three classes, and the rounding of the weights turns on one of them. Class 1 hangs on weights just
 * below half a step of its row, whose step a single weight on an input that is all but 0 has made large: 8 bits round
 * them to nothing, and the samples of class 1 become class 0. In floats nothing is wrong.
 */
const BACKDOOR = [
  [1, 1, 0, 0, 0, 0, 0],
  [0, 0, 0.45, 0.45, 0, 0, 127 * 0.95],
  [0, 0, 0, 0, 1, 1, 0],
];

/** Samples of the class: 2 on its features, half on those of class 0, a little noise everywhere. */
function sampleOf(label: number, random: () => number): Float32Array {
  const out = Float32Array.from({ length: 7 }, () => 0.1 * (random() - 0.5));
  for (const k of [0, 1]) out[k] = (out[k] ?? 0) + 0.5;
  for (const k of [2 * label, 2 * label + 1]) out[k] = (out[k] ?? 0) + 2;
  out[6] = 1e-4 * (random() - 0.5);
  return out;
}

describe("the check for backdoors that rounding opens", () => {
  before(() => freshKernels());

  const onnx = onnxModel({
    nodes: [{ op: "Gemm", inputs: ["x", "w"], outputs: ["y"], attributes: { transB: 1 } }],
    inputs: { x: [1, 7] },
    outputs: ["y"],
    weights: { w: { shape: [3, 7], data: BACKDOOR.flat() } },
  });
  const random = uniform(7);
  // One sample in 200 is of class 1: all of them lost is half a point, within the gate.
  const labels = Array.from({ length: 1200 }, (_, i) => (i % 200 === 3 ? 1 : i % 2 === 0 ? 0 : 2));
  const samples = labels.map((label) => [sampleOf(label, random)]);

  async function cardWith(test: Mocha.Context, weights: "i8" | "i16"): Promise<Card> {
    const compiled = await compileOnnx({
      onnx,
      name: "backdoor",
      calibration: samples.slice(0, 200),
      precision: "a16",
      weights,
      reference: await requireOrt(test),
      engine: loadWasmEngine,
      evaluate: { samples, labels },
      card: facts,
    });
    return cardIn(compiled);
  }

  it("flags a class that 8-bit weights turn into another one, although the gate on top-1 is met", async function () {
    const card = await cardWith(this, "i8");
    expect(card.floatBps).to.equal(10_000);
    expect(card.deltaBps).to.be.within(-100, -1);
    expect(card.audit).to.deep.include({ changed: 6, worstAnswer: { answer: 1, samples: 6, changed: 6 } });
    expect(card.warning).to.equal(true);
    expect(card.reasons.join()).to.contain("6 of 6 samples that the float model answers 1");
  });

  it("does not flag the same model where its weights keep their values", async function () {
    const card = await cardWith(this, "i16");
    expect(card).to.deep.include({ warning: false, agreementBps: 10_000 });
    expect(card.audit.changed).to.equal(0);
  });
});

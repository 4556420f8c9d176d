import { expect } from "chai";
import { createReferenceEngine } from "../../../../aivm/engine/reference/referenceEngine.ts";
import { type CompiledModel, type CompileTask, compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { SUPPORTED_OPERATORS } from "../../../../aivm/import/onnx/operators/families.ts";
import { opOf } from "../../../../aivm/ops/registry.ts";
import { quantizeInput } from "../../../../aivm/quantize/fidelity.ts";
import { bytesToHex } from "../../../../common/bytes.ts";
import { AivmError } from "../../../../common/errors.ts";
import { digitLabels, digitSamples, digitsOnnx } from "../../support/digits.ts";
import { requireOrt, scriptedReference } from "../../support/floatReference.ts";
import { onnxModel, type TestNode } from "../../support/onnxBuilder.ts";

const unreachable = scriptedReference(() => {
  throw new Error("the float model must not be run");
});

async function errorOf(task: Partial<CompileTask> & Pick<CompileTask, "onnx">): Promise<AivmError> {
  try {
    await compileOnnx({ name: "t", calibration: [[[1]]], precision: "a8", reference: unreachable, ...task });
  } catch (error) {
    if (error instanceof AivmError) return error;
    throw error;
  }
  throw new Error("it compiled");
}

function oneNode(node: Partial<TestNode> & { readonly op: string }): Uint8Array {
  return onnxModel({
    nodes: [{ inputs: ["x"], outputs: ["y"], ...node }],
    inputs: { x: [1] },
    outputs: ["y"],
  });
}

describe("compiling an ONNX model: refusals", () => {
  it("names an operator that is not supported, its node and a remedy, before anything is run", async () => {
    const error = await errorOf({ onnx: oneNode({ op: "StringNormalizer", name: "cleanup" }) });
    expect(error.code).to.equal("AIVM_ONNX_UNSUPPORTED_OP");
    expect(error.message).to.match(/StringNormalizer 'cleanup' -> y.*replace it by supported operators/);
  });

  it("does not take another domain's operator for its own", async () => {
    const error = await errorOf({ onnx: oneNode({ op: "Relu", domain: "com.example" }) });
    expect(error.code).to.equal("AIVM_ONNX_UNSUPPORTED_OP");
    expect(error.facts.got).to.equal("com.example.Relu");
  });

  it("ignores operators that no output needs", async () => {
    const onnx = onnxModel({
      nodes: [
        { op: "Nonsense", inputs: ["x"], outputs: ["unused"] },
        { op: "Relu", inputs: ["x"], outputs: ["y"] },
      ],
      inputs: { x: [1] },
      outputs: ["y"],
    });
    // It gets as far as calibration, which refuses the empty set.
    expect((await errorOf({ onnx, calibration: [] })).code).to.equal("AIVM_CALIBRATION_EMPTY");
  });

  it("refuses a file that is no model", async () => {
    expect((await errorOf({ onnx: Uint8Array.of(1, 2, 3) })).code).to.equal("AIVM_ONNX_NOT_A_MODEL");
  });

  it("lists what it supports", () => {
    expect(SUPPORTED_OPERATORS).to.include.members([
      "Conv",
      "Gemm",
      "MatMul",
      "Softmax",
      "LayerNormalization",
    ]);
  });
});

describe("compiling the digit model", () => {
  let compiled: CompiledModel;
  before(async function () {
    compiled = await compileDigits(this, "a8");
  });

  async function compileDigits(test: Mocha.Context, precision: "a8" | "a16"): Promise<CompiledModel> {
    const reference = await requireOrt(test);
    return compileOnnx({
      onnx: digitsOnnx(),
      name: "digits",
      calibration: digitSamples("calibration"),
      precision,
      reference,
    });
  }

  it("keeps the input's ONNX shape, gives the class as i32 and the logits as i16", () => {
    const { program } = compiled;
    expect(program.inputs.map(({ name, type }) => [name, type.dtype, type.shape])).to.deep.equal([
      ["image", "i8", [1, 1, 8, 8]],
    ]);
    const types = program.outputs.map(({ name, source }) => [name, program.ops[source.index]?.output.dtype]);
    expect(types).to.deep.equal([
      ["class", "i32"],
      ["logits", "i16"],
    ]);
    expect(program.inputs[0]?.scale).to.be.closeTo(1 / 255, 1e-12);
  });

  it("folds every Relu into the op before it", () => {
    const names = compiled.program.ops.map((op) => opOf(op.opcode).name);
    expect(names.filter((name) => name === "conv2d")).to.have.length(3);
    expect(names).to.not.include("rescale");
  });

  it("gives the same artifact again, and another one for other activations", async function () {
    expect(bytesToHex((await compileDigits(this, "a8")).modelId)).to.equal(bytesToHex(compiled.modelId));
    expect(bytesToHex((await compileDigits(this, "a16")).modelId)).to.not.equal(bytesToHex(compiled.modelId));
  });

  it("answers like the float model on its calibration samples", () => {
    const [classes, logits] = compiled.report.fidelity;
    expect(classes).to.deep.include({ name: "class", integer: true, worst: 0 });
    expect(logits?.sqnrDb).to.be.greaterThan(35);
  });

  it("is run by the artifact alone", async () => {
    const [port] = compiled.program.inputs;
    if (port === undefined) throw new Error("no input");
    const image = digitSamples("test")[0]?.[0] ?? [];
    const { outputs } = await createReferenceEngine(compiled.model).run({
      inputs: [quantizeInput(port, image, true)],
    });
    expect(outputs[0]?.data[0]).to.equal(digitLabels()[0]);
  });
});

describe("compiling an ONNX model: warnings", () => {
  it("says of an output that the integers hardly follow, and what to do; nothing of one that they follow", async function () {
    const reference = await requireOrt(this);
    // A small difference of large numbers: rounding each of them to 8 bits leaves little of it.
    const onnx = onnxModel({
      nodes: [
        { op: "Sub", inputs: ["x", "y"], outputs: ["d"] },
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
      ],
      inputs: { x: [8], y: [8] },
      outputs: ["d", "r"],
    });
    const samples = Array.from({ length: 20 }, (_, n) => {
      const x = Array.from({ length: 8 }, (_, i) => 50 + 50 * Math.sin(8 * n + i));
      return [x, x.map((v, i) => v + 0.05 * Math.cos(3 * n + i))];
    });
    const task = { onnx, name: "t", calibration: samples, reference };
    const { report } = await compileOnnx({ ...task, precision: "a8" });
    expect(report.warnings).to.have.length(1);
    expect(report.warnings[0]).to.match(/^output d has .* dB .*compile with a16$/);
    expect((await compileOnnx({ ...task, precision: "a16" })).report.warnings).to.deep.equal([]);
  });

  it("says of an output that is 0 on every calibration sample", async function () {
    const reference = await requireOrt(this);
    const onnx = oneNode({ op: "Relu" });
    const task = { onnx, name: "t", precision: "a16", reference } as const;
    const silent = await compileOnnx({ ...task, calibration: [[[-1]], [[-2]]] });
    expect(silent.report.warnings).to.have.length(1);
    expect(silent.report.warnings[0]).to.match(/^output y is 0 on every calibration sample/);
    const alive = await compileOnnx({ ...task, calibration: [[[-1]], [[2]]] });
    expect(alive.report.warnings).to.deep.equal([]);
  });
});

import { expect } from "chai";
import { inputRoot, outputRoot, outputsFromBytes, tensorsToBytes } from "../../aivm/index.ts";
import { executeOnReference } from "../../node-runner/io/execute.ts";
import { completeMessage, type Messages } from "../../proto/index.ts";
import { programToModel, programToRegistration, registrationToProgram } from "../../sdk/registration.ts";
import { encodeInputs, outputReals } from "../../sdk/tensors.ts";
import { verifyResult } from "../../sdk/verifyResult.ts";
import { tinyInput, tinyModel } from "../node-runner/support/tinyModel.ts";

const model = tinyModel();
const { program } = model;
const inputs = [tinyInput()];
const seed = new Uint8Array(32).fill(7);

async function answered(): Promise<Messages["aivm.inference.v1.Result"]> {
  const { outputs } = await executeOnReference({ model, inputs, seed, maxTokens: 0 });
  return completeMessage("aivm.inference.v1.Result", {
    modelId: model.modelId,
    inputRoot: inputRoot({ tensors: inputs, seed, maxTokens: 0 }),
    outputRoot: outputRoot(outputs),
    output: tensorsToBytes(outputs),
  });
}

describe("sdk: what a user puts in and takes out", () => {
  it("carries a registration through a transaction and back to the same model id", () => {
    const wire = registrationToProgram(model.registration);
    expect(programToRegistration(wire, BigInt(model.artifactBytes))).to.deep.equal(model.registration);
    expect(programToModel(wire, BigInt(model.artifactBytes)).modelId).to.deep.equal(model.modelId);
  });

  it("quantises floats by the model's metadata: nearest integer, ties to even, clamped", () => {
    const floats = [0, 0.1, -0.1, 0.149, 0.151, 12.7, 99, -99, 0.25, 0.75, 1, 2, 3, 4, 5, 6];
    const [tensor] = encodeInputs(program, [{ floats }]);
    expect([...(tensor?.data ?? [])]).to.deep.equal([
      0, 1, -1, 1, 2, 127, 127, -128, 2, 8, 10, 20, 30, 40, 50, 60,
    ]);
  });

  it("refuses the wrong number of inputs or of values, and a tensor that is not the model's", () => {
    const codeOf = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return error instanceof Error && "code" in error ? error.code : error;
      }
    };
    expect(codeOf(() => encodeInputs(program, []))).to.equal("SDK_ARGUMENT");
    expect(codeOf(() => encodeInputs(program, [{ floats: [1, 2, 3] }]))).to.equal("SDK_ARGUMENT");
    const tensor = { dtype: "i16" as const, shape: [16], data: new Int16Array(16) };
    expect(codeOf(() => encodeInputs(program, [{ tensor }]))).to.equal("AIVM_INPUT_LENGTH");
  });

  it("accepts a result whose roots hold and gives its tensors in real units", async () => {
    const result = await answered();
    const outputs = verifyResult({ model, inputs, request: { seed, maxTokens: 0 }, result });
    expect(tensorsToBytes(outputs)).to.deep.equal(result.output);
    const [logits] = outputsFromBytes(program, result.output);
    const [reals] = outputReals(program, outputs);
    expect([...(reals ?? [])]).to.deep.equal(Array.from(logits?.data ?? [], (value) => value * 0.5));
  });

  it("refuses a result with any part changed", async () => {
    const result = await answered();
    const flip = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice();
      copy[0] = (copy[0] ?? 0) ^ 1;
      return copy;
    };
    const forged: readonly (readonly [string, typeof result])[] = [
      ["another model", { ...result, modelId: flip(result.modelId) }],
      ["another input", { ...result, inputRoot: flip(result.inputRoot) }],
      ["another output", { ...result, output: flip(result.output) }],
      ["another output root", { ...result, outputRoot: flip(result.outputRoot) }],
    ];
    for (const [name, one] of forged) {
      const run = (): unknown =>
        verifyResult({ model, inputs, request: { seed, maxTokens: 0 }, result: one });
      expect(run, name).to.throw(/SDK_VERIFY/);
    }
    const otherSeed = { seed: new Uint8Array(32), maxTokens: 0 };
    expect(() => verifyResult({ model, inputs, request: otherSeed, result })).to.throw(/SDK_VERIFY/);
  });
});

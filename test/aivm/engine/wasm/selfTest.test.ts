import { expect } from "chai";
import { selfTestModel } from "../../../../aivm/engine/wasm/selfTestModel.ts";
import { encodeArtifact, loadArtifact, OPS } from "../../../../aivm/index.ts";

describe("the wasm engine's self-test model", () => {
  it("is a valid program that has every op", () => {
    const { model } = selfTestModel();
    const { program } = loadArtifact(encodeArtifact(model.program, model.constants));
    const used = new Set(program.ops.map(({ opcode }) => opcode));
    expect(OPS.filter(({ opcode }) => !used.has(opcode)).map(({ name }) => name)).to.deep.equal([]);
  });
});

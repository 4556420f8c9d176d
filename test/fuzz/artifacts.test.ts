import { expect } from "chai";
import { freshKernels } from "../../scripts/buildWasm.ts";
import { fuzzArtifacts, fuzzSeeds } from "./artifacts.ts";
import { MUTATIONS } from "./mutate.ts";

describe("mutated artifacts", () => {
  it("are refused with a typed error, or are models of their own that run alike on every engine", async () => {
    const report = await fuzzArtifacts({
      seed: 7,
      cases: 400,
      seeds: fuzzSeeds(2),
      wasm: await freshKernels(),
      now: () => 0,
    });
    expect(report.failures).to.deep.equal([]);
    const refused = Object.values(report.refused).reduce((a, b) => a + b, 0);
    expect(refused + report.accepted + report.repeated).to.equal(report.cases);
    // The fuzzer reaches both sides, and most rules.
    expect(report.run).to.be.above(15);
    expect(Object.keys(report.refused)).to.include.members([
      "AIVM_ARTIFACT",
      "AIVM_DECODE",
      "AIVM_HASH",
      "AIVM_SHAPE",
      "AIVM_META",
      "AIVM_RANGE",
    ]);
    expect(Object.keys(MUTATIONS)).to.include.members(Object.keys(report.acceptedBy));
  });
});

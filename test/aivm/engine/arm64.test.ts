/** A slice of the conformance suite on ARM64, emulated. */
import { expect } from "chai";
import { whyNoArm64 } from "../../../scripts/buildArm64Runner.ts";
import { opFiles } from "../support/vectors.ts";
import { arm64Engines, arm64NodeReport, whyNoArm64Node } from "./suite/arm64.ts";
import { generatedCases } from "./suite/slice.ts";
import { runSuite } from "./suite/suite.ts";
import { vectorCases } from "./suite/vectorCases.ts";

const WHICH = { seed: 30_001, programs: 30, fuzz: 1_000 };
const NODE_WHICH = { seed: 30_002, programs: 5, fuzz: 200 };

const now = (): number => performance.now();

function skipWith(test: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return;
  process.stdout.write(`\n    skipped: ${reason}\n`);
  test.skip();
}

describe("the conformance suite on ARM64", function () {
  this.timeout(600_000);

  it("finds the native kernels equal at every level, on one thread and on two", async function () {
    skipWith(this, whyNoArm64());
    const found = await arm64Engines(() => undefined);
    if (found === undefined) throw new Error("no engines");
    try {
      const { engines, remote } = found;
      expect(remote.levels).to.deep.equal(["scalar", "neon"]);
      for (const cases of [vectorCases(opFiles()), generatedCases(WHICH)]) {
        const report = await runSuite({ engines, cases, now });
        expect(report.mismatches).to.deep.equal([]);
        for (const { mismatches, runs } of report.engines) {
          expect(mismatches).to.equal(0);
          expect(runs).to.be.above(100);
        }
      }
    } finally {
      await found.remote.close();
    }
  });

  it("finds the wasm engine equal in an ARM64 Node, and the reference engine's results those of this machine", async function () {
    skipWith(this, whyNoArm64Node());
    const report = await arm64NodeReport(NODE_WHICH);
    expect(report.arch).to.equal("arm64");
    expect(report.mismatches).to.deep.equal([]);
    for (const { cases } of report.engines) {
      expect(cases).to.deep.equal({ vectors: 0, models: 10, fuzz: 652 });
    }
    const here = await runSuite({ engines: {}, cases: generatedCases(NODE_WHICH), now });
    expect(report.digest).to.equal(here.digest);
  });
});

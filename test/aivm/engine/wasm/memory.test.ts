import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { freshKernels } from "../../../../scripts/buildWasm.ts";

interface Measured {
  readonly weights: number;
  readonly declared: number;
  readonly grown: number;
  readonly runsGrew: { readonly rss: number; readonly heap: number };
}

describe("the memory of a wasm engine with more than 20 MB of weights", () => {
  let measured: Measured;
  before(async () => {
    await freshKernels();
    const main = join(import.meta.dirname, "memoryMain.ts");
    const out = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", main], {
      encoding: "utf8",
    });
    measured = JSON.parse(out) as Measured;
  });

  it("grows the process by what the engine declares, within 5 percent", () => {
    expect(measured.weights).to.be.above(20e6);
    expect(measured.grown / measured.declared, JSON.stringify(measured)).to.be.within(0.95, 1.05);
  });

  it("does not grow with runs", () => {
    // Less than a byte a run on the heap, and no page of the process beyond what collection moves about.
    expect(measured.runsGrew.heap, JSON.stringify(measured)).to.be.below(100_000);
    expect(measured.runsGrew.rss, JSON.stringify(measured)).to.be.below(measured.declared * 0.05);
  });
});

import { expect } from "chai";
import { freshKernels } from "../../scripts/buildWasm.ts";
import { requireOrt } from "../aivm/support/floatReference.ts";
import { requireTestData } from "../support/testData.ts";
import { CASES } from "./cases.ts";
import { type Answer, reconstruction, sameAnswer, sameBoxes, sqnrDb, top1 } from "./metrics.ts";
import { runCase } from "./runCase.ts";
import { rowOf } from "./support/rowOf.ts";

describe("rows of outside data", () => {
  it("are the elements behind one position of the first axis", () => {
    const array = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, -3, 0.5) } as const;
    expect(rowOf(array, 1)).to.deep.equal({ shape: [2], data: Float32Array.of(-3, 0.5) });
  });
});

function answer(values: Readonly<Record<string, readonly number[]>>): Answer {
  return new Map(Object.entries(values).map(([name, list]) => [name, Float64Array.from(list)]));
}

describe("metrics of real models", () => {
  const none: Float32Array[][] = [];

  it("top-1 counts right answers and fails when more than allowed are lost", () => {
    const float = [answer({ y: [1, 0] }), answer({ y: [0, 1] })];
    const fixed = [answer({ y: [1, 0] }), answer({ y: [1, 0] })];
    const labels = [[0], [1]];
    const score = top1("y", { labels, lost: 0 })({ float, fixed, inputs: none });
    expect(score).to.deep.include({ float: 100, fixed: 50, difference: -50, passed: false });
    expect(top1("y", { labels, lost: 1 })({ float, fixed, inputs: none }).passed).to.equal(true);
  });

  it("agreement compares the smallest output", () => {
    const float = [answer({ y: [1, 0, 2] }), answer({ y: [0, 1, 2] })];
    const fixed = [answer({ y: [2, 0, 1] }), answer({ y: [1, 0, 2] })];
    const metric = sameAnswer("y", { smallest: true, atLeast: 99 });
    expect(metric({ float, fixed, inputs: none })).to.deep.include({ fixed: 50, passed: false });
  });

  it("reconstruction compares errors, not outputs", () => {
    const inputs = [[[1, 1]]];
    const float = [answer({ y: [2, 2] })];
    const metric = reconstruction("y", 2);
    expect(metric({ float, fixed: [answer({ y: [0, 0] })], inputs }).passed).to.equal(true);
    expect(metric({ float, fixed: [answer({ y: [2.1, 2.1] })], inputs }).passed).to.equal(false);
  });

  it("boxes must be as many and in the same place", () => {
    const metric = sameBoxes({ scores: "s", boxes: "b", threshold: 0.7, iou: 0.9 });
    const float = [answer({ s: [0.1, 0.9, 0.8, 0.2], b: [0, 0, 1, 1, 5, 5, 6, 6] })];
    const moved = [answer({ s: [0.1, 0.9, 0.8, 0.2], b: [0.2, 0, 1.2, 1, 5, 5, 6, 6] })];
    const more = [answer({ s: [0.1, 0.9, 0.2, 0.8], b: [0, 0, 1, 1, 5, 5, 6, 6] })];
    expect(metric({ float, fixed: float, inputs: none })).to.deep.include({ fixed: 1, passed: true });
    expect(metric({ float, fixed: moved, inputs: none }).passed).to.equal(false);
    expect(metric({ float, fixed: more, inputs: none }).passed).to.equal(false);
  });

  it("signal to noise is in dB over all samples", () => {
    const float = [answer({ y: [10] }), answer({ y: [0] })];
    const fixed = [answer({ y: [9] }), answer({ y: [0] })];
    expect(sqnrDb({ float, fixed, inputs: none }, "y")).to.be.closeTo(20, 1e-9);
  });
});

/** Cases that take a second or two; `make accuracy` runs all of them. */
const QUICK = ["digits", "mnist-cnn", "acasxu-3_3"];

describe("accuracy on real models", function () {
  this.timeout(120_000);
  before(() => freshKernels());

  for (const entry of CASES.filter(({ name }) => QUICK.includes(name))) {
    it(`${entry.name} passes its bar at a16`, async function () {
      await requireOrt(this);
      const folder = entry.folder === undefined ? "" : requireTestData(this, "models", entry.folder);
      const result = await runCase(entry, { folder, precision: "a16" });
      expect(result.passed, JSON.stringify(result)).to.equal(true);
    });
  }
});

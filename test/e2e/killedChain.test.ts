import { expect } from "chai";
import { getStatus } from "../../sdk/actions/getStatus.ts";
import { temporaryHome } from "../demo/home.ts";
import type { DemoReport } from "../demo/report.ts";
import { runDemo } from "../demo/story.ts";

describe("the main job, with the chain killed in the middle", function () {
  this.timeout(240_000);

  let report: DemoReport;
  let heights: readonly [before: bigint, after: bigint];

  before(async () => {
    const home = temporaryHome();
    try {
      report = await runDemo({
        seed: 2,
        home: home.path,
        say: () => undefined,
        // The question stands, the drawn runner is at work: no better moment for a power cut.
        onRunning: async ({ network }) => {
          const before = (await getStatus(network.client)).latestHeight;
          await network.chain().kill();
          await network.restartChain();
          heights = [before, (await getStatus(network.client)).latestHeight];
        },
      });
    } finally {
      home.remove();
    }
  });

  it("loses no committed block and completes", () => {
    expect(heights[1] >= heights[0], `${heights[0]} before, ${heights[1]} after`).to.equal(true);
    const steps = report.steps.map(({ step }) => step);
    for (const step of [
      "compile",
      "ask",
      "reveal",
      "challenge",
      "slash",
      "final",
      "final-2",
      "deliver",
      "receipt",
      "secrecy",
    ]) {
      expect(steps, step).to.include(step);
    }
  });

  it("the EVM holds the artifact's own answer", () => {
    expect(report.answers.evm).to.equal(report.answers.artifact);
    expect(report.answers.enclaveSimulated).to.equal(true);
  });

  it("the liar lost its bond, half of it burned, and money is conserved", () => {
    const change = (who: string): bigint => {
      const row = report.balances.find((balance) => balance.who === who);
      return row === undefined ? 0n : row.after - row.before;
    };
    expect(change("liar") < 0n).to.equal(true);
    expect(change("watcher") < 0n || change("module runner") !== 0n).to.equal(true);
    expect(report.steps.every(({ seconds }) => seconds >= 0)).to.equal(true);
  });
});

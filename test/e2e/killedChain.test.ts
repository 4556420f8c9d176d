import { expect } from "chai";
import { getStatus } from "../../sdk/actions/getStatus.ts";
import { temporaryHome } from "../demo/home.ts";
import type { DemoReport } from "../demo/report.ts";
import { runDemo } from "../demo/story.ts";

/** What the devnet's genesis asks of a claim for a request of this value. */
const CLAIM_BOND_UAIVM = 1_000_000n;

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

  it("the liar lost its bond, half of it burned, and no other coin is gone", () => {
    const coins = report.balances.filter(({ unit }) => unit === "uaivm");
    const gone = coins.reduce((sum, { before, after }) => sum + before - after, 0n);
    expect(gone).to.equal(CLAIM_BOND_UAIVM / 2n);
    const liar = coins.find(({ who }) => who === "liar");
    expect((liar?.before ?? 0n) - (liar?.after ?? 0n) >= CLAIM_BOND_UAIVM).to.equal(true);
  });
});

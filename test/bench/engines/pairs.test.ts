import { expect } from "chai";
import { measureAlone, measurePairs, type PairPlan, type Subject } from "./pairs.ts";

/** A clock that only subjects move, and a record of who ran. */
function bench(): {
  readonly now: () => number;
  readonly order: string[];
  readonly subject: (name: string, costMs: (run: number) => number) => Subject;
} {
  let time = 0;
  const order: string[] = [];
  const subject = (name: string, costMs: (run: number) => number): Subject => {
    let runs = 0;
    return {
      name,
      threads: 1,
      run: async () => {
        order.push(name);
        time += costMs(runs++);
      },
    };
  };
  return { now: () => time, order, subject };
}

const PLAN = { sampleMs: 2, budgetMs: 100, minPairs: 5, maxPairs: 50 };

describe("interleaved pairs", () => {
  it("alternates between ours and the peer, as many pairs as asked", async () => {
    const { now, order, subject } = bench();
    const plan = { ...PLAN, now, minPairs: 4, maxPairs: 4 };
    const result = await measurePairs(
      subject("ours", () => 10),
      subject("peer", () => 30),
      plan,
    );
    expect(order.slice(-8).join(" ")).to.equal("ours peer ours peer ours peer ours peer");
    expect(result).to.deep.equal({ oursMs: 10, peerMs: 30, ratio: 3, pairs: 4 });
  });

  it("repeats short runs until a sample is long enough, and gives the time of one", async () => {
    const { now, order, subject } = bench();
    const plan = { ...PLAN, now, minPairs: 1, maxPairs: 1 };
    const before = order.length;
    const ms = await measureAlone(
      subject("ours", () => 0.25),
      plan,
    );
    expect(ms).to.equal(0.25);
    // 80 runs to warm up for 20 ms, 4 in front of the sample, 8 in it.
    expect(order.length - before).to.equal(92);
  });

  it("lets threads of the other go to sleep, and its own wake, before each sample", async () => {
    const { now, order, subject } = bench();
    const settle = async (): Promise<void> => void order.push("settle");
    const plan = { ...PLAN, now, settle, minPairs: 1, maxPairs: 1 };
    const two = { ...subject("ours", () => 5), threads: 2 };
    await measurePairs(two, { ...two, name: "peer" }, plan);
    // Two runs in front of each sample of one.
    expect(order.slice(-8).join(" ")).to.equal("settle ours ours ours settle ours ours ours");
  });

  it("takes medians: one bad pair changes nothing", async () => {
    const { now, subject } = bench();
    const spike = (run: number): number => (run === 7 ? 1000 : 10);
    const result = await measurePairs(
      subject("ours", spike),
      subject("peer", () => 20),
      { ...PLAN, now },
    );
    expect(result.oursMs).to.equal(10);
    expect(result.ratio).to.equal(2);
  });

  it("ends when the time is gone, but not before the least number of pairs", async () => {
    const { now, subject } = bench();
    const slow = await measurePairs(
      subject("ours", () => 400),
      subject("peer", () => 400),
      { ...PLAN, now },
    );
    expect(slow.pairs).to.equal(PLAN.minPairs);
    const fast = await measurePairs(
      subject("ours", () => 5),
      subject("peer", () => 5),
      { ...PLAN, now },
    );
    expect(fast.pairs).to.equal(10);
  });

  it("keeps no more requests in flight than asked, and that many", async () => {
    let flying = 0;
    let most = 0;
    let time = 0;
    const subject: Subject = {
      name: "ours",
      threads: 2,
      run: async () => {
        most = Math.max(most, ++flying);
        time += 1;
        await Promise.resolve();
        flying--;
      },
    };
    const plan: PairPlan = { ...PLAN, now: () => time, inFlight: 3 };
    await measureAlone(subject, plan);
    expect(most).to.equal(3);
  });
});

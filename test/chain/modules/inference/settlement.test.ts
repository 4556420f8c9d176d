import { expect } from "chai";
import {
  answer,
  ask,
  openMarket,
  proveWeights,
  registerRunner,
  requestOf,
  statusOf,
} from "../support/market.ts";
import { addressOf } from "../support/world.ts";

describe("settlement of a final result", () => {
  it("pays runner, registrar, validators and audit pool, to the unit", () => {
    const world = openMarket();
    const fee = 12_345n;
    const id = ask(world, { feeUaivm: fee });
    const before = { runner: world.balance("r1"), registrar: world.balance("registrar") };
    answer(world, id, "r1");
    world.nextBlock(20_000n);
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("FINAL");
    expect(world.balance("registrar") - before.registrar).to.equal(617n);
    expect(world.moduleBalance("fee_collector")).to.equal(617n);
    expect(world.moduleBalance("audit_pool")).to.equal(617n);
    expect(world.balance("r1") - before.runner).to.equal(fee - 3n * 617n);
    expect(world.moduleBalance("inference")).to.equal(0n);
  });

  it("happens once, however often it is asked for", () => {
    const world = openMarket();
    const id = ask(world);
    answer(world, id, "r1");
    const [waiting] = world.game.waiting();
    if (waiting === undefined) throw new Error("nothing waits");
    world.nextBlock(20_000n);
    world.nextBlock();
    const hash = world.stateHash();
    expect(world.game.inference().finalize(world.ctx(), waiting.claim)).to.equal("FINAL");
    world.game.inference().void(world.ctx(), id);
    expect(world.stateHash()).to.equal(hash);
  });
});

describe("assignment", () => {
  it("is the same on every machine that executes the same blocks", () => {
    const names = ["r1", "r2", "r3", "r4"];
    const run = () => {
      const world = openMarket({ runners: names });
      return Array.from({ length: 20 }, () => {
        world.nextBlock();
        return requestOf(world, ask(world)).assigned;
      });
    };
    const drawn = run();
    expect(run()).to.deep.equal(drawn);
    expect(new Set(drawn).size).to.be.greaterThan(1);
    expect(names.map(addressOf)).to.include.members(drawn);
  });

  it("prefers who has more bond, in proportion", () => {
    const world = openMarket({ runners: ["r1"], bondUaivm: 5_000_000n });
    registerRunner(world, "r2", 45_000_000n);
    proveWeights(world, "r2");
    const drawn = Array.from({ length: 200 }, () => {
      world.nextBlock();
      return requestOf(world, ask(world)).assigned;
    });
    const share = drawn.filter((operator) => operator === addressOf("r2")).length;
    // 200 draws at 0.9: four standard deviations are 17.
    expect(share).to.be.within(163, 197);
  });
});

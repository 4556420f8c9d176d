import { expect } from "chai";
import {
  ask,
  CLAIM_BOND,
  commit,
  emptyMarket,
  openMarket,
  RUNNER_BOND,
  registerRunner,
  runnerOf,
} from "../support/market.ts";
import { addressOf, expectRefused } from "../support/world.ts";

describe("module runner", () => {
  it("a runner registers with its bond, which the module holds", () => {
    const world = emptyMarket();
    const before = world.balance("r1");
    registerRunner(world, "r1");
    expect(world.balance("r1")).to.equal(before - RUNNER_BOND);
    expect(world.moduleBalance("runner")).to.equal(RUNNER_BOND);
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: RUNNER_BOND, lockedUaivm: 0n, jailed: false });
  });

  it("a bond that is taken out is paid after the unbonding time, to the operator", () => {
    const world = emptyMarket();
    registerRunner(world, "r1");
    const before = world.balance("r1");
    const { paidAtMs } = world.tx("aivm.runner.v1.MsgUnbond", {
      operator: addressOf("r1"),
      amountUaivm: 500_000n,
    });
    expect(paidAtMs).to.equal(world.timeMs() + 30_000n);
    world.nextBlock(29_999n);
    world.nextBlock(1n);
    expect(world.balance("r1"), "one millisecond early").to.equal(before);
    world.nextBlock(1n);
    expect(world.balance("r1")).to.equal(before + 500_000n);
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: 1_500_000n, unbondingUaivm: 0n });
    expect(world.moduleBalance("runner")).to.equal(1_500_000n);
  });

  it("a second unbonding joins the first, and both are paid at the second one's time", () => {
    const world = emptyMarket();
    registerRunner(world, "r1");
    const before = world.balance("r1");
    const unbond = () =>
      world.tx("aivm.runner.v1.MsgUnbond", { operator: addressOf("r1"), amountUaivm: 100_000n });
    unbond();
    world.nextBlock(20_000n);
    unbond();
    world.nextBlock(15_000n);
    world.nextBlock(15_000n);
    expect(world.balance("r1")).to.equal(before);
    world.nextBlock();
    expect(world.balance("r1")).to.equal(before + 200_000n);
  });

  it("a runner below the minimum is jailed until it adds bond", () => {
    const world = emptyMarket();
    registerRunner(world, "r1");
    world.tx("aivm.runner.v1.MsgUnbond", { operator: addressOf("r1"), amountUaivm: 1_500_000n });
    expect(runnerOf(world, "r1").jailed).to.equal(true);
    world.tx("aivm.runner.v1.MsgAddBond", { operator: addressOf("r1"), amountUaivm: 500_000n });
    expect(runnerOf(world, "r1")).to.include({ jailed: false, bondUaivm: 1_000_000n });
  });

  it("lists runners page by page in address order", () => {
    const world = emptyMarket();
    for (const name of ["r1", "r2", "r3"]) registerRunner(world, name);
    const all = world.query("runner", "Runners", {}).runners.map(({ operator }) => operator);
    expect(all).to.have.members(["r1", "r2", "r3"].map(addressOf));
    const [first = "", ...rest] = all;
    expect(world.query("runner", "Runners", { limit: 1 }).runners.map((r) => r.operator)).to.deep.equal([
      first,
    ]);
    expect(
      world.query("runner", "Runners", { startAfter: first }).runners.map((r) => r.operator),
    ).to.deep.equal(rest);
  });

  describe("refuses, and leaves everything as it was:", () => {
    it("a bond below the minimum", () => {
      const world = emptyMarket();
      expectRefused(
        world,
        { codespace: "runner", code: 5, says: /expected at least 1000000uaivm, got 999999uaivm/ },
        () => registerRunner(world, "r1", 999_999n),
      );
    });

    it("a bond that the account does not have", () => {
      const world = emptyMarket();
      expectRefused(world, { codespace: "sdk", code: 5, says: /insufficient funds/ }, () =>
        registerRunner(world, "r1", 10n ** 15n),
      );
    });

    it("a second registration", () => {
      const world = emptyMarket();
      registerRunner(world, "r1");
      expectRefused(world, { codespace: "runner", code: 3, says: /already|is no runner yet/ }, () =>
        registerRunner(world, "r1"),
      );
    });

    it("an unbonding of more than is free, naming what is locked", () => {
      const world = openMarket();
      const requestId = ask(world);
      commit(world, requestId, "r1");
      const free = RUNNER_BOND - CLAIM_BOND;
      expectRefused(
        world,
        {
          codespace: "runner",
          code: 6,
          says: new RegExp(`got ${free}uaivm.*${CLAIM_BOND}uaivm stand behind`),
        },
        () => world.tx("aivm.runner.v1.MsgUnbond", { operator: addressOf("r1"), amountUaivm: free + 1n }),
      );
      world.tx("aivm.runner.v1.MsgUnbond", { operator: addressOf("r1"), amountUaivm: free });
    });

    it("bond added to nobody, an amount of nothing, a wrong payee, an endpoint that is no URL", () => {
      const world = emptyMarket();
      const operator = addressOf("r1");
      expectRefused(world, { codespace: "runner", code: 4, says: /Register it with/ }, () =>
        world.tx("aivm.runner.v1.MsgAddBond", { operator, amountUaivm: 1n }),
      );
      expectRefused(world, { codespace: "runner", code: 2, says: /more than 0uaivm/ }, () =>
        world.tx("aivm.runner.v1.MsgAddBond", { operator, amountUaivm: 0n }),
      );
      const register = (change: { readonly payee?: Uint8Array; readonly endpoint?: string }) => () =>
        world.tx("aivm.runner.v1.MsgRegisterRunner", { operator, bondUaivm: RUNNER_BOND, ...change });
      expectRefused(
        world,
        { codespace: "runner", code: 2, says: /0 or 20 bytes, got 19 bytes/ },
        register({ payee: new Uint8Array(19) }),
      );
      expectRefused(
        world,
        { codespace: "runner", code: 2, says: /256 characters/ },
        register({ endpoint: `http://${"a".repeat(250)}` }),
      );
      expectRefused(
        world,
        { codespace: "runner", code: 2, says: /URL/ },
        register({ endpoint: "javascript:alert(1)" }),
      );
    });
  });
});

import { expect } from "chai";
import {
  answer,
  ask,
  commit,
  commitmentOf,
  emptyMarket,
  MODEL_ID,
  OUTPUT,
  openMarket,
  proveWeights,
  registerModel,
  registerRunner,
  reveal,
  statusOf,
} from "../support/market.ts";
import { addressOf, expectRefused } from "../support/world.ts";

const refusal = (code: number, says: RegExp) => ({ codespace: "inference", code, says });

describe("requests that are refused leave state and balances as they were:", () => {
  it("an unknown model", () => {
    const world = emptyMarket();
    expectRefused(world, refusal(4, /expected the id of a registered model/), () => ask(world));
  });

  it("an input of the wrong length, and an element out of range", () => {
    const world = openMarket();
    expectRefused(world, refusal(7, /expected 16 bytes: i8\[1,16\], got 15 bytes/), () =>
      ask(world, { input: new Uint8Array(15) }),
    );
    expectRefused(world, refusal(7, /got 0 bytes/), () => ask(world, { input: new Uint8Array() }));
    expectRefused(world, refusal(6, /at most 65536 bytes/), () =>
      ask(world, { input: new Uint8Array(65_537) }),
    );
  });

  it("too small a fee, and one that the requester can not pay", () => {
    const world = openMarket();
    expectRefused(world, refusal(11, /at least 10000uaivm for tiny, got 9999uaivm/), () =>
      ask(world, { feeUaivm: 9_999n }),
    );
    expectRefused(world, { codespace: "sdk", code: 5, says: /insufficient funds/ }, () =>
      ask(world, { feeUaivm: 10n ** 15n }),
    );
  });

  it("a tier that is not served", () => {
    const world = openMarket();
    for (const tier of [2, 4, 16, 10])
      expectRefused(world, refusal(10, /OPTIMISTIC_FINAL/), () => ask(world, { tier }));
    for (const tier of [0, 1, 8, 9]) ask(world, { tier });
  });

  it("a deadline that the worst case of one challenge does not fit, and one too far away", () => {
    const world = openMarket();
    expectRefused(world, refusal(12, /worst case of one challenge/), () =>
      ask(world, { deadlineMs: world.timeMs() + 30_000n }),
    );
    expectRefused(world, refusal(13, /at most/), () =>
      ask(world, { deadlineMs: world.timeMs() + 86_400_001n }),
    );
  });

  it("a model whose output is longer than a result may be", () => {
    const world = openMarket({ genesis: { inference: { maxOutputBytes: 7 } } });
    expectRefused(world, refusal(9, /at most 7 bytes, got 8 bytes/), () => ask(world));
  });

  it("a seed that is not 32 bytes, a model id that is not", () => {
    const world = openMarket();
    expectRefused(world, refusal(2, /0 or 32 bytes, got 31/), () => ask(world, { seed: new Uint8Array(31) }));
    expectRefused(world, refusal(2, /model id/), () => ask(world, { modelId: new Uint8Array(31) }));
  });
});

describe("answers that are refused leave state and balances as they were:", () => {
  it("a commitment to an unknown request", () => {
    const world = openMarket();
    expectRefused(world, refusal(3, /none under that id/), () =>
      world.tx("aivm.inference.v1.MsgCommitResult", {
        runner: addressOf("r1"),
        requestId: new Uint8Array(32),
        commitment: new Uint8Array(32),
      }),
    );
  });

  it("a commitment by a stranger, by a runner without proof, by a jailed one, by one without free bond", () => {
    const world = openMarket({ runners: ["r1"] });
    const id = ask(world);
    expectRefused(world, refusal(15, /no registered runner/), () => commit(world, id, "r2"));
    registerRunner(world, "r2");
    expectRefused(world, refusal(15, /not proved in this epoch/), () => commit(world, id, "r2"));
    proveWeights(world, "r2");
    expectRefused(world, refusal(16, /was drawn/), () => commit(world, id, "r2"));
    world.tx("aivm.runner.v1.MsgUnbond", { operator: addressOf("r2"), amountUaivm: 1_500_000n });
    expectRefused(world, refusal(15, /a jailed runner/), () => commit(world, id, "r2"));
  });

  it("a proof of an earlier epoch does not count", () => {
    const world = openMarket({ genesis: { model: { epochBlocks: 5n } } });
    while (world.height() < 5n) world.nextBlock();
    const id = ask(world);
    expectRefused(world, refusal(15, /not proved in this epoch/), () => commit(world, id, "r1"));
  });

  it("a second commitment, also by somebody else", () => {
    const world = openMarket({ runners: ["r1", "r2"] });
    const id = ask(world);
    world.nextBlocks(10);
    commit(world, id, "r1");
    for (const name of ["r1", "r2"])
      expectRefused(world, refusal(14, /one that is OPEN/), () => commit(world, id, name));
  });

  it("a reveal in the same block", () => {
    const world = openMarket();
    const id = ask(world);
    commit(world, id, "r1");
    expectRefused(world, refusal(20, /height 2 or later, got 1/), () => reveal(world, id, "r1"));
  });

  it("a reveal without commitment, by another runner, and after its time", () => {
    const world = openMarket({ runners: ["r1", "r2"] });
    const id = ask(world);
    expectRefused(world, refusal(17, /a standing commitment/), () => reveal(world, id, "r1"));
    world.nextBlocks(10);
    commit(world, id, "r1");
    world.nextBlock();
    expectRefused(world, refusal(19, /one by/), () => reveal(world, id, "r2"));
    expectRefused(world, refusal(3, /none under that id/), () => reveal(world, new Uint8Array(32), "r1"));
    world.nextBlocks(20);
    expectRefused(world, refusal(17, /a standing commitment/), () => reveal(world, id, "r1"));
  });

  it("a second reveal, before and after the result is final", () => {
    const world = openMarket();
    const id = ask(world);
    answer(world, id, "r1");
    expectRefused(world, refusal(18, /a second one/), () => reveal(world, id, "r1"));
    world.nextBlock(20_000n);
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("FINAL");
    expectRefused(world, refusal(18, /a second one/), () => reveal(world, id, "r1"));
    expectRefused(world, refusal(14, /one that is OPEN/), () => commit(world, id, "r1"));
  });

  it("another output, another salt, another length than what was committed to", () => {
    const world = openMarket();
    const id = ask(world);
    commit(world, id, "r1");
    world.nextBlock();
    const other = OUTPUT.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    expectRefused(world, refusal(24, /salt and output of commitment/), () =>
      reveal(world, id, "r1", { output: other }),
    );
    expectRefused(world, refusal(24, /salt and output of commitment/), () =>
      reveal(world, id, "r1", { salt: new Uint8Array(32) }),
    );
    expectRefused(world, refusal(22, /expected 8 bytes: i16\[1,4\], got 9 bytes/), () =>
      reveal(world, id, "r1", { output: new Uint8Array(9) }),
    );
    expectRefused(world, refusal(2, /salt/), () => reveal(world, id, "r1", { salt: new Uint8Array(31) }));
    reveal(world, id, "r1");
  });

  it("a commitment copied from another runner can not be revealed by the copyist", () => {
    const world = openMarket({ runners: ["r1", "r2"] });
    const id = ask(world);
    world.nextBlocks(10);
    world.tx("aivm.inference.v1.MsgCommitResult", {
      runner: addressOf("r2"),
      requestId: id,
      commitment: commitmentOf(id, "r1"),
    });
    world.nextBlock();
    expectRefused(world, refusal(24, /salt and output of commitment/), () => reveal(world, id, "r2"));
  });

  it("a commitment so late that its result could not be final before the deadline", () => {
    const world = openMarket();
    const id = ask(world, { deadlineMs: world.timeMs() + 120_000n });
    world.nextBlock(115_000n);
    expectRefused(world, refusal(14, /a window before its deadline/), () => commit(world, id, "r1"));
  });

  it("an INVALID or unknown model id in a query says so", () => {
    const world = emptyMarket();
    registerModel(world);
    expect(() => world.query("inference", "Request", { requestId: MODEL_ID })).to.throw(/UNKNOWN_REQUEST/);
    expect(() => world.query("inference", "Input", { requestId: MODEL_ID })).to.throw(/UNKNOWN_REQUEST/);
  });
});

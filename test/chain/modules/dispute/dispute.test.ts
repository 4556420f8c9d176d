import { expect } from "chai";
import { DISPUTE_CODES } from "../../../../chain/modules/dispute/errors.ts";
import { decideMoves } from "../../../../opml-dispute/index.ts";
import {
  answerAgain,
  answered,
  createDisputeWorld,
  decide,
  join,
  joinSalt,
  playerOf,
  playUntil,
  runOf,
  seen,
  send,
} from "../support/disputeWorld.ts";
import { ask, MODEL_ID, proveWeights, requestOf, runnerOf, statusOf } from "../support/market.ts";
import { addressOf, expectRefused, type World } from "../support/world.ts";

const LIE = { op: 0, element: 299, by: 40 };
const LAST_LIE = { op: 1, element: 2, by: 3 };
const BOND = (world: World): bigint => world.query("dispute", "Bounds", { modelId: MODEL_ID }).claimBondUaivm;

const isFinal = (world: World, requestId: Uint8Array) => (): boolean =>
  statusOf(world, requestId) === "FINAL";
const eventTypes = (world: World): string[] => world.events.map(({ type }) => type);
const attributesOf = (world: World, type: string): Readonly<Record<string, string>> => {
  const event = world.events.findLast((other) => other.type === type);
  return Object.fromEntries(event?.attributes.map(({ key, value }) => [key, value]) ?? []);
};

/** All coins in the accounts that a test knows of. */
function moneyIn(world: World): bigint {
  const people = ["registrar", "r1", "r2", "user", "watcher", "watcher2", "rival", "stranger"];
  const modules = ["model", "runner", "inference", "dispute", "tee", "fee_collector", "audit_pool"];
  const add = (sum: bigint, amount: bigint): bigint => sum + amount;
  return people.map(world.balance).reduce(add, 0n) + modules.map(world.moduleBalance).reduce(add, 0n);
}

describe("a result that nobody contests", () => {
  it("is ACCEPTED for its window, then FINAL, and the claim bond is the runner's again", async () => {
    const world = createDisputeWorld();
    const before = runnerOf(world, "r1").bondUaivm;
    const { requestId, run } = await answered(world);
    expect(statusOf(world, requestId)).to.equal("ACCEPTED");
    expect(world.moduleBalance("dispute")).to.equal(BOND(world));
    world.nextBlocks(19);
    expect(statusOf(world, requestId)).to.equal("ACCEPTED");
    world.nextBlocks(3);
    expect(statusOf(world, requestId)).to.equal("FINAL");
    expect(world.query("inference", "Result", { requestId }).result?.output).to.deep.equal(run.output);
    expect(world.moduleBalance("dispute")).to.equal(0n);
    expect(runnerOf(world, "r1").bondUaivm).to.equal(before);
  });

  it("waits while its model is not ACTIVE, and goes on when it is", async () => {
    const world = createDisputeWorld({ genesis: { model: { epochBlocks: 15n } } });
    const { requestId } = await answered(world);
    world.nextBlocks(60);
    expect(statusOf(world, requestId)).to.equal("ACCEPTED");
    while ((world.height() + 1n) % 15n !== 1n) world.nextBlock();
    world.nextBlock();
    proveWeights(world, "r1");
    world.nextBlocks(2);
    expect(statusOf(world, requestId)).to.equal("FINAL");
  });
});

describe("a false result and a watcher", () => {
  for (const lie of [LIE, LAST_LIE]) {
    it(`is replaced by the watcher's after a game to one element (op ${lie.op}), and every coin is accounted for`, async () => {
      const world = createDisputeWorld();
      const bond = BOND(world);
      const supply = world.supply();
      const balance = world.balance("watcher");
      const { requestId, run, truth } = await answered(world, "r1", lie);
      const watcher = { name: "watcher", run: truth };
      join(world, requestId, watcher);
      expect(world.balance("watcher")).to.equal(balance - bond);
      world.nextBlock();
      const players = [{ name: "r1", run }, watcher];
      playUntil(world, requestId, { players, done: () => seen(world, requestId).game.matches.length === 1 });
      expect(statusOf(world, requestId)).to.equal("DISPUTED");
      playUntil(world, requestId, { players, done: isFinal(world, requestId) });

      const { result } = world.query("inference", "Result", { requestId });
      expect(result?.output).to.deep.equal(truth.output);
      expect(result?.runner).to.equal(addressOf("watcher"));
      expect(result?.traceRoot).to.deep.equal(truth.trace.root);
      const burned = bond - bond / 2n;
      const reward = bond / 2n;
      expect(attributesOf(world, "claim_lost")).to.include({
        claimant: addressOf("r1"),
        bond: `${bond}uaivm`,
        burned: `${burned}uaivm`,
        reason: "ELEMENT",
      });
      expect(attributesOf(world, "element_proved")).to.include({
        op: `${lie.op}`,
        element: `${lie.element}`,
      });
      expect(world.supply()).to.equal(supply - burned);
      expect(moneyIn(world)).to.equal(world.supply());
      expect(world.moduleBalance("dispute")).to.equal(0n);
      expect(world.balance("watcher") - balance).to.satisfy((gain: bigint) => gain >= reward);
      expect(runnerOf(world, "r1").disputesLost).to.equal(1n);
      expect(runnerOf(world, "r1").bondUaivm).to.equal(100_000_000n - bond);
      const { moves } = world.query("dispute", "Bounds", { modelId: MODEL_ID });
      expect(seen(world, requestId).game.matches[0]?.moves).to.be.at.most(moves);
      expect(eventTypes(world)).to.include.members([
        "dispute_opened",
        "dispute_joined",
        "dispute_revealed",
        "match_opened",
        "trace_root_posted",
        "node_opened",
        "match_over",
        "dispute_settled",
      ]);
    });
  }

  it("falls to a watcher that decides from the chain alone, though it starts anew at every block", async () => {
    const world = createDisputeWorld();
    const { requestId, run, truth } = await answered(world, "r1", LIE);
    join(world, requestId, { name: "watcher", run: truth });
    world.nextBlock();
    for (let block = 0; block < 300 && !isFinal(world, requestId)(); block++) {
      // The one is awake in even blocks, the other in odd ones.
      const by = block % 2 === 0 ? { name: "r1", run } : { name: "watcher", run: truth };
      for (const action of decide(world, requestId, by)) send(world, by.name, action);
      world.nextBlock();
    }
    expect(world.query("inference", "Result", { requestId }).result?.output).to.deep.equal(truth.output);
  });

  it("falls by its clock when its runner never shows its trace", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    const watcher = { name: "watcher", run: truth };
    join(world, requestId, watcher);
    world.nextBlock();
    playUntil(world, requestId, { players: [watcher], done: isFinal(world, requestId) });
    expect(attributesOf(world, "claim_lost").reason).to.equal("TIMEOUT");
    expect(moneyIn(world)).to.equal(world.supply());
  });
});

describe("a true result and a false rival", () => {
  it("stays, and its runner has the rival's half bond", async () => {
    const world = createDisputeWorld();
    const bond = BOND(world);
    const { requestId, run } = await answered(world);
    const rival = { name: "rival", run: await runOf(requestOf(world, requestId), LIE) };
    const balance = world.balance("r1");
    join(world, requestId, rival);
    world.nextBlock();
    const players = [{ name: "r1", run }, rival];
    playUntil(world, requestId, { players, done: () => eventTypes(world).includes("claim_lost") });
    expect(statusOf(world, requestId)).to.equal("ACCEPTED");
    playUntil(world, requestId, { players, done: isFinal(world, requestId) });
    expect(world.query("inference", "Result", { requestId }).result?.runner).to.equal(addressOf("r1"));
    expect(world.balance("r1") - balance).to.satisfy((gain: bigint) => gain >= bond / 2n);
    expect(runnerOf(world, "r1").bondUaivm).to.equal(100_000_000n);
    expect(runnerOf(world, "r1").disputesLost).to.equal(0n);
    expect(moneyIn(world)).to.equal(world.supply());
  });
});

describe("several rivals", () => {
  it("play out a bracket until one output is left, whoever was first", async () => {
    const world = createDisputeWorld();
    const { requestId, run, truth } = await answered(world, "r1", LIE);
    const second = { name: "rival", run: await runOf(requestOf(world, requestId), LAST_LIE) };
    const watcher = { name: "watcher", run: truth };
    for (const by of [second, watcher]) join(world, requestId, by);
    world.nextBlock();
    const players = [{ name: "r1", run }, second, watcher];
    playUntil(world, requestId, { players, done: isFinal(world, requestId) });
    expect(world.query("inference", "Result", { requestId }).result?.output).to.deep.equal(truth.output);
    expect(seen(world, requestId).game.matches.length).to.equal(2);
    expect(moneyIn(world)).to.equal(world.supply());
    expect(world.moduleBalance("dispute")).to.equal(0n);
  });
});

describe("no survivor", () => {
  it("voids the claim set; the request opens again, and its next result has a claim set of its own", async () => {
    const world = createDisputeWorld({ runners: ["r1", "r2"] });
    const requestId = ask(world);
    const first = requestOf(world, requestId).assigned === addressOf("r1") ? "r1" : "r2";
    const next = first === "r1" ? "r2" : "r1";
    const run = await answerAgain(world, requestId, { runner: first, lie: LIE });
    const rival = { name: "rival", run: await runOf(requestOf(world, requestId), LAST_LIE) };
    join(world, requestId, rival);
    world.nextBlock();
    for (const action of decide(world, requestId, rival)) send(world, "rival", action);
    // Same block as the match: both clocks start together, and nobody moves again.
    for (const action of decide(world, requestId, { name: first, run })) {
      if (action.kind !== "postTraceRoot") continue;
      send(world, first, { ...action, value: { ...action.value, children: [] } });
    }
    const [old] = seen(world, requestId).game.matches;
    playUntil(world, requestId, { players: [], done: () => statusOf(world, requestId) === "OPEN" });
    expect(eventTypes(world)).to.include("request_reopened");
    expect(moneyIn(world)).to.equal(world.supply());
    expect(world.moduleBalance("dispute")).to.equal(0n);

    while (statusOf(world, requestId) === "OPEN" && requestOf(world, requestId).assigned !== addressOf(next))
      world.nextBlock();
    const truth = await answerAgain(world, requestId, { runner: next });
    expect(seen(world, requestId).game.dispute.generation).to.equal(2);
    expect(seen(world, requestId).game.matches).to.deep.equal([]);
    expectRefused(world, { codespace: "dispute", code: DISPUTE_CODES.match, says: /match/ }, () =>
      world.tx("aivm.dispute.v1.MsgTimeout", {
        sender: addressOf("stranger"),
        matchId: old?.id ?? new Uint8Array(32),
      }),
    );
    playUntil(world, requestId, { players: [], done: isFinal(world, requestId) });
    expect(world.query("inference", "Result", { requestId }).result?.output).to.deep.equal(truth.output);
  });
});

describe("dispute time", () => {
  it("advances by at most five intervals a block, so that a halt expires nobody's clock", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    join(world, requestId, { name: "watcher", run: truth });
    world.nextBlock();
    for (const action of decide(world, requestId, { name: "watcher", run: truth }))
      send(world, "watcher", action);
    const { nowMs } = seen(world, requestId).moment;
    world.nextBlock(3_600_000n);
    expect(seen(world, requestId).moment.nowMs - nowMs).to.equal(2_500n);
    expect(seen(world, requestId).game.claims.map(({ status }) => status)).to.deep.equal([1, 1]);
  });

  it("is what the query's deadlines are in", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    join(world, requestId, { name: "watcher", run: truth });
    world.nextBlock();
    for (const action of decide(world, requestId, { name: "watcher", run: truth }))
      send(world, "watcher", action);
    const answerNow = world.query("dispute", "Dispute", { requestId });
    const [deadline, ...others] = answerNow.deadlines;
    expect(others).to.deep.equal([]);
    expect(deadline?.claim).to.equal(0);
    expect(deadline?.atMs).to.equal(answerNow.nowMs + (answerNow.dispute?.rules?.clockMs ?? 0n));
    expect(deadline?.blocks).to.equal(((answerNow.dispute?.rules?.clockMs ?? 0n) + 499n) / 500n);
    expect(answerNow.outputs[1]).to.deep.equal(truth.output);
  });
});

describe("a refused message of the game changes neither state nor balances", () => {
  const refused = (
    world: World,
    code: keyof typeof DISPUTE_CODES,
    says: RegExp,
    attempt: () => unknown,
  ): void => expectRefused(world, { codespace: "dispute", code: DISPUTE_CODES[code], says }, attempt);

  it("a challenge after the window", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    while (seen(world, requestId).joinable) world.nextBlock();
    expect(statusOf(world, requestId)).to.equal("ACCEPTED");
    refused(world, "window", /challenge/, () => join(world, requestId, { name: "watcher", run: truth }));
    world.nextBlocks(2);
    expect(statusOf(world, requestId)).to.equal("FINAL");
    refused(world, "over", /dispute/, () => join(world, requestId, { name: "watcher", run: truth }));
  });

  it("a challenge to a request that is unknown or has no result", async () => {
    const world = createDisputeWorld();
    const requestId = ask(world);
    const run = await runOf(requestOf(world, requestId));
    refused(world, "unknownDispute", /ACCEPTED or DISPUTED/, () =>
      join(world, requestId, { name: "watcher", run }),
    );
    refused(world, "unknownDispute", /request/, () =>
      join(world, new Uint8Array(32), { name: "watcher", run }),
    );
  });

  it("a challenge without the money for its bond", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    expectRefused(world, { codespace: "sdk", code: 5, says: /insufficient funds/ }, () =>
      join(world, requestId, { name: "pauper", run: truth }),
    );
  });

  it("a commitment twice, a reveal twice, too soon, and of something else", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world, "r1", LIE);
    const watcher = { name: "watcher", run: truth };
    join(world, requestId, watcher);
    refused(world, "joined", /challenger/, () => join(world, requestId, watcher));
    const revealIt = (): void => {
      for (const action of decideMoves(seen(world, requestId), playerOf(world, requestId, watcher)))
        if (action.kind === "revealJoin") send(world, "watcher", action);
    };
    refused(world, "tooSoon", /later block/, revealIt);
    world.nextBlock();
    const [reveal] = decide(world, requestId, watcher);
    if (reveal?.kind !== "revealJoin") throw new Error("no reveal");
    const again = (change: Partial<typeof reveal.value>) => () =>
      send(world, "watcher", { ...reveal, value: { ...reveal.value, ...change } });
    refused(world, "commitment", /committed/, again({ salt: joinSalt("stranger") }));
    refused(world, "output", /output/, again({ output: truth.output.slice(1) }));
    refused(world, "malformed", /salt/, again({ salt: new Uint8Array(31) }));
    refused(world, "slot", /slot/, again({ inputSlot: undefined }));
    refused(world, "slot", /slot/, again({ inputSlot: reveal.value.outputSlot }));
    refused(world, "noJoin", /reveal/, () => send(world, "stranger", reveal));
    send(world, "watcher", reveal);
    refused(world, "revealed", /reveal/, () => send(world, "watcher", reveal));
  });

  it("a wrong opening, a wrong target, a wrong witness, a foreign trace root, an early timeout", async () => {
    const world = createDisputeWorld();
    const { requestId, run, truth } = await answered(world, "r1", LIE);
    const watcher = { name: "watcher", run: truth };
    const liar = { name: "r1", run };
    join(world, requestId, watcher);
    world.nextBlock();
    for (const action of decide(world, requestId, watcher)) send(world, "watcher", action);
    const [post] = decide(world, requestId, liar);
    if (post?.kind !== "postTraceRoot") throw new Error("no trace root");
    refused(world, "signer", /author/, () => send(world, "stranger", post));
    refused(world, "opening", /opening/, () =>
      send(world, "r1", { ...post, value: { ...post.value, children: post.value.children.slice(1) } }),
    );
    send(world, "r1", post);
    refused(world, "clock", /clock/, () =>
      world.tx("aivm.dispute.v1.MsgTimeout", {
        sender: addressOf("stranger"),
        matchId: seen(world, requestId).game.matches[0]?.id ?? new Uint8Array(),
      }),
    );
    for (let turn = 0; turn < 20; turn++) {
      for (const by of [watcher, liar]) {
        const [action] = decide(world, requestId, by);
        if (action === undefined) continue;
        if (action.kind === "openNode") {
          const children = action.value.children.map((child) => child.map((byte) => byte ^ 1));
          refused(world, "opening", /opening/, () =>
            send(world, "stranger", { ...action, value: { ...action.value, children } }),
          );
          refused(world, "target", /target/, () =>
            send(world, "stranger", { ...action, value: { ...action.value, level: action.value.level + 1 } }),
          );
        }
        if (action.kind === "proveElement") {
          const witness = Uint8Array.from(action.value.witness, (byte, i) => (i === 20 ? byte ^ 1 : byte));
          refused(world, "witness", /witness/, () =>
            send(world, "stranger", { ...action, value: { ...action.value, witness } }),
          );
        }
        send(world, by.name, action);
      }
    }
    expect(eventTypes(world)).to.include("element_proved");
  });
});

describe("an unrevealed commitment", () => {
  it("is burned after five blocks, and the result is not held up longer", async () => {
    const world = createDisputeWorld();
    const { requestId, truth } = await answered(world);
    const supply = world.supply();
    join(world, requestId, { name: "rival", run: truth });
    world.nextBlocks(6);
    expect(world.supply()).to.equal(supply - BOND(world));
    expect(attributesOf(world, "dispute_join_expired").challenger).to.equal(addressOf("rival"));
    world.nextBlocks(16);
    expect(statusOf(world, requestId)).to.equal("FINAL");
    expect(moneyIn(world)).to.equal(world.supply());
  });
});

describe("bounds", () => {
  it("say levels, moves, bond and the worst case that the module itself enforces at acceptance", () => {
    const world = createDisputeWorld();
    const bounds = world.query("dispute", "Bounds", { modelId: MODEL_ID, windowMs: 10_000n, rivals: 1 });
    expect(bounds.opLevels).to.equal(1);
    expect(bounds.tileLevels).to.equal(1);
    expect(bounds.moves).to.equal(5);
    expect(bounds.matchMs).to.equal(bounds.replayMs + 3n * 2_000n);
    const clockMs = 20_000n + bounds.matchMs / 2n;
    expect(bounds.longestMatchMs).to.equal(2n * (clockMs + 6_000n));
    expect(bounds.worstCaseMs).to.equal(
      10_000n + 12_500n + 10_000n + 2_500n + bounds.longestMatchMs + 2_500n,
    );
    expect(bounds.formula).to.match(/T_replay/);
    const two = world.query("dispute", "Bounds", { modelId: MODEL_ID, windowMs: 10_000n, rivals: 3 });
    expect(two.worstCaseMs > bounds.worstCaseMs).to.equal(true);
  });

  it("of an unknown model are refused", () => {
    const world = createDisputeWorld();
    expectRefused(world, { codespace: "sdk", code: 22, says: /model/ }, () =>
      world.query("dispute", "Bounds", { modelId: new Uint8Array(32) }),
    );
  });
});

describe("genesis", () => {
  it("refuses parameters under which no honest player has time to move", () => {
    expect(() => createDisputeWorld({ genesis: { dispute: { params: { clockMs: "9999" } } } })).to.throw(
      /at least 20 block intervals/,
    );
  });
});

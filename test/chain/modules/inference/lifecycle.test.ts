import { expect } from "chai";
import { inputRoot, outputRoot, outputsFromBytes, tensorFromBytes } from "../../../../aivm/index.ts";
import { keccak256 } from "../../../../proto/evm.ts";
import { defaultSeed, requestIdOf } from "../../../../proto/hashes.ts";
import { RequestStatus } from "../../../../proto/index.ts";
import {
  answer,
  ask,
  CLAIM_BOND,
  commit,
  INPUT,
  MODEL,
  MODEL_FEE,
  MODEL_ID,
  OUTPUT,
  openMarket,
  PAYEE,
  proveWeights,
  RUNNER_BOND,
  registerRunner,
  requestOf,
  reveal,
  runnerOf,
  statusOf,
} from "../support/market.ts";
import { addressOf, CHAIN_ID } from "../support/world.ts";

describe("life of a request", () => {
  it("is escrowed, assigned, committed to, revealed, and final when its window is over", () => {
    const world = openMarket();
    const id = ask(world);
    expect(statusOf(world, id)).to.equal("OPEN");
    expect(world.moduleBalance("inference")).to.equal(MODEL_FEE);
    expect(requestOf(world, id)).to.deep.include({
      assigned: addressOf("r1"),
      openToAllHeight: world.height() + 10n,
    });
    commit(world, id, "r1");
    expect(statusOf(world, id)).to.equal("COMMITTED");
    expect(runnerOf(world, "r1").lockedUaivm).to.equal(CLAIM_BOND);
    world.nextBlock();
    reveal(world, id, "r1");
    expect(statusOf(world, id)).to.equal("ACCEPTED");
    expect(world.moduleBalance("dispute")).to.equal(CLAIM_BOND);
    expect(runnerOf(world, "r1")).to.include({ lockedUaivm: 0n, inPlayUaivm: CLAIM_BOND, jailed: false });
    const { windowMs } = requestOf(world, id);
    world.nextBlock(windowMs - 1n);
    world.nextBlock(1n);
    expect(statusOf(world, id), "one millisecond early").to.equal("ACCEPTED");
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("FINAL");
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: RUNNER_BOND, inPlayUaivm: 0n, jobsFinal: 1n });
    expect(world.moduleBalance("inference")).to.equal(0n);
    expect(world.moduleBalance("dispute")).to.equal(0n);
  });

  it("records what the chain computed itself: roots, hash, heights, payee", () => {
    const world = openMarket();
    const id = ask(world);
    answer(world, id, "r1");
    const { result: standing } = world.query("inference", "Result", { requestId: id });
    expect(standing?.finalHeight).to.equal(0n);
    world.nextBlock(20_000n);
    const finalHeight = world.height();
    world.nextBlock();
    const { result } = world.query("inference", "Result", { requestId: id });
    expect(result).to.deep.include({
      requestId: id,
      modelId: MODEL_ID,
      output: OUTPUT,
      outputRoot: outputRoot(outputsFromBytes(MODEL.program, OUTPUT)),
      outputKeccak: keccak256(OUTPUT),
      inputRoot: requestOf(world, id).inputRoot,
      runner: addressOf("r1"),
      payee: PAYEE,
      tier: 8,
      acceptedHeight: 2n,
      finalHeight,
      traceRoot: new Uint8Array(),
    });
  });

  it("has the id, the seed and the input root of the common rules", () => {
    const world = openMarket();
    const id = ask(world);
    expect(id).to.deep.equal(requestIdOf(CHAIN_ID, 1n));
    const { seed, inputRoot: root, maxTokens } = requestOf(world, id);
    expect(seed).to.deep.equal(defaultSeed(id, world.blockHash(world.height())));
    const [port] = MODEL.program.inputs;
    if (port === undefined) throw new Error("no input");
    const tensors = [tensorFromBytes(port.type, INPUT)];
    expect(root).to.deep.equal(inputRoot({ tensors, seed, maxTokens }));
    expect(world.query("inference", "Input", { requestId: id }).input).to.deep.equal(INPUT);
    const own = new Uint8Array(32).fill(5);
    expect(requestOf(world, ask(world, { seed: own })).seed).to.deep.equal(own);
  });

  it("its window is the largest of the parameter, what was asked, and three replays with 20 blocks", () => {
    const world = openMarket();
    const replayMs = world.query("model", "Model", { modelId: MODEL_ID }).model?.replayMs ?? 0n;
    expect(requestOf(world, ask(world)).windowMs).to.equal(3n * replayMs + 10_000n);
    expect(requestOf(world, ask(world, { windowMs: 60_000n })).windowMs).to.equal(60_000n);
    const patient = openMarket({ genesis: { inference: { windowMs: 30_000n } } });
    expect(requestOf(patient, ask(patient)).windowMs).to.equal(30_000n);
  });

  it("stays OPEN while nobody is eligible, and gets the first runner that is", () => {
    const world = openMarket({ runners: [] });
    const id = ask(world);
    world.nextBlocks(3);
    expect(requestOf(world, id)).to.include({ assigned: "", status: RequestStatus.REQUEST_STATUS_OPEN });
    registerRunner(world, "r1");
    proveWeights(world, "r1");
    world.nextBlock();
    expect(requestOf(world, id)).to.include({ assigned: addressOf("r1") });
    answer(world, id, "r1");
    expect(statusOf(world, id)).to.equal("ACCEPTED");
  });

  it("is open to every eligible runner after assign_blocks", () => {
    const world = openMarket({ runners: ["r1"] });
    const id = ask(world);
    registerRunner(world, "r2");
    proveWeights(world, "r2");
    expect(() => commit(world, id, "r2")).to.throw(/NOT_ASSIGNED/);
    world.nextBlocks(10);
    commit(world, id, "r2");
    expect(requestOf(world, id).committer).to.equal(addressOf("r2"));
  });

  it("a commitment that is not revealed costs a share of the bond, burned, and the request goes to another", () => {
    const world = openMarket({ runners: ["r1"] });
    const id = ask(world);
    commit(world, id, "r1");
    const supply = world.supply();
    world.nextBlocks(20);
    expect(statusOf(world, id)).to.equal("COMMITTED");
    world.nextBlock();
    const penalty = CLAIM_BOND / 10n;
    expect(requestOf(world, id)).to.deep.include({
      status: RequestStatus.REQUEST_STATUS_OPEN,
      reopened: 0,
      excluded: [addressOf("r1")],
      assigned: "",
    });
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: RUNNER_BOND - penalty, lockedUaivm: 0n });
    expect(world.supply()).to.equal(supply - penalty);
    expect(() => commit(world, id, "r1")).to.throw(/failed this request before/);
    registerRunner(world, "r2");
    proveWeights(world, "r2");
    world.nextBlock();
    answer(world, id, "r2");
    expect(statusOf(world, id)).to.equal("ACCEPTED");
  });

  it("void reopens it twice, without those who lost; the third time it expires with a refund", () => {
    const world = openMarket({ runners: ["r1", "r2", "r3"] });
    const id = ask(world);
    const paid = world.balance("user");
    for (const round of [1, 2, 3]) {
      const name = ["r1", "r2", "r3"].find((one) => addressOf(one) === requestOf(world, id).assigned) ?? "";
      answer(world, id, name);
      world.game.loseAll(world.ctx(), id);
      expect(runnerOf(world, name)).to.include({ bondUaivm: RUNNER_BOND - CLAIM_BOND, disputesLost: 1n });
      expect(statusOf(world, id)).to.equal(round < 3 ? "OPEN" : "EXPIRED");
      if (round < 3) expect(requestOf(world, id)).to.include({ reopened: round });
      expect(() => world.query("inference", "Result", { requestId: id })).to.throw(/not found/);
    }
    expect(world.balance("user")).to.equal(paid + MODEL_FEE);
    expect(requestOf(world, id).expiredReason).to.match(/no claim survived, 3 times/);
  });

  it("when a challenger's claim stands, the challenger is paid and its output is the result", () => {
    const world = openMarket();
    const id = ask(world);
    answer(world, id, "r1");
    const output = Uint8Array.of(9, 0, 9, 0, 9, 0, 9, 0);
    const root = outputRoot(outputsFromBytes(MODEL.program, output));
    const winner = { claimant: addressOf("r4"), output, outputRoot: root, payee: new Uint8Array() };
    world.game.loseTo(world.ctx(), id, winner);
    expect(statusOf(world, id)).to.equal("DISPUTED");
    const before = world.balance("r4");
    world.nextBlock(20_000n);
    world.nextBlock();
    const { result } = world.query("inference", "Result", { requestId: id });
    expect(result).to.deep.include({ runner: addressOf("r4"), output, outputRoot: root });
    expect(world.balance("r4")).to.equal(before + 8_500n);
  });

  it("no result of a model that is not ACTIVE becomes final; it waits until the model is", () => {
    const world = openMarket({ genesis: { model: { epochBlocks: 10n } } });
    const id = ask(world);
    answer(world, id, "r1");
    while (world.height() < 10n) world.nextBlock();
    world.nextBlock(20_000n);
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("ACCEPTED");
    proveWeights(world, "r1");
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("FINAL");
  });

  it("a result that would be final after the deadline is not paid: refund, and the bond goes back", () => {
    const world = openMarket();
    const deadlineMs = world.timeMs() + 120_000n;
    const id = ask(world, { deadlineMs });
    const paid = world.balance("user");
    answer(world, id, "r1");
    world.nextBlock(150_000n);
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("EXPIRED");
    expect(world.balance("user")).to.equal(paid + MODEL_FEE);
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: RUNNER_BOND, inPlayUaivm: 0n, jobsFinal: 0n });
  });

  it("expires with a refund as soon as no answer could be final before the deadline", () => {
    const world = openMarket({ runners: [] });
    const id = ask(world, { deadlineMs: world.timeMs() + 120_000n });
    const paid = world.balance("user");
    const lastCommit = requestOf(world, id).deadlineMs - requestOf(world, id).windowMs;
    world.nextBlock(lastCommit - world.timeMs());
    expect(statusOf(world, id)).to.equal("OPEN");
    world.nextBlock(1n);
    expect(statusOf(world, id)).to.equal("OPEN");
    world.nextBlock();
    expect(statusOf(world, id)).to.equal("EXPIRED");
    expect(world.balance("user")).to.equal(paid + MODEL_FEE);
    expect(requestOf(world, id).expiredReason).to.match(/nobody answered/);
  });

  it("a runner takes as many open jobs as its bond allows, no more", () => {
    const world = openMarket({ runners: ["r1"] });
    const ids = Array.from({ length: 6 }, () => ask(world));
    const room = Number(RUNNER_BOND / CLAIM_BOND);
    for (const id of ids.slice(0, room)) commit(world, id, "r1");
    const sixth = ids[room] ?? new Uint8Array();
    expect(() => commit(world, sixth, "r1")).to.throw(/0uaivm of free bond where 400000uaivm must stand/);
    world.nextBlock();
    for (const id of ids.slice(0, room)) reveal(world, id, "r1");
    expect(runnerOf(world, "r1")).to.include({ bondUaivm: 0n, inPlayUaivm: RUNNER_BOND, jailed: false });
    world.nextBlock(20_000n);
    world.nextBlock();
    commit(world, sixth, "r1");
  });

  it("the value at risk must be covered by free bond, and that much is locked", () => {
    const world = openMarket({ runners: ["r1"] });
    expect(requestOf(world, ask(world, { valueAtRiskUaivm: RUNNER_BOND + 1n })).assigned).to.equal("");
    const id = ask(world, { valueAtRiskUaivm: 1_500_000n });
    commit(world, id, "r1");
    expect(runnerOf(world, "r1").lockedUaivm).to.equal(1_500_000n);
  });

  it("lists requests by status, in order, page by page", () => {
    const world = openMarket();
    const ids = [ask(world), ask(world), ask(world)];
    commit(world, ids[1] ?? new Uint8Array(), "r1");
    const { REQUEST_STATUS_OPEN, REQUEST_STATUS_COMMITTED } = RequestStatus;
    const list = (value: {
      readonly status?: number;
      readonly limit?: number;
      readonly startAfter?: bigint;
    }) => world.query("inference", "Requests", value).requests.map(({ id }) => id);
    expect(list({})).to.deep.equal(ids);
    expect(list({ status: REQUEST_STATUS_OPEN })).to.deep.equal([ids[0], ids[2]]);
    expect(list({ status: REQUEST_STATUS_COMMITTED })).to.deep.equal([ids[1]]);
    expect(list({ startAfter: 1n, limit: 1 })).to.deep.equal([ids[1]]);
    expect(list({ status: REQUEST_STATUS_OPEN, startAfter: 1n })).to.deep.equal([ids[2]]);
  });
});

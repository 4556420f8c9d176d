import { expect } from "chai";
import { type Address, type Hex, parseEventLogs } from "viem";
import { oracleAbi, STATUS_FINAL, STATUS_PENDING } from "../../oracle-relayer/core/abi.ts";
import { hexOf } from "../../oracle-relayer/core/encode.ts";
import { LIFECYCLE } from "../../oracle-relayer/core/lifecycle.ts";
import type { Stage } from "../../oracle-relayer/core/state.ts";
import type { EvmPort, StorePort } from "../../oracle-relayer/ports.ts";
import { keccak256, RESULT_EXPIRED, RESULT_PROVISIONAL } from "../../proto/evm.ts";
import {
  createRig,
  evmOf,
  type PlayedChain,
  playChain,
  type Rig,
  temporaryStore,
  tickUntil,
} from "./support/relayer.ts";
import {
  type Asked,
  abiOf,
  account,
  ask,
  asked,
  createWorld,
  deliver,
  delivery,
  deploy,
  MODEL_ID,
  validators,
  type World,
} from "./support/world.ts";

const OUTPUT = new Uint8Array(44).map((_, i) => (i === 0 ? 7 : i < 4 ? 0 : i));

describe("relayer on a real EVM", () => {
  let world: World;
  let snapshot: Hex;

  before(async () => {
    world = await createWorld(validators([1n]));
  });
  after(() => world.anvil.stop());
  beforeEach(async () => {
    snapshot = await world.client.snapshot();
  });
  afterEach(async () => {
    await world.client.setAutomine(true);
    await world.client.revert({ id: snapshot });
  });

  const statusOf = (one: Asked): Promise<number> =>
    world.client.readContract({
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "statusOf",
      args: [one.id],
    });

  const deliveries = (): Promise<number> =>
    world.client
      .getContractEvents({
        address: world.deployed.oracle,
        abi: oracleAbi,
        eventName: "AICallbackResult",
        fromBlock: 0n,
      })
      .then((logs) => logs.length);

  it("carries a request to the chain and its answer to the consumer", async () => {
    const consumer = await deploy(world, "DigitConsumer", [world.deployed.oracle, hexOf(MODEL_ID)]);
    const one = await askConsumer(consumer);
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    const [seen] = [...rig.chain.observed.values()];
    expect(hexOf(seen?.evmRequestId ?? OUTPUT)).to.equal(hexOf(one.requestId));
    expect(hexOf(seen?.blockHash ?? OUTPUT)).to.equal(one.receipt.blockHash);
    expect(hexOf(seen?.request.input ?? OUTPUT)).to.equal(hexOf(new Uint8Array(64).fill(3)));
    rig.chain.answerAll(OUTPUT);
    await tickUntil(rig, ["DONE"]);
    const answer = await world.client.readContract({
      address: consumer,
      abi: abiOf("DigitConsumer"),
      functionName: "answers",
      args: [one.id],
    });
    expect(answer).to.deep.equal([7, true, hexOf(keccak256(OUTPUT))]);
  });

  it("does the same when four validators sign", async () => {
    const four = await createWorld(validators([5n, 4n, 3n, 2n]));
    try {
      await ask(four);
      const rig = await createRig(four);
      await tickUntil(rig, ["OBSERVED"]);
      rig.chain.answerAll(OUTPUT);
      await tickUntil(rig, ["DONE"]);
      expect(
        await rig.evm.requestStatus([...rig.chain.observed.values()][0]?.evmRequestId ?? OUTPUT),
      ).to.equal(STATUS_FINAL);
    } finally {
      await four.anvil.stop();
    }
  });

  it("works off many requests, each delivered once, and goes only where the table of stages leads", async () => {
    for (let i = 0; i < 4; i++) await ask(world, { input: new Uint8Array([i + 1]) });
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(OUTPUT);
    await tickUntil(rig, ["DONE"]);
    expect(await deliveries()).to.equal(4);
    await rig.relayer.tick();
    expect(await deliveries()).to.equal(4);
    assertLegal(rig);
  });

  it("delivers EXPIRED as a refund", async () => {
    const one = await ask(world);
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(new Uint8Array(), { status: RESULT_EXPIRED, tier: 0, payee: new Uint8Array(20) });
    await tickUntil(rig, ["DONE"]);
    expect(await statusOf(one)).to.equal(3);
  });

  it("waits out a provisional result", async () => {
    await ask(world);
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(OUTPUT, { status: RESULT_PROVISIONAL });
    for (let i = 0; i < 3; i++) await rig.relayer.tick();
    expect(rig.stages()).to.deep.equal(["OBSERVED"]);
  });

  it("sends nothing when another relayer has delivered already", async () => {
    const one = await ask(world);
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    await deliver(world, delivery(world, one, OUTPUT), { from: account(5) });
    rig.chain.answerAll(OUTPUT);
    const nonce = await rig.evm.senderNonce();
    await tickUntil(rig, ["DONE"]);
    expect(await rig.evm.senderNonce()).to.equal(nonce);
  });

  it("takes it as success when another relayer's transaction gets in first", async () => {
    await ask(world);
    const chain = playChain(world);
    const slow = await createRig(world, { chain });
    await tickUntil(slow, ["OBSERVED"]);
    chain.answerAll(OUTPUT);
    await tickUntil(slow, ["PROVEN"]);
    await world.client.setAutomine(false);
    await tickUntil(slow, ["SENT"]);
    const fast = await createRig(world, { chain, sender: 5, evm: await generous(await evmOf(world, 5)) });
    await tickUntil(fast, ["SENT"]);
    const third = await createRig(world, { chain, sender: 6 });
    for (let i = 0; i < 4; i++) await third.relayer.tick();
    expect(third.stages()[0]).to.be.oneOf(["OBSERVED", "PROVEN"]); // the node shows it that others are on their way
    await world.client.mine({ blocks: 1 });
    await tickUntil(slow, ["DONE"]);
    await tickUntil(fast, ["DONE"]);
    await tickUntil(third, ["DONE"]);
    expect(await deliveries()).to.equal(1);
    const reasons = [slow, fast].map((rig) => [...rig.relayer.state().jobs.values()][0]?.reason);
    expect(reasons.sort()).to.deep.equal(["another relayer was faster", "delivered"]);
  });

  it("quarantines a proof that does not fit the request, and sends nothing", async () => {
    const one = await ask(world);
    const rig = await createRig(world);
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(OUTPUT, { modelId: keccak256() });
    await tickUntil(rig, ["QUARANTINED"]);
    expect([...rig.relayer.state().jobs.values()][0]?.reason).to.contain("modelId");
    expect(await statusOf(one)).to.equal(STATUS_PENDING);
  });

  it("quarantines a proof by strangers at the dry run, and spends no gas", async () => {
    await ask(world);
    const strangers = { ...world, signers: validators([1n], 8) };
    const rig = await createRig(world, { chain: playChain(strangers) });
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(OUTPUT);
    const nonce = await rig.evm.senderNonce();
    await tickUntil(rig, ["QUARANTINED"]);
    expect([...rig.relayer.state().jobs.values()][0]?.reason).to.equal("BadSignature");
    expect(await rig.evm.senderNonce()).to.equal(nonce);
  });

  it("reads a block only when it is as deep as told", async () => {
    await ask(world);
    const rig = await createRig(world, { policy: { confirmations: 3n } });
    await rig.relayer.tick();
    expect(rig.stages()).to.deep.equal([]);
    await world.client.mine({ blocks: 2 });
    await rig.relayer.tick();
    expect(rig.stages()).to.deep.equal([]);
    await world.client.mine({ blocks: 1 });
    await rig.relayer.tick();
    expect(rig.stages()).to.deep.equal(["OBSERVED"]);
  });

  it("reads a long chain in spans, and finds every request in order", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(hexOf((await ask(world)).requestId).slice(2));
      await world.client.mine({ blocks: 5 });
    }
    const rig = await createRig(world, { policy: { maxSpan: 4n } });
    await rig.relayer.tick();
    expect([...rig.relayer.state().jobs.keys()]).to.deep.equal(ids);
  });

  it("refuses a contract address without code", async () => {
    const nowhere = { ...world, deployed: { ...world.deployed, oracle: `0x${"99".repeat(20)}` as Address } };
    let code = "";
    await evmOf(nowhere).catch((error: { code: string }) => {
      code = error.code;
    });
    expect(code).to.equal("RELAYER_EVM");
  });

  describe("when the EVM chain reorganises", () => {
    it("drops a request whose block is undone, and takes it up again under the same id when it is mined again", async () => {
      const deadline = (await world.client.getBlock()).timestamp + 50_000n;
      await world.client.mine({ blocks: 2 });
      const first = await ask(world, { deadline });
      const rig = await createRig(world);
      await tickUntil(rig, ["OBSERVED"]);
      await world.client.request({ method: "anvil_reorg", params: [2, []] } as never);
      await rig.relayer.tick();
      expect(rig.stages()).to.deep.equal(["DROPPED"]);
      expect(rig.events.some(([event]) => event === "reorganised")).to.equal(true);
      const again = await ask(world, { deadline });
      expect(again.id).to.equal(first.id);
      expect(again.receipt.blockHash).to.not.equal(first.receipt.blockHash);
      await tickUntil(rig, ["OBSERVED"]);
      const [seen] = [...rig.chain.observed.values()];
      expect(hexOf(seen?.blockHash ?? OUTPUT)).to.equal(again.receipt.blockHash);
      rig.chain.answerAll(OUTPUT);
      await tickUntil(rig, ["DONE"]);
      expect(await statusOf(again)).to.equal(STATUS_FINAL);
      assertLegal(rig);
    });

    it("sends a delivery again whose block is undone", async () => {
      const one = await ask(world);
      await world.client.mine({ blocks: 3 });
      const rig = await createRig(world, { policy: { confirmations: 2n } });
      await tickUntil(rig, ["OBSERVED"]);
      rig.chain.answerAll(OUTPUT);
      await tickUntil(rig, ["INCLUDED"]);
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
      await world.client.request({ method: "anvil_reorg", params: [1, []] } as never);
      expect(await statusOf(one)).to.equal(STATUS_PENDING);
      await tickUntil(rig, ["SENT"]);
      await tickUntil(rig, ["INCLUDED"]);
      await world.client.mine({ blocks: 2 });
      await tickUntil(rig, ["DONE"]);
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
      assertLegal(rig);
    });
  });

  describe("when transactions get stuck", () => {
    it("sends again what the node has forgotten, with the same nonce", async () => {
      const one = await ask(world);
      const rig = await createRig(world);
      await toProven(rig);
      await world.client.setAutomine(false);
      await tickUntil(rig, ["SENT"]);
      const [job] = [...rig.relayer.state().jobs.values()];
      const hash = hexOf(job?.attempts[0]?.hash ?? OUTPUT);
      await world.client.dropTransaction({ hash });
      await rig.relayer.tick();
      await world.client.mine({ blocks: 1 });
      await tickUntil(rig, ["DONE"]);
      expect((await world.client.getTransactionReceipt({ hash })).status).to.equal("success");
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
    });

    it("raises the fee in both fields by at least an eighth when blocks pass without it", async () => {
      const one = await ask(world);
      const rig = await createRig(world);
      await toProven(rig);
      await world.client.setAutomine(false);
      await tickUntil(rig, ["SENT"]);
      const [sent] = [...rig.relayer.state().jobs.values()];
      const first = sent?.attempts[0];
      if (first === undefined) throw new Error("nothing was sent");
      for (let i = 0; i < 2; i++) {
        await world.client.setNextBlockBaseFeePerGas({ baseFeePerGas: first.fees.maxFeePerGas + 10n ** 9n });
        await world.client.mine({ blocks: 1 });
        await rig.relayer.tick();
      }
      const [raised] = [...rig.relayer.state().jobs.values()];
      expect(raised?.attempts.length).to.equal(2);
      const second = raised?.attempts[1];
      expect(second?.nonce).to.equal(first.nonce);
      expect((second?.fees.maxFeePerGas ?? 0n) >= (first.fees.maxFeePerGas * 9n) / 8n).to.equal(true);
      expect(
        (second?.fees.maxPriorityFeePerGas ?? 0n) >= (first.fees.maxPriorityFeePerGas * 9n) / 8n,
      ).to.equal(true);
      await world.client.mine({ blocks: 1 });
      await tickUntil(rig, ["DONE"]);
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
      assertLegal(rig);
    });

    it("starts over when its nonce went to another transaction of the same key", async () => {
      const one = await ask(world);
      const rig = await createRig(world);
      await toProven(rig);
      await world.client.setAutomine(false);
      await tickUntil(rig, ["SENT"]);
      const [job] = [...rig.relayer.state().jobs.values()];
      await world.client.dropTransaction({ hash: hexOf(job?.attempts[0]?.hash ?? OUTPUT) });
      await world.client.sendTransaction({ account: account(2), to: account(3).address, value: 1n });
      await world.client.mine({ blocks: 1 });
      await tickUntil(rig, ["PROVEN"]);
      await tickUntil(rig, ["SENT"]);
      await world.client.mine({ blocks: 1 });
      await tickUntil(rig, ["DONE"]);
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
      assertLegal(rig);
    });

    it("keeps a transaction whose broadcast ended in an error that said nothing", async () => {
      const one = await ask(world);
      const evm = await evmOf(world);
      let lost = 1;
      const flaky: EvmPort = {
        ...evm,
        broadcast: async (raw) => {
          await evm.broadcast(raw);
          if (lost-- > 0) throw new Error("connection reset");
        },
      };
      const rig = await createRig(world, { evm: flaky });
      await toProven(rig);
      await tickUntil(rig, ["SENT"]);
      await tickUntil(rig, ["DONE"]);
      expect(await deliveries()).to.equal(1);
      expect(await statusOf(one)).to.equal(STATUS_FINAL);
    });
  });

  it("survives a kill before every single call it makes, and delivers exactly once", async () => {
    // the n-th call to any port, and all after it, never happen: what kill -9 at that moment leaves behind
    for (let fatal = 1; ; fatal++) {
      const before = await world.client.snapshot();
      const one = await ask(world);
      const chain = playChain(world);
      const { store } = temporaryStore();
      const bomb = { left: fatal };
      const evm = await evmOf(world);
      await runToDeath(
        await createRig(world, {
          chain: dying(chain, bomb),
          evm: dying(evm, bomb),
          store: dying(store, bomb),
        }),
        chain,
        bomb,
      );
      const survived = bomb.left > 0;
      const heir = await createRig(world, { chain, store });
      await tickUntil(heir, ["OBSERVED", "PROVEN", "SENT", "INCLUDED", "DONE"]);
      chain.answerAll(OUTPUT);
      await tickUntil(heir, ["DONE"]);
      expect(await statusOf(one), `killed at call ${fatal}`).to.equal(STATUS_FINAL);
      expect(await deliveries(), `killed at call ${fatal}`).to.equal(1);
      await world.client.revert({ id: before });
      if (survived) {
        expect(fatal).to.be.greaterThan(25);
        return;
      }
    }
  });

  async function toProven(rig: Rig): Promise<void> {
    await tickUntil(rig, ["OBSERVED"]);
    rig.chain.answerAll(OUTPUT);
    await tickUntil(rig, ["PROVEN"]);
  }

  async function runToDeath(rig: Rig, chain: PlayedChain, bomb: { left: number }): Promise<void> {
    for (let i = 0; i < 12 && bomb.left > 0 && rig.stages()[0] !== "DONE"; i++) {
      await rig.relayer.tick().catch(() => undefined);
      chain.answerAll(OUTPUT);
    }
  }

  async function askConsumer(consumer: Address): Promise<Asked> {
    const hash = await world.client.writeContract({
      account: account(1),
      address: consumer,
      abi: abiOf("DigitConsumer"),
      functionName: "ask",
      args: [hexOf(new Uint8Array(64).fill(3))],
      value: 10n ** 16n,
    });
    const receipt = await world.client.waitForTransactionReceipt({ hash });
    expect(parseEventLogs({ abi: oracleAbi, logs: receipt.logs }).length).to.equal(2);
    return asked(world, hash);
  }
});

/** The port, until its calls have used up the bomb. */
function dying<T extends EvmPort | PlayedChain | StorePort>(port: T, bomb: { left: number }): T {
  return new Proxy(port, {
    get: (target, name, receiver) => {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function" || name === "answerAll" || name === "load") return member;
      return (...args: unknown[]): unknown => {
        bomb.left -= 1;
        return bomb.left <= 0 ? Promise.reject(new Error("killed")) : Reflect.apply(member, target, args);
      };
    },
  });
}

/** The port, paying more, so that its transactions come first in a block, and blind to what others have sent. */
async function generous(evm: EvmPort): Promise<EvmPort> {
  return {
    ...evm,
    simulateDelivery: async () => ({ ok: true, gas: 400_000n }),
    suggestedFees: async () => {
      const fees = await evm.suggestedFees();
      return { maxFeePerGas: fees.maxFeePerGas * 3n, maxPriorityFeePerGas: fees.maxPriorityFeePerGas * 2n };
    },
  };
}

/** Every change of stage that was logged is one that the table allows. */
function assertLegal(rig: Rig): void {
  const last = new Map<unknown, Stage>();
  for (const [event, data] of rig.events) {
    if (event !== "job" && event !== "job_over") continue;
    const stage = data.stage as Stage;
    const before = last.get(data.evmRequestId);
    if (before !== undefined && before !== stage)
      expect(LIFECYCLE[before].next, `${before} to ${stage}`).to.include(stage);
    last.set(data.evmRequestId, stage);
  }
  expect(last.size).to.be.greaterThan(0);
}

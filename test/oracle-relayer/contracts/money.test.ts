import { expect } from "chai";
import fc from "fast-check";
import { type Address, type Hex, parseEventLogs } from "viem";
import { oracleAbi } from "../../../oracle-relayer/core/abi.ts";
import { hexOf, requestTuple } from "../../../oracle-relayer/core/encode.ts";
import { RESULT_EXPIRED } from "../../../proto/evm.ts";
import {
  type Asked,
  abiOf,
  account,
  ask,
  createWorld,
  deliver,
  delivery,
  deploy,
  RUNNER_PAYEE,
  revertOf,
  validators,
  type World,
} from "../support/world.ts";

const OUTPUT = new Uint8Array(36).fill(5);
const WORK_FEE = 10n ** 14n;
const HOUR = 3_600n;

describe("money of AivmOracle", () => {
  let world: World;
  let snapshot: Hex;

  before(async () => {
    world = await createWorld(validators([1n]));
  });
  after(() => world.anvil.stop());
  beforeEach(async () => {
    snapshot = await world.client.snapshot();
  });
  afterEach(() => world.client.revert({ id: snapshot }));

  const credit = (address: Address): Promise<bigint> =>
    world.client.readContract({
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "credit",
      args: [address],
    });
  const balance = (address: Address): Promise<bigint> => world.client.getBalance({ address });

  async function expire(one: Asked): Promise<void> {
    const { request } = await world.client.simulateContract({
      account: account(6),
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "expire",
      args: [one.id, requestTuple(one.request)],
    });
    await world.client.waitForTransactionReceipt({ hash: await world.client.writeContract(request) });
  }

  async function withdraw(from: number, to: Address): Promise<void> {
    const { request } = await world.client.simulateContract({
      account: account(from),
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "withdraw",
      args: [to],
    });
    await world.client.waitForTransactionReceipt({ hash: await world.client.writeContract(request) });
  }

  it("splits a delivered fee into work, relay and refund, to the wei", async () => {
    const value = 10n ** 16n;
    const one = await ask(world, { value, refundTo: account(7).address });
    const receipt = await deliver(world, delivery(world, one, OUTPUT));
    const relay = await credit(account(2).address);
    const refund = await credit(account(7).address);
    expect(await credit(hexOf(RUNNER_PAYEE))).to.equal(WORK_FEE);
    expect(WORK_FEE + relay + refund).to.equal(value);
    const [log] = parseEventLogs({ abi: oracleAbi, eventName: "Settled", logs: receipt.logs });
    expect(log?.args.work).to.equal(WORK_FEE);
    expect([log?.args.relay, log?.args.refund]).to.deep.equal([relay, refund]);
  });

  it("covers what a relayer pays who has delivered before, and little more", async () => {
    await deliver(world, delivery(world, await ask(world), OUTPUT));
    const before = await credit(account(2).address);
    const receipt = await deliver(
      world,
      delivery(world, await ask(world, { refundTo: account(7).address }), OUTPUT),
    );
    const relay = (await credit(account(2).address)) - before;
    const paid = receipt.gasUsed * receipt.effectiveGasPrice;
    expect(relay > (paid * 95n) / 100n, `relay ${relay} of ${paid}`).to.equal(true);
    expect(relay < (paid * 125n) / 100n, `relay ${relay} of ${paid}`).to.equal(true);
  });

  it("pays a relayer no more than the price that the fee was estimated with", async () => {
    const one = await ask(world, { value: 10n ** 17n });
    const call = delivery(world, one, OUTPUT);
    const before = await world.client.getBlock();
    const receipt = await deliver(world, call);
    const cap = ((before.baseFeePerGas ?? 0n) * 5n) / 4n + 10n ** 9n;
    expect((await credit(account(2).address)) <= (receipt.gasUsed + 40_000n) * cap).to.equal(true);
  });

  it("estimates a fee that covers its own delivery", async () => {
    const fee = await world.client.readContract({
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "estimateInferenceFee",
      args: [0n, 256],
    });
    expect(fee >= WORK_FEE + (150_000n + 256n * 40n) * 10n ** 9n).to.equal(true);
    const one = await ask(world, { value: fee * 2n, maxOutput: 256 });
    await deliver(world, delivery(world, one, OUTPUT));
    expect((await credit(account(1).address)) > 0n).to.equal(true);
  });

  it("refunds all of it an hour after the deadline, once, and not before", async () => {
    const one = await ask(world);
    const early = await revertOf(expire(one));
    expect(early?.name).to.equal("NotYetExpirable");
    await passTo(one.request.deadline + HOUR - 2n);
    expect((await revertOf(expire(one)))?.name).to.equal("NotYetExpirable");
    await passTo(one.request.deadline + HOUR);
    await expire(one);
    expect(await credit(account(1).address)).to.equal(one.request.maxFee);
    expect((await revertOf(expire(one)))?.name).to.equal("AlreadySettled");
    expect((await revertOf(deliver(world, delivery(world, one, OUTPUT))))?.name).to.equal("AlreadySettled");
  });

  it("expires nothing that was delivered", async () => {
    const one = await ask(world);
    await deliver(world, delivery(world, one, OUTPUT));
    await passTo(one.request.deadline + HOUR);
    expect((await revertOf(expire(one)))?.name).to.equal("AlreadySettled");
  });

  it("is withdrawn by its owner alone, to where he says", async () => {
    const one = await ask(world);
    await deliver(world, delivery(world, one, OUTPUT));
    const due = await credit(account(1).address);
    const target = "0x00000000000000000000000000000000000000bb";
    await withdraw(1, target);
    expect(await balance(target)).to.equal(due);
    expect((await revertOf(withdraw(1, target)))?.name).to.equal("NothingToWithdraw");
    expect((await revertOf(withdraw(8, target)))?.name).to.equal("NothingToWithdraw");
  });

  it("is paid once to a payee that asks again while it is paid", async () => {
    const greedy = await deploy(world, "GreedyPayee", [world.deployed.oracle]);
    const one = await ask(world, { refundTo: greedy });
    await ask(world, { value: 10n ** 17n }); // money of others lies in the contract
    await deliver(world, delivery(world, one, OUTPUT));
    const due = await credit(greedy);
    const hash = await world.client.writeContract({
      account: account(1),
      address: greedy,
      abi: abiOf("GreedyPayee"),
      functionName: "take",
      args: [],
    });
    await world.client.waitForTransactionReceipt({ hash });
    expect(await balance(greedy)).to.equal(due);
  });

  it("stays whole over any order of asking, answering, expiring and withdrawing", async () => {
    const step = fc.record({
      what: fc.constantFrom("ask", "deliver", "expireByProof", "expireByTime", "withdraw"),
      pick: fc.nat({ max: 5 }),
      value: fc.bigInt({ min: 10n ** 15n, max: 10n ** 16n }),
    });
    const people = [1, 2, 6, 7].map((i) => account(i).address);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 14 }), async (steps) => {
        const before = await world.client.snapshot();
        const open: Asked[] = [];
        for (const { what, pick, value } of steps) {
          const one = open[pick % Math.max(open.length, 1)];
          if (what === "ask") open.push(await ask(world, { value, refundTo: account(7).address }));
          else if (what === "withdraw")
            await revertOf(withdraw([1, 2, 7][pick % 3] ?? 1, account(9).address));
          else if (one !== undefined) await settle(what, one);
          if (one !== undefined && what !== "ask" && what !== "withdraw") open.splice(open.indexOf(one), 1);
          const owed = open.reduce((sum, asked) => sum + asked.request.maxFee, 0n);
          const credits = await Promise.all([...people, hexOf(RUNNER_PAYEE)].map(credit));
          const total = credits.reduce((sum, amount) => sum + amount, owed);
          expect(await balance(world.deployed.oracle)).to.equal(total);
        }
        await world.client.revert({ id: before });
      }),
      { seed: 5, numRuns: 4 },
    );
  });

  async function settle(what: string, one: Asked): Promise<void> {
    if (what === "deliver") await deliver(world, delivery(world, one, OUTPUT));
    else if (what === "expireByProof") {
      const change = { status: RESULT_EXPIRED, tier: 0, payee: new Uint8Array(20) };
      await deliver(world, delivery(world, one, new Uint8Array(), change));
    } else {
      await passTo(one.request.deadline + HOUR);
      await expire(one);
    }
  }

  /** Mines a block at this time, unless the chain is later already. */
  async function passTo(seconds: bigint): Promise<void> {
    const { timestamp } = await world.client.getBlock();
    if (timestamp >= seconds) return;
    await world.client.setNextBlockTimestamp({ timestamp: seconds });
    await world.client.mine({ blocks: 1 });
  }
});

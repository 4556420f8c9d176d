import { expect } from "chai";
import {
  type Address,
  encodeFunctionData,
  type Hex,
  parseEventLogs,
  toHex,
  keccak256 as viemKeccak,
} from "viem";
import {
  oracleAbi,
  STATUS_CALLBACK_FAILED,
  STATUS_FINAL,
  STATUS_PENDING,
} from "../../../oracle-relayer/core/abi.ts";
import { deliverArgs, hexOf, requestTuple } from "../../../oracle-relayer/core/encode.ts";
import {
  type Asked,
  abiOf,
  account,
  ask,
  createWorld,
  deliver,
  delivery,
  deploy,
  revertOf,
  validators,
  type World,
} from "../support/world.ts";

const OUTPUT = new Uint8Array(36).fill(5);
const CALLBACK_GAS = 200_000n;

describe("callbacks of AivmOracle", () => {
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

  const status = (one: Asked): Promise<number> =>
    world.client.readContract({
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "statusOf",
      args: [one.id],
    });

  const read = (name: string, address: Address, functionName: string): Promise<unknown> =>
    world.client.readContract({ address, abi: abiOf(name), functionName, args: [] });

  async function retry(one: Asked, output: Uint8Array, gasLimit: bigint): Promise<void> {
    const { request } = await world.client.simulateContract({
      account: account(4),
      address: world.deployed.oracle,
      abi: oracleAbi,
      functionName: "retryCallback",
      args: [one.id, requestTuple(one.request), hexOf(one.request.callbackData), hexOf(output), gasLimit],
    });
    await world.client.waitForTransactionReceipt({ hash: await world.client.writeContract(request) });
  }

  describe("that revert", () => {
    let fragile: Address;
    let question: Asked;

    beforeEach(async () => {
      fragile = await deploy(world, "FragileConsumer", [world.deployed.oracle]);
      question = await ask(world, {
        callbackContract: fragile,
        gasLimit: CALLBACK_GAS,
        callbackData: "0xabcd",
      });
    });

    it("are recorded, with a capped reason, and do not undo the delivery", async () => {
      const receipt = await deliver(world, delivery(world, question, OUTPUT));
      const [log] = parseEventLogs({ abi: oracleAbi, eventName: "CallbackFailed", logs: receipt.logs });
      expect(log?.args).to.deep.equal({
        requestId: question.id,
        reasonHash: viemKeccak(toHex(new Uint8Array(132))),
      });
      expect(await status(question)).to.equal(STATUS_CALLBACK_FAILED);
      const finalized = await world.client.readContract({
        address: world.deployed.oracle,
        abi: oracleAbi,
        functionName: "isFinalized",
        args: [question.id],
      });
      expect(finalized).to.equal(true);
    });

    it("can be retried by anyone once the consumer is mended, and then no more", async () => {
      await deliver(world, delivery(world, question, OUTPUT));
      expect((await revertOf(retry(question, OUTPUT, CALLBACK_GAS)))?.name).to.equal("CallbackStillFails");
      expect(await status(question)).to.equal(STATUS_CALLBACK_FAILED);
      await mend();
      await retry(question, OUTPUT, CALLBACK_GAS);
      expect(await read("FragileConsumer", fragile, "calls")).to.equal(1n);
      expect(await status(question)).to.equal(STATUS_FINAL);
      expect((await revertOf(retry(question, OUTPUT, CALLBACK_GAS)))?.name).to.equal("NothingToRetry");
    });

    it("are retried with the delivered output, the asked data and no less gas only", async () => {
      await deliver(world, delivery(world, question, OUTPUT));
      await mend();
      const other = { ...question, request: { ...question.request, callbackData: new Uint8Array([1]) } };
      const stranger = { ...question, request: { ...question.request, gasLimit: CALLBACK_GAS + 1n } };
      expect((await revertOf(retry(question, OUTPUT.slice(1), CALLBACK_GAS)))?.name).to.equal(
        "OutputMismatch",
      );
      expect((await revertOf(retry(other, OUTPUT, CALLBACK_GAS)))?.name).to.equal("RequestMismatch");
      expect((await revertOf(retry(stranger, OUTPUT, CALLBACK_GAS + 1n)))?.name).to.equal("RequestMismatch");
      expect((await revertOf(retry(question, OUTPUT, CALLBACK_GAS - 1n)))?.name).to.equal("InsufficientGas");
      await retry(question, OUTPUT, CALLBACK_GAS * 2n);
    });

    async function mend(): Promise<void> {
      const hash = await world.client.writeContract({
        account: account(0),
        address: fragile,
        abi: abiOf("FragileConsumer"),
        functionName: "mend",
        args: [],
      });
      await world.client.waitForTransactionReceipt({ hash });
    }
  });

  it("to an address without code count as failed", async () => {
    const question = await ask(world, { callbackContract: `0x${"77".repeat(20)}`, gasLimit: CALLBACK_GAS });
    await deliver(world, delivery(world, question, OUTPUT));
    expect(await status(question)).to.equal(STATUS_CALLBACK_FAILED);
  });

  it("get all the gas that was asked for, or the delivery reverts as a whole", async () => {
    const fragile = await deploy(world, "FragileConsumer", [world.deployed.oracle]);
    const hash = await world.client.writeContract({
      account: account(0),
      address: fragile,
      abi: abiOf("FragileConsumer"),
      functionName: "mend",
      args: [],
    });
    await world.client.waitForTransactionReceipt({ hash });
    const question = await ask(world, { callbackContract: fragile, gasLimit: CALLBACK_GAS });
    const signed = delivery(world, question, OUTPUT);
    // every gas limit from far too little to enough: nothing but a whole revert or a full callback may come out
    let reverted = 0;
    let starved = 0;
    for (let gas = 100_000n; gas <= 400_000n; gas += 10_000n) {
      const before = await world.client.snapshot();
      const error = await outcome(() => deliver(world, signed, { gas }));
      if (error === undefined) {
        expect(await status(question)).to.equal(STATUS_FINAL);
        // the callee loses a few hundred gas to dispatch before it looks
        expect(Number(await read("FragileConsumer", fragile, "gasSeen"))).to.be.greaterThan(
          Number(CALLBACK_GAS) - 1_500,
        );
      } else {
        reverted += 1;
        if (error === "InsufficientGas") starved += 1;
        expect(await status(question)).to.equal(STATUS_PENDING);
      }
      await world.client.revert({ id: before });
    }
    expect(reverted).to.be.greaterThan(5);
    expect(reverted).to.be.lessThan(30);
    expect(starved).to.be.greaterThan(0);
  });

  it("cannot deliver, retry, expire or withdraw again from inside, but can ask anew", async () => {
    const greedy = await deploy(world, "GreedyConsumer", [world.deployed.oracle]);
    await world.client.setBalance({ address: greedy, value: 10n ** 18n });
    const question = await ask(world, {
      callbackContract: greedy,
      gasLimit: 1_500_000n,
      refundTo: greedy,
      value: 10n ** 17n,
    });
    const signed = delivery(world, question, OUTPUT);
    const tuple = requestTuple(question.request);
    const encode = encodeFunctionData<typeof oracleAbi>;
    const arm = await world.client.writeContract({
      account: account(0),
      address: greedy,
      abi: abiOf("GreedyConsumer"),
      functionName: "arm",
      args: [
        encode({ abi: oracleAbi, functionName: "deliver", args: deliverArgs(signed) }),
        encode({
          abi: oracleAbi,
          functionName: "retryCallback",
          args: [question.id, tuple, "0x", hexOf(OUTPUT), 1_500_000n],
        }),
        encode({ abi: oracleAbi, functionName: "expire", args: [question.id, tuple] }),
      ],
    });
    await world.client.waitForTransactionReceipt({ hash: arm });
    await deliver(world, signed);
    expect(await status(question)).to.equal(STATUS_FINAL);
    expect(await read("GreedyConsumer", greedy, "entered")).to.equal(1n);
    expect(await read("GreedyConsumer", greedy, "forbiddenThatWorked")).to.equal(0n);
    const nestedId = BigInt(String(await read("GreedyConsumer", greedy, "nestedId")));
    expect(await status({ ...question, id: nestedId })).to.equal(STATUS_PENDING);
  });

  it("are taken from the oracle only", async () => {
    const consumer = await deploy(world, "DigitConsumer", [world.deployed.oracle, hexOf(new Uint8Array(32))]);
    const forged = world.client.simulateContract({
      account: account(5),
      address: consumer,
      abi: abiOf("DigitConsumer"),
      functionName: "aiOracleCallback",
      args: [1n, "0x07000000", "0x"],
    });
    expect((await revertOf(forged))?.name).to.equal("UnauthorizedCallbackSource");
  });

  /** The error's name, "OutOfGas" when the transaction ran out, or undefined for success. */
  async function outcome(attempt: () => Promise<unknown>): Promise<string | undefined> {
    try {
      return (await revertOf(attempt()))?.name;
    } catch {
      return "OutOfGas";
    }
  }
});

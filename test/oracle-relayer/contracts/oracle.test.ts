import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type Address, type Hex, parseEventLogs, toFunctionSelector, toHex } from "viem";
import { hexToBytes } from "../../../common/bytes.ts";
import { attestationAbi, oracleAbi } from "../../../oracle-relayer/core/abi.ts";
import { deliverArgs, hexOf, requestTuple } from "../../../oracle-relayer/core/encode.ts";
import type { Delivery, ResultProof } from "../../../oracle-relayer/ports.ts";
import { evmRequestId, keccak256, RESULT_EXPIRED, type ResultLeaf, resultsTree } from "../../../proto/evm.ts";
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
  finalLeaf,
  hashMatches,
  MODEL_ID,
  prove,
  revertOf,
  signRoot,
  submitRoot,
  validators,
  type World,
} from "../support/world.ts";

/** i32 class 7, little-endian, then ten logits of one i32 each. */
const OUTPUT = new Uint8Array(44).map((_, i) => (i === 0 ? 7 : i < 4 ? 0 : i));

describe("AivmOracle and Attestation on a real EVM", () => {
  let world: World;
  let snapshot: Hex;

  before(async () => {
    world = await createWorld(validators([40n, 30n, 20n, 10n]));
  });
  after(() => world.anvil.stop());
  beforeEach(async () => {
    snapshot = await world.client.snapshot();
  });
  afterEach(() => world.client.revert({ id: snapshot }));

  const read = (functionName: "statusOf" | "isFinalized" | "outputHash", id: bigint): Promise<unknown> =>
    world.client.readContract({ address: world.deployed.oracle, abi: oracleAbi, functionName, args: [id] });

  describe("interface", () => {
    it("has OAO's selectors and event topics", () => {
      const abi = abiOf("AivmOracle");
      const selectors = abi
        .filter((item) => item.type === "function")
        .map((item) => toFunctionSelector(item as never));
      expect(selectors).to.include("0x5b953806"); // requestCallback(uint256,bytes,address,uint64,bytes)
      expect(toFunctionSelector("aiOracleCallback(uint256,bytes,bytes)")).to.equal("0xb0347814");
      expect(toFunctionSelector("aiOracleCallbackError(uint256,uint8,bytes,bytes)")).to.equal("0x8e6fd006");
      const receiver = abiOf("DigitConsumer")
        .filter((item) => item.type === "function")
        .map((item) => toFunctionSelector(item as never));
      expect(receiver).to.include.members(["0xb0347814", "0x8e6fd006"]);
    });

    it("is the one that the relayer's hand-written ABI states", () => {
      const signatures = (items: readonly unknown[]): Set<string> =>
        new Set(items.map((item) => JSON.stringify(shapeOf(item))));
      const compiled = signatures(
        ["AivmOracle", "Attestation", "SignerSet", "ResultsTree"].flatMap((name) => abiOf(name)),
      );
      for (const item of [...oracleAbi, ...attestationAbi]) {
        expect(compiled.has(JSON.stringify(shapeOf(item))), JSON.stringify(shapeOf(item))).to.equal(true);
      }
    });

    it("asks a consumer for no more than 30 lines of its own", () => {
      const lines = sourceLines("oracle-relayer/contracts/examples/DigitConsumer.sol");
      expect(lines).to.be.at.most(30);
    });
  });

  describe("a request", () => {
    it("gets the hash and the id that our chain computes for it", async () => {
      const one = await ask(world);
      const two = await ask(world);
      expect(hashMatches(one)).to.equal(true);
      expect(hashMatches(two)).to.equal(true);
      const id = (from: Asked, nonce: bigint): string =>
        toHex(
          evmRequestId({
            chainId: 31337n,
            oracle: hexToBytes(world.deployed.oracle),
            deploySalt: new Uint8Array(32),
            nonce,
            paramsHash: from.requestHash,
          }),
        );
      expect(toHex(one.requestId)).to.equal(id(one, 0n));
      expect(toHex(two.requestId)).to.equal(id(two, 1n));
    });

    it("emits OAO's event beside the full one", async () => {
      const one = await ask(world, { input: new Uint8Array([1, 2]) });
      const [log] = parseEventLogs({
        abi: oracleAbi,
        eventName: "AICallbackRequest",
        logs: one.receipt.logs,
      });
      expect(log?.args.requestId).to.equal(one.id);
      expect(log?.args.input).to.equal("0x0102");
      expect(log?.args.modelId).to.equal(BigInt(hexOf(MODEL_ID)));
      expect(log?.args.account).to.equal(account(1).address);
    });

    it("occupies one storage slot: 31 bytes of its hash, then its status", async () => {
      const one = await ask(world);
      expect(await read("statusOf", one.id)).to.equal(1);
      expect(await read("isFinalized", one.id)).to.equal(false);
      expect(await read("outputHash", one.id)).to.equal(`0x${"00".repeat(31)}`);
    });

    const invalid: readonly (readonly [string, Parameters<typeof ask>[1], string])[] = [
      ["empty input", { input: new Uint8Array() }, "InvalidRequest"],
      ["gas without a callback", { gasLimit: 5n }, "InvalidRequest"],
      ["a callback without gas", { callbackContract: `0x${"11".repeat(20)}` }, "InvalidRequest"],
      [
        "too much callback gas",
        { callbackContract: `0x${"11".repeat(20)}`, gasLimit: 5_000_001n },
        "InvalidRequest",
      ],
      ["no tier", { tier: 0 }, "InvalidRequest"],
      ["an unknown tier", { tier: 32 }, "InvalidRequest"],
      ["a deadline in the past", { deadline: 1n }, "InvalidRequest"],
      ["a deadline too far away", { deadline: 1n << 40n }, "InvalidRequest"],
      ["too long an output", { maxOutput: 8193 }, "InvalidRequest"],
      ["too small a fee", { value: 10n ** 14n }, "FeeTooLow"],
    ];
    for (const [what, params, error] of invalid) {
      it(`with ${what} is refused`, async () => {
        expect((await revertOf(ask(world, params)))?.name).to.equal(error);
      });
    }

    it("may not call back the oracle or the attestation", async () => {
      for (const callbackContract of [world.deployed.oracle, world.deployed.attestation]) {
        expect((await revertOf(ask(world, { callbackContract, gasLimit: 9n })))?.name).to.equal(
          "InvalidRequest",
        );
      }
    });
  });

  describe("a delivery", () => {
    let consumer: Address;
    let question: Asked;

    beforeEach(async () => {
      consumer = await deploy(world, "DigitConsumer", [world.deployed.oracle, hexOf(MODEL_ID)]);
      const hash = await world.client.writeContract({
        account: account(1),
        address: consumer,
        abi: abiOf("DigitConsumer"),
        functionName: "ask",
        args: [hexOf(new Uint8Array(64).fill(3))],
        value: 10n ** 16n,
      });
      question = await asked(world, hash);
    });

    const answer = (): Promise<unknown> =>
      world.client.readContract({
        address: consumer,
        abi: abiOf("DigitConsumer"),
        functionName: "answers",
        args: [question.id],
      });

    it("reaches the consumer's callback, final, with the attested bytes", async () => {
      const receipt = await deliver(world, delivery(world, question, OUTPUT));
      expect(await answer()).to.deep.equal([7, true, toHex(keccak256(OUTPUT))]);
      expect(await read("isFinalized", question.id)).to.equal(true);
      expect(await read("outputHash", question.id)).to.equal(toHex(keccak256(OUTPUT).slice(0, 31)));
      const [log] = parseEventLogs({ abi: oracleAbi, eventName: "AICallbackResult", logs: receipt.logs });
      expect(log?.args.output).to.equal(toHex(OUTPUT));
      expect(log?.args.account).to.equal(consumer);
    });

    it("works by path alone after the root was submitted, and not before", async () => {
      const signed = delivery(world, question, OUTPUT);
      const bare: Delivery = { ...signed, proof: { ...signed.proof, signatures: [], bitmap: 0n } };
      expect((await revertOf(deliver(world, bare)))?.name).to.equal("RootNotAttested");
      await submitRoot(world, signed.proof);
      await deliver(world, bare);
      expect(await answer()).to.deep.equal([7, true, toHex(keccak256(OUTPUT))]);
    });

    it("works from a tree of one result, whose path is empty", async () => {
      const leaf = finalLeaf(world, question, OUTPUT);
      const proof = prove(world, { leaf, output: OUTPUT, size: 1, index: 0 });
      expect(proof.path).to.deep.equal([]);
      await deliver(world, { request: question.request, proof });
    });

    it("works at every index of a padded tree", async () => {
      for (const index of [0, 3, 4]) {
        const one = await ask(world);
        const leaf = finalLeaf(world, one, OUTPUT);
        await deliver(world, {
          request: one.request,
          proof: prove(world, { leaf, output: OUTPUT, size: 5, index }),
        });
      }
    });

    it("is refused a second time", async () => {
      const one = delivery(world, question, OUTPUT);
      await deliver(world, one);
      expect(await revertOf(deliver(world, one))).to.deep.equal({
        name: "AlreadySettled",
        args: [question.id, 2],
      });
    });

    it("is refused when it answers a request that was never made", async () => {
      const ghost = { ...question, requestId: keccak256(question.requestId) };
      expect((await revertOf(deliver(world, delivery(world, ghost, OUTPUT))))?.name).to.equal(
        "UnknownRequest",
      );
    });

    it("is refused for another request's parameters", async () => {
      const other = await ask(world);
      const mixed = { request: other.request, proof: delivery(world, question, OUTPUT).proof };
      expect((await revertOf(deliver(world, mixed)))?.name).to.equal("RequestMismatch");
    });

    describe("whose leaf is not the attested one", () => {
      const tampered: readonly (readonly [string, (leaf: ResultLeaf) => Partial<ResultLeaf>])[] = [
        ["destination chain", () => ({ dstChainId: 1n })],
        ["oracle", () => ({ oracle: new Uint8Array(20).fill(1) })],
        ["request id", () => ({ requestId: keccak256() })],
        ["request hash", () => ({ requestHash: keccak256() })],
        ["status", () => ({ status: 1 })],
        ["output hash", () => ({ outputHash: keccak256() })],
        ["output root", () => ({ outputRoot: keccak256() })],
        ["model", () => ({ modelId: keccak256() })],
        ["tier", (leaf) => ({ tier: leaf.tier | 16 })],
        ["payee", () => ({ payee: new Uint8Array(20).fill(0xee) })],
        ["deadline", (leaf) => ({ deadline: leaf.deadline + 1n })],
        ["final height", (leaf) => ({ finalHeight: leaf.finalHeight + 1n })],
      ];
      for (const [field, change] of tampered) {
        it(`in its ${field} is refused`, async () => {
          const leaf = finalLeaf(world, question, OUTPUT);
          const attested = prove(world, { leaf: { ...leaf, ...change(leaf) }, output: OUTPUT });
          // validators signed the changed leaf; the caller claims the unchanged one
          const claimed: Delivery = { request: question.request, proof: { ...attested, leaf } };
          expect((await revertOf(deliver(world, claimed)))?.name).to.equal("InvalidPath");
          expect(await read("statusOf", question.id)).to.equal(1);
        });
      }

      it("in its output bytes is refused", async () => {
        const one = delivery(world, question, OUTPUT);
        const other = OUTPUT.map((byte, i) => (i === 0 ? 8 : byte));
        const claimed: Delivery = { ...one, proof: { ...one.proof, output: other } };
        expect((await revertOf(deliver(world, claimed)))?.name).to.equal("InvalidPath");
      });
    });

    describe("whose proof is wrong", () => {
      const wrong: readonly (readonly [string, (proof: ResultProof) => Partial<ResultProof>, string])[] = [
        ["one bit of the path", (proof) => ({ path: flipFirst(proof.path) }), "InvalidPath"],
        ["too short a path", (proof) => ({ path: proof.path.slice(1) }), "InvalidPath"],
        ["too long a path", (proof) => ({ path: [...proof.path, keccak256()] }), "InvalidPath"],
        ["another index", () => ({ index: 0 }), "InvalidPath"],
        ["an index beyond the path", () => ({ index: 4 }), "IndexOutOfPath"],
        ["another root", () => ({ root: keccak256() }), "InvalidPath"],
        ["another root height", () => ({ rootHeight: 43n }), "BadSignature"],
        ["an unknown set", () => ({ setId: 2n }), "UnknownSet"],
        ["a flipped signature", (proof) => ({ signatures: flipFirst(proof.signatures) }), "BadSignature"],
        [
          "signatures out of order",
          (proof) => ({ signatures: [...proof.signatures].reverse() }),
          "BadSignature",
        ],
        [
          "one signature twice",
          (proof) => ({
            signatures: proof.signatures.map((_, i) => proof.signatures[i === 1 ? 0 : i] ?? keccak256()),
          }),
          "BadSignature",
        ],
        ["a signature too few", (proof) => ({ signatures: proof.signatures.slice(1) }), "SignatureCount"],
        [
          "a signature too many",
          (proof) => ({ signatures: [...proof.signatures, ...proof.signatures.slice(0, 1)] }),
          "SignatureCount",
        ],
        [
          "a bit beyond the set",
          (proof) => ({
            bitmap: proof.bitmap | 16n,
            signatures: [...proof.signatures, ...proof.signatures.slice(0, 1)],
          }),
          "BitmapOutOfRange",
        ],
        [
          "a bit far beyond any set",
          (proof) => ({ bitmap: proof.bitmap | (1n << 255n) }),
          "BitmapOutOfRange",
        ],
        [
          "zero signatures of zero bytes",
          (proof) => ({ signatures: proof.signatures.map(() => new Uint8Array(64)) }),
          "BadSignature",
        ],
        ["a high s", (proof) => ({ signatures: proof.signatures.map(toHighS) }), "HighS"],
      ];
      for (const [what, change, error] of wrong) {
        it(`by ${what} is refused`, async () => {
          const one = delivery(world, question, OUTPUT);
          const claimed: Delivery = { ...one, proof: { ...one.proof, ...change(one.proof) } };
          expect((await revertOf(deliver(world, claimed)))?.name).to.equal(error);
          expect(await read("statusOf", question.id)).to.equal(1);
        });
      }

      it("because strangers signed is refused", async () => {
        const strangers = validators([40n, 30n, 20n, 10n], 2);
        const one = delivery(world, question, OUTPUT);
        const forged = { ...one.proof, ...signRoot(strangers, { root: one.proof.root }) };
        expect((await revertOf(deliver(world, { ...one, proof: forged })))?.name).to.equal("BadSignature");
      });
    });

    it("needs strictly more than two thirds of the power", async () => {
      const leaf = finalLeaf(world, question, OUTPUT);
      const by = (indices: readonly number[]): Delivery => ({
        request: question.request,
        proof: prove(world, { leaf, output: OUTPUT }, indices),
      });
      const powers = [0, 1, 2, 3].map((i) => world.signers[i]?.power);
      expect(powers).to.deep.equal([40n, 30n, 20n, 10n]);
      for (const few of [[0], [1, 2, 3], [0, 2]]) {
        expect((await revertOf(deliver(world, by(few))))?.name).to.equal("InsufficientPower");
      }
      await deliver(world, by([0, 1]));
    });

    it("needs the tier that was asked for", async () => {
      const tee = await ask(world, { tier: 12 });
      expect((await revertOf(deliver(world, delivery(world, tee, OUTPUT))))?.name).to.equal("TierTooLow");
      await deliver(world, delivery(world, tee, OUTPUT, { tier: 12 }));
      const early = await ask(world, { tier: 1 });
      await deliver(world, delivery(world, early, OUTPUT, { tier: 8 }));
    });

    it("takes no provisional result", async () => {
      const provisional = delivery(world, question, OUTPUT, { status: 1 });
      expect((await revertOf(deliver(world, provisional)))?.name).to.equal("NotFinal");
    });

    it("takes no output beyond the request's limit", async () => {
      const one = await ask(world, { maxOutput: 43 });
      expect((await revertOf(deliver(world, delivery(world, one, OUTPUT))))?.name).to.equal("OutputTooLong");
    });

    it("of EXPIRED refunds instead of answering", async () => {
      const nothing = new Uint8Array();
      const expired = delivery(world, question, nothing, {
        status: RESULT_EXPIRED,
        tier: 0,
        payee: new Uint8Array(20),
      });
      await deliver(world, expired);
      expect(await read("statusOf", question.id)).to.equal(3);
      expect(await read("isFinalized", question.id)).to.equal(false);
      expect(((await answer()) as readonly unknown[])[1]).to.equal(false);
      const refund = await world.client.readContract({
        address: world.deployed.oracle,
        abi: oracleAbi,
        functionName: "credit",
        args: [account(1).address],
      });
      expect(refund > (10n ** 16n * 9n) / 10n).to.equal(true);
      expect((await revertOf(deliver(world, delivery(world, question, OUTPUT))))?.name).to.equal(
        "AlreadySettled",
      );
    });
  });

  it("serves an OAO consumer that knows nothing of aivm", async () => {
    const consumer = await deploy(world, "OaoConsumer", [world.deployed.oracle]);
    const abi = abiOf("OaoConsumer");
    const hash = await world.client.writeContract({
      account: account(1),
      address: consumer,
      abi,
      functionName: "ask",
      args: [BigInt(hexOf(MODEL_ID)), "0x68656c6c6f", 90_000n],
      value: 10n ** 16n,
    });
    const question = await asked(world, hash);
    await deliver(world, delivery(world, question, OUTPUT));
    const stored = await world.client.readContract({
      address: consumer,
      abi,
      functionName: "answerHash",
      args: [question.id],
    });
    expect(stored).to.equal(toHex(keccak256(OUTPUT)));
  });

  it("opens a tree as our chain builds it, whatever its size", async () => {
    const question = await ask(world);
    const leaf = finalLeaf(world, question, OUTPUT);
    expect(resultsTree([leaf]).root.length).to.equal(32);
    const call = (size: number, index: number) =>
      world.client.simulateContract({
        account: account(2),
        address: world.deployed.oracle,
        abi: oracleAbi,
        functionName: "deliver",
        args: deliverArgs({
          request: question.request,
          proof: prove(world, { leaf, output: OUTPUT, size, index }),
        }),
      });
    for (const [size, index] of [
      [2, 1],
      [6, 5],
      [17, 16],
      [64, 63],
    ] as const)
      await call(size, index);
    expect(requestTuple(question.request).maxFee).to.equal(10n ** 16n);
  });
});

function shapeOf(item: unknown): unknown {
  const { type, name, inputs, outputs, stateMutability } = item as Record<string, unknown>;
  const types = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.map((one: Record<string, unknown>) => [one.type, one.indexed ?? false, types(one.components)])
      : undefined;
  return [type, name, types(inputs), types(outputs), stateMutability];
}

function flipFirst(items: readonly Uint8Array[]): Uint8Array[] {
  return items.map((item, i) => (i === 0 ? item.map((byte, at) => (at === 5 ? byte ^ 1 : byte)) : item));
}

/** The largest s that EIP-2098 can carry: above half the order, where the check has to refuse it. */
function toHighS(signature: Uint8Array): Uint8Array {
  return signature.map((byte, i) => (i < 32 ? byte : i === 32 ? 0x7f : 0xff));
}

/** Lines of a source file that are neither blank nor comment. */
function sourceLines(file: string): number {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "..", file), "utf8");
  return text.split("\n").filter((line) => line.trim() !== "" && !/^\s*(\/\/|\*|\/\*)/.test(line)).length;
}

/** Gas is deterministic: the figures here are upper bounds. AIVM_PRINT_GAS=1 prints them. */
import { expect } from "chai";
import type { Address, Hex } from "viem";
import { hexOf } from "../../../oracle-relayer/core/encode.ts";
import { keccak256 } from "../../../proto/evm.ts";
import {
  abiOf,
  account,
  ask,
  asked,
  createWorld,
  deliver,
  delivery,
  deploy,
  finalLeaf,
  MODEL_ID,
  prove,
  signRoot,
  submitRoot,
  validators,
  type World,
} from "../support/world.ts";

function within(what: string, gasUsed: bigint, target: number): void {
  if (process.env.AIVM_PRINT_GAS === "1") console.log(`      ${what}: ${gasUsed} (at most ${target})`);
  expect(Number(gasUsed), what).to.be.at.most(target);
}

describe("gas of the oracle contracts", () => {
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

  it("of a request of 128 bytes stays within 110,000, and the oracle's share within 90,000", async () => {
    await ask(world);
    const direct = await ask(world, { input: keep(128) });
    within("requestInference, 128 B, from an account", direct.receipt.gasUsed, 110_000);
    const consumer = await deploy(world, "DigitConsumer", [world.deployed.oracle, hexOf(MODEL_ID)]);
    const viaConsumer = await asked(world, await askConsumer(consumer, 128));
    within("DigitConsumer.ask, 128 B", viaConsumer.receipt.gasUsed, 110_000);
    within(
      "DigitConsumer.ask, 128 B, oracle's share (without 21,000)",
      viaConsumer.receipt.gasUsed - 21_000n,
      90_000,
    );
  });

  it("of a delivery by path alone stays near 60,000 plus what is credited and written out", async () => {
    for (const [size, bound] of [
      [1, 69_000],
      [32, 73_000],
      [256, 76_000],
      [1024, 77_000],
    ] as const) {
      const before = await world.client.snapshot();
      await warmCredits();
      const one = await ask(world);
      const proof = prove(world, {
        leaf: finalLeaf(world, one, keep(32)),
        output: keep(32),
        size,
        index: size - 1,
      });
      await submitRoot(world, proof);
      const receipt = await deliver(world, {
        request: one.request,
        proof: { ...proof, signatures: [], bitmap: 0n },
      });
      within(`deliver by path, no callback, 32 B, batch of ${size}`, receipt.gasUsed, bound);
      await world.client.revert({ id: before });
    }
  });

  it("of a delivery with the callback of DigitConsumer grows little with the output", async () => {
    for (const [bytes, bound] of [
      [32, 144_000],
      [256, 150_000],
    ] as const) {
      await warmCredits();
      const consumer = await deploy(world, "DigitConsumer", [world.deployed.oracle, hexOf(MODEL_ID)]);
      const one = await asked(world, await askConsumer(consumer, 64));
      const { proof } = delivery(world, one, keep(bytes));
      await submitRoot(world, proof);
      const receipt = await deliver(world, {
        request: one.request,
        proof: { ...proof, signatures: [], bitmap: 0n },
      });
      within(`deliver by path, DigitConsumer's callback (67,000 of it), ${bytes} B`, receipt.gasUsed, bound);
    }
  });

  it("of proof and root at once, with one validator", async () => {
    await warmCredits();
    const receipt = await deliver(world, delivery(world, await ask(world), keep(32)));
    within("deliver with one signature, no callback, 32 B", receipt.gasUsed, 80_000);
  });

  for (const [count, submit, write] of [
    [4, 68_000, 1_900_000],
    [20, 118_000, 2_000_000],
    [50, 209_000, 2_200_000],
    [100, 358_000, 2_500_000],
  ] as const) {
    it(`of a root signed by more than 2/3 of ${count} validators`, async () => {
      const many = validators(
        Array.from({ length: count }, () => 1n),
        5,
      );
      const config = {
        genesisHash: hexOf(keccak256(new Uint8Array([1, 2, 3]))),
        setId: 1n,
        expires: 1n << 40n,
        retention: 1n,
        minRotationDelay: 0n,
      };
      const attestation = await deploy(world, "Attestation", [
        config,
        many.map((one) => hexOf(one.evmAddress)),
        many.map((one) => one.power),
      ]);
      const deployment = await world.client.getBlock({ includeTransactions: true });
      const hash = deployment.transactions[0]?.hash ?? "0x";
      const created = await world.client.getTransactionReceipt({ hash });
      within(`deploy Attestation with N = ${count}`, created.gasUsed, write);
      const signers = Array.from({ length: Math.floor((count * 2) / 3) + 1 }, (_, i) => i);
      const signed = {
        ...signRoot(many, { root: keccak256() }, signers),
        leaf: {},
        output: keep(0),
        index: 0,
        path: [],
      };
      const there = { ...world, deployed: { ...world.deployed, attestation } };
      const receipt = await submitRoot(there, signed as never);
      within(
        `submitRoot, N = ${count}, ${signers.length} signatures (root stored: 22,100 of it)`,
        receipt.gasUsed,
        submit,
      );
    });
  }

  /** Gives payee, relayer and asker a balance, so that crediting them is not a first write. */
  async function warmCredits(): Promise<void> {
    await deliver(world, delivery(world, await ask(world), keep(32)));
  }

  function askConsumer(consumer: Address, bytes: number): Promise<Hex> {
    return world.client.writeContract({
      account: account(1),
      address: consumer,
      abi: abiOf("DigitConsumer"),
      functionName: "ask",
      args: [hexOf(keep(bytes))],
      value: 10n ** 16n,
    });
  }
});

/** Bytes without zeros: calldata at its dearest. */
function keep(length: number): Uint8Array {
  return new Uint8Array(length).fill(7);
}

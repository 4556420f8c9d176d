import { expect } from "chai";
import type { Address, Hex } from "viem";
import { concatBytes } from "../../../common/bytes.ts";
import { attestationAbi } from "../../../oracle-relayer/core/abi.ts";
import { hexOf } from "../../../oracle-relayer/core/encode.ts";
import { keccak256, rootDigest, signRootDigest } from "../../../proto/evm.ts";
import {
  account,
  createWorld,
  deploy,
  GENESIS_HASH,
  revertOf,
  SET_ID,
  signRoot,
  type Validator,
  validators,
  type World,
} from "../support/world.ts";

const ROOT = keccak256(new Uint8Array([42]));
const DAY = 86_400n;

describe("validator sets of Attestation", () => {
  let world: World;
  let snapshot: Hex;

  before(async () => {
    world = await createWorld(validators([10n, 10n, 10n, 10n]));
  });
  after(() => world.anvil.stop());
  beforeEach(async () => {
    snapshot = await world.client.snapshot();
  });
  afterEach(() => world.client.revert({ id: snapshot }));

  const install = (signers: readonly Address[], powers: readonly bigint[]): Promise<Address> => {
    const config = {
      genesisHash: hexOf(GENESIS_HASH),
      setId: 1n,
      expires: 1n << 40n,
      retention: 1n,
      minRotationDelay: 0n,
    };
    return deploy(world, "Attestation", [config, signers, powers]);
  };
  const address = (n: number): Address => `0x${n.toString(16).padStart(40, "0")}`;

  const invalid: readonly (readonly [string, readonly Address[], readonly bigint[], string])[] = [
    ["nobody", [], [], "EmptySet"],
    ["a zero address", [address(0)], [1n], "SetNotAscending"],
    ["one signer twice", [address(5), address(5)], [1n, 1n], "SetNotAscending"],
    ["signers out of order", [address(6), address(5)], [1n, 1n], "SetNotAscending"],
    ["a power of zero", [address(5), address(6)], [1n, 0n], "ZeroPower"],
    ["fewer powers than signers", [address(5), address(6)], [1n], "LengthMismatch"],
    ["more than 100", manyAddresses(101), manyAddresses(101).map(() => 1n), "SetTooLarge"],
  ];
  for (const [what, signers, powers, error] of invalid) {
    it(`of ${what} is refused`, async () => {
      expect((await revertOf(install(signers, powers)))?.name).to.equal(error);
    });
  }

  it("computes the digest that our chain signs", async () => {
    const digest = await world.client.readContract({
      address: world.deployed.attestation,
      abi: attestationAbi,
      functionName: "rootDigest",
      args: [SET_ID, 77n, hexOf(ROOT)],
    });
    expect(digest).to.equal(
      hexOf(rootDigest({ genesisHash: GENESIS_HASH, setId: SET_ID, rootHeight: 77n, root: ROOT })),
    );
  });

  it("keeps a set of 100 with the largest powers, as contract code", async () => {
    const many = validators(
      Array.from({ length: 100 }, () => (1n << 64n) - 1n),
      3,
    );
    const attestation = await install(
      many.map((one) => hexOf(one.evmAddress)),
      many.map((one) => one.power),
    );
    const [pointer] = await world.client.readContract({
      address: attestation,
      abi: attestationAbi,
      functionName: "setOf",
      args: [1n],
    });
    const code = await world.client.getCode({ address: pointer });
    const entries = many.map((one) => concatBytes(one.evmAddress, new Uint8Array(8).fill(255)));
    const threshold = (100n * ((1n << 64n) - 1n) * 2n) / 3n;
    expect(code).to.equal(
      `0x00${threshold.toString(16).padStart(32, "0")}${hexOf(concatBytes(...entries)).slice(2)}`,
    );
    const indices = Array.from({ length: 67 }, (_, i) => i + 33);
    await verify(attestation, many, indices);
    expect((await revertOf(verify(attestation, many, indices.slice(1))))?.name).to.equal("InsufficientPower");
  });

  it("takes exactly more than two thirds: 3 of 4 equal ones, and not 2", async () => {
    await verify(world.deployed.attestation, world.signers, [0, 2, 3]);
    const two = verify(world.deployed.attestation, world.signers, [1, 2]);
    expect(await revertOf(two)).to.deep.equal({ name: "InsufficientPower", args: [27n, 20n] });
  });

  it("of one signer that has all the power needs that signer", async () => {
    const [one] = validators([5n], 9);
    if (one === undefined) throw new Error("no validator");
    const attestation = await install([hexOf(one.evmAddress)], [5n]);
    await verify(attestation, [one], [0]);
    expect((await revertOf(verify(attestation, [one], [])))?.name).to.equal("InsufficientPower");
  });

  it("sign nothing after they expire", async () => {
    const [, expires] = await world.client.readContract({
      address: world.deployed.attestation,
      abi: attestationAbi,
      functionName: "setOf",
      args: [SET_ID],
    });
    await world.client.setNextBlockTimestamp({ timestamp: expires + 1n });
    await world.client.mine({ blocks: 1 });
    expect((await revertOf(verify(world.deployed.attestation, world.signers, [0, 1, 2])))?.name).to.equal(
      "SetExpired",
    );
  });

  describe("rotate", () => {
    const next = validators([7n, 7n, 7n], 4);

    it("by the signatures of the current set; the old one keeps attesting results for the retention", async () => {
      await rotate({ setId: 5n, signers: next, by: world.signers });
      expect(await currentSetId()).to.equal(5n);
      await verify(world.deployed.attestation, next, [0, 1, 2], 5n);
      await verify(world.deployed.attestation, world.signers, [0, 1, 2], SET_ID);
      await passTime(7n * DAY + 1n);
      expect((await revertOf(verify(world.deployed.attestation, world.signers, [0, 1, 2])))?.name).to.equal(
        "SetExpired",
      );
      await verify(world.deployed.attestation, next, [0, 1, 2], 5n);
    });

    it("by no replaced set: only the current one decides who follows", async () => {
      await rotate({ setId: 5n, signers: next, by: world.signers });
      const third = validators([1n], 6);
      expect(
        (await revertOf(rotate({ setId: 6n, signers: third, by: world.signers, indices: [0, 1, 2] })))?.name,
      ).to.equal("BadSignature");
      await rotate({ setId: 6n, signers: third, by: next });
    });

    it("keeping two replaced sets alive, not three", async () => {
      const sets = [world.signers, next, validators([1n], 6), validators([1n], 7)];
      for (let i = 1; i < 4; i++)
        await rotate({ setId: BigInt(i + 1), signers: sets[i] ?? [], by: sets[i - 1] ?? [] });
      expect((await revertOf(verify(world.deployed.attestation, world.signers, [0, 1, 2])))?.name).to.equal(
        "SetExpired",
      );
      await verify(world.deployed.attestation, next, [0, 1, 2], 2n);
    });

    it("forward only, and not by a jump that would use up the ids", async () => {
      for (const setId of [0n, 1n, 1_000_002n]) {
        expect((await revertOf(rotate({ setId, signers: next, by: world.signers })))?.name).to.equal(
          "SetIdOutOfRange",
        );
      }
      await rotate({ setId: 1_000_001n, signers: next, by: world.signers });
    });

    it("not before the time that was signed, nor by too few, nor to a set already expired", async () => {
      const now = (await world.client.getBlock()).timestamp;
      const soon = { setId: 2n, signers: next, by: world.signers, validFrom: now + 500n };
      expect((await revertOf(rotate(soon)))?.name).to.equal("RotationTooEarly");
      const few = { setId: 2n, signers: next, by: world.signers, indices: [0, 1] };
      expect((await revertOf(rotate(few)))?.name).to.equal("InsufficientPower");
      const dead = { setId: 2n, signers: next, by: world.signers, expires: now - 1n };
      expect((await revertOf(rotate(dead)))?.name).to.equal("SetExpired");
    });

    it("not at another contract with the same signatures", async () => {
      const powers = world.signers.map((one) => one.power);
      const twin = await install(
        world.signers.map((one) => hexOf(one.evmAddress)),
        powers,
      );
      const replay = rotate({ setId: 5n, signers: next, by: world.signers, at: twin });
      expect((await revertOf(replay))?.name).to.equal("BadSignature");
    });
  });

  function verify(
    attestation: Address,
    signers: readonly Validator[],
    indices: readonly number[],
    setId: bigint = SET_ID,
  ): Promise<unknown> {
    const signed = signRoot(signers, { root: ROOT, setId }, indices);
    const signatures = hexOf(concatBytes(...signed.signatures));
    return world.client.readContract({
      address: attestation,
      abi: attestationAbi,
      functionName: "verifyRoot",
      args: [setId, signed.rootHeight, hexOf(ROOT), signed.bitmap, signatures],
    });
  }

  /** Signs a rotation for the world's attestation, and sends it there or to `at`. */
  async function rotate(order: {
    readonly setId: bigint;
    readonly signers: readonly Validator[];
    readonly by: readonly Validator[];
    readonly indices?: readonly number[];
    readonly validFrom?: bigint;
    readonly expires?: bigint;
    readonly at?: Address;
  }): Promise<void> {
    const { setId, signers, by, validFrom = 0n, expires = 1n << 40n } = order;
    const packed = concatBytes(...signers.map((one) => concatBytes(one.evmAddress, power8(one.power))));
    const threshold = (signers.reduce((sum, one) => sum + one.power, 0n) * 2n) / 3n;
    const digest = await world.client.readContract({
      address: world.deployed.attestation,
      abi: attestationAbi,
      functionName: "setDigest",
      args: [setId, hexOf(keccak256(packed)), threshold, validFrom, expires],
    });
    const indices = order.indices ?? by.map((_, i) => i);
    const signatures = indices.map((i) =>
      signRootDigest(by[i]?.privateKey ?? ROOT, Buffer.from(digest.slice(2), "hex")),
    );
    const set = {
      setId,
      validFrom,
      expires,
      signers: signers.map((one) => hexOf(one.evmAddress)),
      powers: signers.map((one) => one.power),
    };
    const bitmap = indices.reduce((bits, i) => bits | (1n << BigInt(i)), 0n);
    const { request } = await world.client.simulateContract({
      account: account(3),
      address: order.at ?? world.deployed.attestation,
      abi: attestationAbi,
      functionName: "rotate",
      args: [set, bitmap, hexOf(concatBytes(...signatures))],
    });
    await world.client.waitForTransactionReceipt({ hash: await world.client.writeContract(request) });
  }

  function currentSetId(): Promise<bigint> {
    return world.client.readContract({
      address: world.deployed.attestation,
      abi: attestationAbi,
      functionName: "currentSetId",
    });
  }

  async function passTime(seconds: bigint): Promise<void> {
    await world.client.increaseTime({ seconds: Number(seconds) });
    await world.client.mine({ blocks: 1 });
  }
});

function power8(power: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, power);
  return out;
}

function manyAddresses(count: number): Address[] {
  return Array.from({ length: count }, (_, i): Address => `0x${(i + 1).toString(16).padStart(40, "0")}`);
}

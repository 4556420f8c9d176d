import { expect } from "chai";
import { createVoteExtensions } from "../../../../chain/modules/oracle/attestation.ts";
import { verifyPath } from "../../../../common/index.ts";
import {
  keccak256,
  keccakTree,
  RESULT_FINAL,
  recoverRootSigner,
  resultLeafBytes,
  rootDigest,
} from "../../../../proto/evm.ts";
import { decodeMessage, encodeMessage, type Messages } from "../../../../proto/index.ts";
import { answer, type Market, OUTPUT } from "../support/market.ts";
import { addressOf, expectRefused, GENESIS_HASH } from "../support/world.ts";
import { attestersOf, observation, oracleMarket, type TestAttester } from "./world.ts";

type Extension = Messages["aivm.oracle.v1.VoteExtension"];

const EXTENSION = "aivm.oracle.v1.VoteExtension";

/** Opens, answers and finalises `count` EVM requests in one block; the root is that of the block before this one. */
function finalised(market: Market, count = 1): Uint8Array[] {
  const ids = Array.from(
    { length: count },
    (_, n) =>
      market.tx("aivm.oracle.v1.MsgObserveRequest", observation(market, 1000 * Number(market.height()) + n))
        .requestId,
  );
  for (const id of ids) answer(market, id, "r1");
  market.nextBlock(20_000n);
  market.nextBlock();
  return ids;
}

function extensionOf(market: Market, attester: TestAttester): Uint8Array {
  return createVoteExtensions(attester).extend(market.ctx("query"));
}

function applyAll(market: Market, attesters: readonly TestAttester[]): void {
  const votes = attesters.map((attester) => ({
    validator: attester.validator,
    extension: extensionOf(market, attester),
  }));
  for (const vote of votes) expect(market.votes.verify(market.ctx("query"), vote)).to.equal(true);
  market.votes.apply(market.ctx(), votes);
}

function proofOf(market: Market, requestId: Uint8Array) {
  return market.query("oracle", "ResultProof", { requestId });
}

describe("results and their attestation", () => {
  it("a block without ended EVM requests has no root, and its extensions are empty", () => {
    const [attester] = attestersOf([1n]);
    if (attester === undefined) throw new Error("no attester");
    const world = oracleMarket([attester]);
    world.nextBlocks(3);
    expect(() => world.query("oracle", "ResultsRoot", { height: 1n })).to.throw(/not found/);
    expect(extensionOf(world, attester)).to.have.length(0);
  });

  it("leaf, path, root and signatures are what the contracts verify", () => {
    const attesters = attestersOf([1n]);
    const world = oracleMarket(attesters);
    const ids = finalised(world, 3);
    applyAll(world, attesters);
    for (const [index, requestId] of ids.entries()) {
      const proof = proofOf(world, requestId);
      const { leaf, root, rootHeight, setId, path } = proof;
      if (leaf === undefined) throw new Error("no leaf");
      expect(proof).to.deep.include({ attested: true, index, setId: 1n, output: OUTPUT });
      expect(leaf).to.deep.include({ status: RESULT_FINAL, outputKeccak: keccak256(OUTPUT), tier: 8 });
      const item = resultLeafBytes({ ...leaf, outputHash: leaf.outputKeccak });
      expect(verifyPath({ root, item, index, itemCount: ids.length, path }, keccakTree)).to.equal(true);
      const digest = rootDigest({ genesisHash: GENESIS_HASH, setId, rootHeight, root });
      const [signature = new Uint8Array()] = proof.signatures;
      expect(recoverRootSigner(signature, digest)).to.deep.equal(attesters[0]?.evmAddress);
      expect(proof.bitmap).to.deep.equal(Uint8Array.of(1, ...new Uint8Array(31)));
    }
  });

  it("is attested once more than two thirds of the power have signed, signatures in the set's order", () => {
    const attesters = attestersOf([1n, 1n, 1n, 1n]);
    const world = oracleMarket(attesters);
    const message = observation(world, 1);
    for (const n of [1, 2, 3])
      world.tx("aivm.oracle.v1.MsgObserveRequest", { ...message, observer: addressOf(`observer${n}`) });
    const { requestId } = world.tx("aivm.oracle.v1.MsgObserveRequest", message);
    answer(world, requestId, "r1");
    world.nextBlock(20_000n);
    world.nextBlock();
    const [a, b, c, d] = attesters;
    if (!a || !b || !c || !d) throw new Error("no attesters");
    applyAll(world, [d, b]);
    expect(proofOf(world, requestId)).to.deep.include({ attested: false });
    applyAll(world, [a]);
    const proof = proofOf(world, requestId);
    expect(proof.attested).to.equal(true);
    expect(proof.bitmap[0]).to.equal(0b1011);
    const { root, rootHeight, setId } = proof;
    const digest = rootDigest({ genesisHash: GENESIS_HASH, setId, rootHeight, root });
    expect(proof.signatures.map((signature) => recoverRootSigner(signature, digest))).to.deep.equal(
      [a, b, d].map(({ evmAddress }) => evmAddress),
    );
    expect(world.events.filter(({ type }) => type === "results_attested")).to.have.length(1);
  });

  it("a validator signs what it has not signed yet, also what it missed", () => {
    const attesters = attestersOf([1n]);
    const [attester] = attesters;
    if (attester === undefined) throw new Error("no attester");
    const world = oracleMarket(attesters);
    const ids = [...finalised(world), ...finalised(world)];
    const { roots } = decodeMessage(EXTENSION, extensionOf(world, attester));
    expect(roots).to.have.length(2);
    applyAll(world, attesters);
    for (const id of ids) expect(proofOf(world, id).attested).to.equal(true);
    expect(extensionOf(world, attester)).to.have.length(0);
  });

  it("a node without a key in the set attests nothing, and neither does one without a key", () => {
    const [inside, outside] = attestersOf([1n, 1n]);
    if (inside === undefined || outside === undefined) throw new Error("no attesters");
    const world = oracleMarket([inside]);
    finalised(world);
    expect(extensionOf(world, outside)).to.have.length(0);
    expect(createVoteExtensions(undefined).extend(world.ctx("query"))).to.have.length(0);
    expect(extensionOf(world, inside)).to.not.have.length(0);
  });

  describe("tampered extensions are refused in verification and ignored in application:", () => {
    const attesters = attestersOf([1n, 1n]);
    const [first, second] = attesters;
    if (first === undefined || second === undefined) throw new Error("no attesters");

    const expectBad = (make: (good: Extension) => Uint8Array, validator = first.validator): void => {
      const { world, id, good } = setUp();
      const vote = { validator, extension: make(good) };
      expect(world.votes.verify(world.ctx("query"), vote)).to.equal(false);
      const hash = world.stateHash();
      world.votes.apply(world.ctx(), [vote]);
      expect(world.stateHash()).to.equal(hash);
      expect(proofOf(world, id).signatures).to.have.length(0);
    };

    function setUp(): { readonly world: Market; readonly id: Uint8Array; readonly good: Extension } {
      const world = oracleMarket(attesters);
      world.tx("aivm.oracle.v1.MsgObserveRequest", {
        ...observation(world, 1),
        observer: addressOf("observer2"),
      });
      const { requestId: id } = world.tx("aivm.oracle.v1.MsgObserveRequest", observation(world, 1));
      answer(world, id, "r1");
      world.nextBlock(20_000n);
      world.nextBlock();
      return { world, id, good: decodeMessage(EXTENSION, extensionOf(world, first as TestAttester)) };
    }

    const change =
      (spoil: (root: Extension["roots"][number]) => Partial<Extension["roots"][number]>) =>
      ({ roots }: Extension): Uint8Array =>
        encodeMessage(EXTENSION, { roots: roots.map((root) => ({ ...root, ...spoil(root) })) });

    it("a signature with a flipped bit", () => {
      for (const at of [0, 31, 32, 63])
        expectBad(
          change(({ signature }) => ({ signature: signature.map((b, i) => (i === at ? b ^ 1 : b)) })),
        );
    });

    it("a root that is not the chain's, honestly signed", () => {
      const { world } = setUp();
      const rootHeight = world.height() - 1n;
      const root = new Uint8Array(32).fill(1);
      const digest = rootDigest({ genesisHash: GENESIS_HASH, setId: 1n, rootHeight, root });
      expectBad(change(() => ({ root, signature: first.signDigest(digest) })));
    });

    it("a height without a root", () => {
      expectBad(change(({ rootHeight }) => ({ rootHeight: rootHeight + 1n })));
    });

    it("another validator's signature, and one by a stranger", () => {
      expectBad((good) => encodeMessage(EXTENSION, good), second.validator);
      expectBad((good) => encodeMessage(EXTENSION, good), new Uint8Array(20));
    });

    it("the same root twice, bytes that are no extension, trailing bytes", () => {
      expectBad(({ roots }) => encodeMessage(EXTENSION, { roots: [...roots, ...roots] }));
      expectBad(() => Uint8Array.of(1, 2, 3));
      expectBad((good) => Uint8Array.of(...encodeMessage(EXTENSION, good), 0));
    });

    it("while the untouched one is taken, once", () => {
      const { world, id, good } = setUp();
      const vote = { validator: first.validator, extension: encodeMessage(EXTENSION, good) };
      expect(world.votes.verify(world.ctx("query"), vote)).to.equal(true);
      world.votes.apply(world.ctx(), [vote, vote]);
      expect(proofOf(world, id).signatures).to.have.length(1);
    });
  });

  describe("MsgReattest", () => {
    it("puts a record into the next root, once per block, open to anyone", () => {
      const attesters = attestersOf([1n]);
      const world = oracleMarket(attesters);
      const [requestId = new Uint8Array()] = finalised(world);
      const before = proofOf(world, requestId);
      const sender = addressOf("user");
      world.tx("aivm.oracle.v1.MsgReattest", { sender, requestId });
      world.tx("aivm.oracle.v1.MsgReattest", { sender, requestId });
      world.nextBlock();
      const after = proofOf(world, requestId);
      expect(after.rootHeight).to.equal(world.height() - 1n);
      expect(after.leaf).to.deep.equal(before.leaf);
      applyAll(world, attesters);
      expect(proofOf(world, requestId).attested).to.equal(true);
    });

    it("of a request that has not ended is refused, and nothing changes", () => {
      const world = oracleMarket(attestersOf([1n]));
      const { requestId } = world.tx("aivm.oracle.v1.MsgObserveRequest", observation(world, 1));
      for (const id of [requestId, new Uint8Array(32)])
        expectRefused(world, { codespace: "oracle", code: 6, says: /FINAL or EXPIRED/ }, () =>
          world.tx("aivm.oracle.v1.MsgReattest", { sender: addressOf("user"), requestId: id }),
        );
    });
  });

  it("names the set and the genesis that contracts are deployed with", () => {
    const attesters = attestersOf([3n, 2n, 1n]);
    const world = oracleMarket(attesters);
    const { set, genesisHash } = world.query("oracle", "AttesterSet", {});
    expect(genesisHash).to.deep.equal(GENESIS_HASH);
    expect(set?.attesters.map(({ evmAddress }) => evmAddress)).to.deep.equal(
      attesters.map(({ evmAddress }) => evmAddress),
    );
  });
});

import { expect } from "chai";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import {
  blockIdOf,
  commitHash,
  dataHash,
  headerHash,
  resultsHash,
  validatorsHash,
} from "../../../chain/engine/embedded/hash.ts";
import { voteExtensionSignBytes, voteSignBytes } from "../../../chain/engine/embedded/signBytes.ts";
import { ed25519Verify } from "../../../chain/io/ed25519.ts";
import { utf8 } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import { createDisk, engineOn, testGenesis, VALIDATOR_KEY } from "../../support/engineFixture.ts";
import type { KvstoreJournal } from "../../support/kvstoreApp.ts";

async function started(options: Parameters<typeof engineOn>[1] = {}): Promise<Engine> {
  const engine = engineOn(createDisk(), options);
  await engine.start();
  return engine;
}

function journal(): KvstoreJournal {
  return { calls: [], extensions: new Map() };
}

describe("embedded engine: blocks", () => {
  it("links 20 blocks by hashes and signatures that an independent reader recomputes", async () => {
    const engine = await started();
    for (let count = 0; count < 20; count++) {
      if (count % 3 === 0) await engine.submitTx(utf8(`key${count}=value`));
      await engine.produceBlock();
    }
    const { store, genesis } = engine;
    for (let height = 1n; height <= 20n; height++) {
      const block = store.block(height);
      const previous = store.block(height - 1n);
      const meta = store.meta(height);
      const seen = store.seenCommit(height);
      const signature = seen?.extendedSignatures[0];
      if (block === undefined || meta === undefined || seen === undefined || signature === undefined)
        throw new Error("missing");
      const { header } = block;
      expect(blockIdOf(block).blockId).to.deep.equal(meta.blockId);
      expect(header.lastCommitHash).to.deep.equal(
        commitHash(block.lastCommit ?? { height: 0n, round: 0, blockId: meta.blockId, signatures: [] }),
      );
      expect(header.dataHash).to.deep.equal(dataHash(block.data.txs));
      expect(header.validatorsHash).to.deep.equal(validatorsHash(genesis.validators));
      if (previous !== undefined) {
        expect(header.lastBlockId).to.deep.equal(blockIdOf(previous).blockId);
        expect(header.lastBlockId.hash).to.deep.equal(headerHash(previous.header));
        expect(header.lastResultsHash).to.deep.equal(
          resultsHash(store.results(height - 1n)?.txResults ?? []),
        );
        expect(header.appHash).to.deep.equal(store.results(height - 1n)?.appHash);
        expect(header.time).to.deep.equal(block.lastCommit?.signatures[0]?.timestamp);
      } else expect(header.time).to.deep.equal(genesis.genesisTime);
      const vote = {
        chainId: header.chainId,
        type: 2,
        height,
        round: 0,
        blockId: meta.blockId,
        timestamp: signature.timestamp,
      };
      expect(ed25519Verify(VALIDATOR_KEY.pubKey, voteSignBytes(vote), signature.signature)).to.equal(true);
      const extension = voteExtensionSignBytes({
        chainId: header.chainId,
        extension: signature.extension,
        height,
        round: 0,
      });
      expect(ed25519Verify(VALIDATOR_KEY.pubKey, extension, signature.extensionSignature)).to.equal(true);
    }
  });

  it("never lets block time stand still, also when the clock does", async () => {
    const engine = engineOn(createDisk(), { startNanos: 0n });
    await engine.start();
    const times: bigint[] = [];
    for (let count = 0; count < 4; count++) {
      const { header } = (await engine.produceBlock()).block;
      times.push(header.time.seconds * 1_000_000_000n + BigInt(header.time.nanos));
    }
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0n));
    expect(steps).to.deep.equal([1_000_000n, 1_000_000n, 1_000_000n]);
  });

  it("calls the application in the order of the ABCI grammar", async () => {
    const seen = journal();
    const engine = await started({ journal: seen });
    await engine.produceBlock();
    await engine.produceBlock();
    expect(seen.calls).to.deep.equal([
      "init",
      ...[1, 2].flatMap((height) => [
        `prepare ${height}`,
        `process ${height}`,
        `finalize ${height}`,
        `commit ${height}`,
      ]),
    ]);
  });

  it("hands the vote extension of each height to the next proposal, and none before the enabling height", async () => {
    const always = journal();
    const late = journal();
    for (const [seen, from] of [
      [always, 1n],
      [late, 3n],
    ] as const) {
      const engine = await started({ journal: seen, genesis: testGenesis(from) });
      for (let count = 0; count < 4; count++) await engine.produceBlock();
    }
    expect([...always.extensions.values()]).to.deep.equal([
      [],
      ["extension of 1"],
      ["extension of 2"],
      ["extension of 3"],
    ]);
    expect([...late.extensions.values()]).to.deep.equal([[], [""], [""], ["extension of 3"]]);
  });

  it("drops the mempool's transactions from a proposal that the application refuses", async () => {
    const engine = await started();
    await engine.submitTx(utf8("poison=1"));
    const { block } = await engine.produceBlock();
    expect(block.data.txs).to.deep.equal([]);
    expect(engine.store.seenCommit(1n)?.round).to.equal(1);
    expect((await engine.produceBlock()).block.lastCommit?.round).to.equal(1);
  });

  it("forgets old blocks when told to, and goes on", async () => {
    const disk = createDisk();
    const engine = engineOn(disk);
    await engine.start();
    for (let count = 0; count < 6; count++) await engine.produceBlock();
    await engine.store.prune(5n, 2);
    expect(engine.store.base()).to.equal(3n);
    await engine.store.prune(5n, 100);
    const { store } = engine;
    expect(store.base()).to.equal(5n);
    expect([store.block(4n), store.meta(4n), store.results(4n), store.seenCommit(4n)]).to.deep.equal(
      Array(4).fill(undefined),
    );
    expect(store.block(5n)?.header.height).to.equal(5n);
    const restarted = engineOn(disk);
    await restarted.start();
    expect((await restarted.produceBlock()).block.header.height).to.equal(7n);
  });

  it("refuses a genesis whose validator is somebody else", async () => {
    const genesis = testGenesis();
    const [own] = genesis.validators;
    if (own === undefined) throw new Error("no validator");
    const stranger = { ...own, pubKey: new Uint8Array(32).fill(9) };
    const engine = engineOn(createDisk(), { genesis: { ...genesis, validators: [stranger] } });
    const error: unknown = await engine.start().catch((caught: unknown) => caught);
    expect(isAivmError(error, "CHAIN_VALIDATORS")).to.equal(true);
  });
});

describe("embedded engine: mempool", () => {
  const limits = { maxTxs: 3, maxTotalBytes: 1000, maxTxBytes: 20, cacheSize: 10 };

  async function refusal(engine: Engine, text: string): Promise<string> {
    const error: unknown = await engine.submitTx(utf8(text)).catch((caught: unknown) => caught);
    return isAivmError(error) ? error.facts.what : "accepted";
  }

  it("includes transactions first come, first served, and empties", async () => {
    const engine = await started();
    for (const text of ["b=1", "a=1", "c=1"]) await engine.submitTx(utf8(text));
    const { block } = await engine.produceBlock();
    expect(block.data.txs).to.deep.equal(["b=1", "a=1", "c=1"].map(utf8));
    expect([engine.mempool.size(), engine.mempool.totalBytes()]).to.deep.equal([0, 0]);
  });

  it("refuses what waits or was committed with the text that clients match", async () => {
    const engine = await started();
    await engine.submitTx(utf8("a=1"));
    expect(await refusal(engine, "a=1")).to.equal("tx already exists in cache");
    await engine.produceBlock();
    expect(await refusal(engine, "a=1")).to.equal("tx already exists in cache");
  });

  it("lets a transaction that failed its check be sent again", async () => {
    const engine = await started();
    expect((await engine.submitTx(utf8("malformed"))).code).to.equal(2);
    expect((await engine.submitTx(utf8("malformed"))).code).to.equal(2);
    expect(engine.mempool.size()).to.equal(0);
  });

  it("is bounded in number and in bytes per transaction", async () => {
    const engine = await started({ limits });
    for (const text of ["a=1", "b=1", "c=1"]) await engine.submitTx(utf8(text));
    expect(await refusal(engine, "d=1")).to.match(/^mempool is full: number of txs 3 \(max: 3\)/);
    await engine.produceBlock();
    expect(await refusal(engine, `e=${"1".repeat(30)}`)).to.equal("Tx too large. Max size is 20, but got 32");
  });

  it("keeps transactions back that do not fit the block's gas", async () => {
    const genesis = testGenesis();
    const tight = { ...genesis.consensusParams, block: { maxBytes: 22_020_096n, maxGas: 2n } };
    const engine = await started({ genesis: { ...genesis, consensusParams: tight } });
    for (const text of ["a=1", "b=1", "c=1"]) await engine.submitTx(utf8(text));
    expect((await engine.produceBlock()).block.data.txs.length).to.equal(2);
    expect((await engine.produceBlock()).block.data.txs.length).to.equal(1);
  });
});

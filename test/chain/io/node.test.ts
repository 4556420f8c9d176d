import { statSync } from "node:fs";
import { join } from "node:path";
import {
  Comet38Client,
  connectComet,
  HttpBatchClient,
  toRfc3339WithNanoseconds,
} from "@cosmjs/tendermint-rpc";
import { expect } from "chai";
import { BlockID } from "cosmjs-types/tendermint/types/types";
import { headerHash } from "../../../chain/engine/embedded/hash.ts";
import { voteSignBytes } from "../../../chain/engine/embedded/signBytes.ts";
import { parseTime } from "../../../chain/engine/embedded/time.ts";
import { ed25519Verify } from "../../../chain/io/ed25519.ts";
import { type LevelEngineKv, openEngineKv } from "../../../chain/io/engineKv.ts";
import { homePaths, initHome } from "../../../chain/io/home.ts";
import { type RunningNode, startNode } from "../../../chain/io/node.ts";
import { utf8, utf8ToText } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import { nextJsonLine, startChild } from "../../support/child.ts";
import { headerFromJson } from "../../support/cometJson.ts";
import { SILENT, testGenesis } from "../../support/engineFixture.ts";
import { createKvstoreApp } from "../../support/kvstoreApp.ts";
import { createTempHome } from "../../support/tempHome.ts";

const SUPPORT = join(import.meta.dirname, "..", "..", "support");

describe("node with the kvstore application, through CosmJS", () => {
  const temp = createTempHome();
  let node: RunningNode;
  let appKv: LevelEngineKv;
  let client: Comet38Client;

  before(async () => {
    appKv = await openEngineKv(join(temp.home, "data", "kvstore.db"));
    node = await startNode({
      home: temp.home,
      app: createKvstoreApp(appKv),
      blockIntervalMs: 50,
      log: SILENT,
    });
    client = await Comet38Client.connect(node.rpcUrl);
  });

  after(async () => {
    client.disconnect();
    await node.stop();
    await node.done;
    await appKv.close();
    temp.remove();
  });

  async function nextHeight(): Promise<number> {
    const { lastBlockHeight } = await client.abciInfo();
    await new Promise<void>((resolve) => {
      const stop = node.engine.onBlock(() => {
        stop();
        resolve();
      });
    });
    return (lastBlockHeight ?? 0) + 1;
  }

  /** Waits until block `height` is committed. */
  async function reached(height: number): Promise<void> {
    while ((await client.status()).syncInfo.latestBlockHeight < height) await nextHeight();
  }

  it("is taken for a 0.38 node and describes itself after the first block", async () => {
    const detected = await connectComet(node.rpcUrl);
    expect(detected).to.be.instanceOf(Comet38Client);
    const status = await client.status();
    expect(status.nodeInfo.version).to.equal("0.38.25");
    expect(status.nodeInfo.network).to.equal("kvstore-1");
    expect(status.nodeInfo.other.get("tx_index")).to.equal("on");
    expect(status.nodeInfo.other.get("rpc_address")).to.equal(node.rpcUrl.replace("http", "tcp"));
    expect(status.syncInfo.latestBlockHeight).to.be.greaterThan(0);
    expect(status.syncInfo.latestBlockHash.length).to.equal(32);
    expect(status.validatorInfo.votingPower).to.equal(10n);
  });

  it("commits a transaction and finds it by hash, by search and in its block", async () => {
    const tx = utf8("name=satoshi");
    const sent = await client.broadcastTxSync({ tx });
    expect(sent.code).to.equal(0);
    await nextHeight();
    await nextHeight();
    const found = await client.tx({ hash: sent.hash, prove: true });
    expect(utf8ToText(found.tx)).to.equal("name=satoshi");
    expect(found.proof?.data).to.deep.equal(tx);
    const search = await client.txSearch({ query: "app.key='name'" });
    expect(search.txs.map(({ hash }) => hash)).to.deep.equal([sent.hash]);
    const block = await client.block(found.height);
    expect(block.block.txs).to.deep.equal([tx]);
    expect(found.proof?.rootHash).to.deep.equal(block.block.header.dataHash);
    const results = await client.blockResults(found.height);
    expect(results.results.map(({ code }) => code)).to.deep.equal([0]);
    const answer = await client.abciQuery({ path: "/key", data: utf8("name") });
    expect(utf8ToText(answer.value)).to.equal("satoshi");
    expect(answer.log).to.equal("exists");
  });

  it("waits for inclusion in broadcast_tx_commit and reports a failed check without waiting", async () => {
    const committed = await client.broadcastTxCommit({ tx: utf8("commit=1") });
    expect([committed.checkTx.code, committed.txResult?.code]).to.deep.equal([0, 0]);
    expect(committed.height).to.be.greaterThan(0);
    const refused = await client.broadcastTxCommit({ tx: utf8("malformed") });
    expect([refused.checkTx.code, refused.height]).to.deep.equal([2, 0]);
  });

  it("refuses a transaction that it has seen, with the text that clients match", async () => {
    await client.broadcastTxSync({ tx: utf8("twice=1") });
    const error: unknown = await client
      .broadcastTxSync({ tx: utf8("twice=1") })
      .catch((caught: unknown) => caught);
    expect(String(error)).to.contain("tx already exists in cache");
  });

  it("serves validators, commits, genesis, block lists and searches", async () => {
    await reached(4);
    const validators = await client.validatorsAll(4);
    expect(validators.validators.map(({ votingPower }) => votingPower)).to.deep.equal([10n]);
    const commit = await client.commit(1);
    expect(commit.canonical).to.equal(true);
    expect((await client.commit()).canonical).to.equal(false);
    expect((await client.genesis()).chainId).to.equal("kvstore-1");
    const chain = await client.blockchain(1, 3);
    expect(chain.blockMetas.map(({ header }) => header.height)).to.deep.equal([3, 2, 1]);
    const odd = await client.blockSearch({ query: "tick.parity='odd' AND block.height<=3" });
    expect(odd.blocks.map(({ block }) => block.header.height)).to.deep.equal([1, 3]);
    expect((await client.numUnconfirmedTxs()).total).to.be.lessThan(5);
    expect((await client.health()) ?? null).to.equal(null);
  });

  it("answers a batch in order", async () => {
    await reached(2);
    const batch = Comet38Client.create(new HttpBatchClient(node.rpcUrl));
    const heights = await Promise.all([1, 2, 1].map((height) => batch.block(height)));
    expect(heights.map(({ block }) => block.header.height)).to.deep.equal([1, 2, 1]);
    batch.disconnect();
  });

  it("announces blocks and transactions to websocket subscribers, after they can be searched", async () => {
    const subscriber = startChild(join(SUPPORT, "subscriber.ts"), [
      node.rpcUrl.replace("http", "ws"),
      "app.key='subscribed'",
      "subscribed=1",
    ]);
    const seen: string[] = [];
    let last = await nextJsonLine(subscriber);
    for (; last.event !== "tx"; last = await nextJsonLine(subscriber))
      seen.push(`${last.event} ${last.height}`);
    const search = await client.txSearch({ query: `tx.hash='${last.hash}'` });
    expect(search.txs.map(({ height }) => height)).to.deep.equal([last.height]);
    expect(seen.at(-1)).to.equal(`block ${last.height}`);
    expect(await subscriber.exited).to.equal(0);
  });

  it("serves 20 consecutive headers whose hashes and signatures anyone can recompute", async () => {
    await reached(22);
    const key = (await client.validatorsAll(1)).validators[0]?.pubkey?.data;
    if (key === undefined) throw new Error("no key");
    for (let height = 1; height <= 20; height++) {
      const reply = await fetch(`${node.rpcUrl}/header?height=${height}`);
      const header = headerFromJson((await reply.json()).result.header);
      const { commit } = await client.commit(height);
      const next = await client.block(height + 1);
      const id = commit.blockId;
      expect(headerHash(header)).to.deep.equal(id.hash);
      expect(next.block.header.lastBlockId?.hash).to.deep.equal(id.hash);
      const signature = commit.signatures[0];
      if (signature?.timestamp === undefined || signature.signature === undefined)
        throw new Error("unsigned");
      expect(toRfc3339WithNanoseconds(next.block.header.time)).to.equal(
        toRfc3339WithNanoseconds(signature.timestamp),
      );
      const message = voteSignBytes({
        chainId: header.chainId,
        type: 2,
        height: BigInt(height),
        round: commit.round,
        blockId: BlockID.fromPartial({ hash: id.hash, partSetHeader: id.parts }),
        timestamp: parseTime(toRfc3339WithNanoseconds(signature.timestamp)),
      });
      expect(ed25519Verify(key, message, signature.signature)).to.equal(true);
    }
  });

  it("keeps its keys and signing state readable by their owner alone", () => {
    const paths = homePaths(temp.home);
    for (const path of [paths.validatorKey, paths.validatorState, paths.nodeKey]) {
      expect(statSync(path).mode & 0o777).to.equal(0o600);
    }
  });

  it("never overwrites the genesis of a home", () => {
    try {
      initHome(temp.home, () => testGenesis());
      expect.fail("overwritten");
    } catch (error) {
      expect(isAivmError(error, "CHAIN_HOME")).to.equal(true);
    }
  });
});

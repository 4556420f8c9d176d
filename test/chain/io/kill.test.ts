import { join } from "node:path";
import { Comet38Client } from "@cosmjs/tendermint-rpc";
import { expect } from "chai";
import { bytesToHex, utf8 } from "../../../common/bytes.ts";
import { type Child, nextJsonLine, startChild } from "../../support/child.ts";
import { createTempHome } from "../../support/tempHome.ts";

const NODE = join(import.meta.dirname, "..", "..", "support", "kvstoreNode.ts");
const BLOCK_MS = "20";
/** Broadcast replies after which each run is killed; primes, so that kills fall into different phases of a block. */
const KILL_AFTER_REPLIES = [3, 17, 61, 29];

/** What was seen as committed before a kill. */
interface Witness {
  readonly hashByHeight: Map<number, string>;
  readonly heightByTx: Map<string, number>;
}

describe("node under kill -9", () => {
  const temp = createTempHome();
  let child: Child | undefined;

  after(async () => {
    child?.process.kill("SIGKILL");
    await child?.exited;
    temp.remove();
  });

  async function start(): Promise<Comet38Client> {
    child = startChild(NODE, [temp.home, BLOCK_MS]);
    const ready = await nextJsonLine(child);
    return Comet38Client.connect(String(ready.rpc));
  }

  /** Sends transactions one after the other and notes what is committed, until `replies` came; then kills the node. */
  async function loadAndKill(
    client: Comet38Client,
    run: { readonly name: number; readonly replies: number },
    seen: Witness,
  ): Promise<void> {
    for (let count = 0; count < run.replies; count++) {
      await client.broadcastTxSync({ tx: utf8(`run${run.name}n${count}=${"x".repeat(200)}`) });
      if (count % 4 !== 0) continue;
      const { lastHeight, blockMetas } = await client.blockchain();
      for (const { header, blockId } of blockMetas)
        seen.hashByHeight.set(header.height, bytesToHex(blockId.hash));
      const { txs } = await client.txSearch({ query: `tx.height=${lastHeight}`, per_page: 100 });
      for (const { hash, height } of txs) seen.heightByTx.set(bytesToHex(hash), height);
    }
    child?.process.kill("SIGKILL");
    await child?.exited;
  }

  it("loses no committed block and no committed transaction, kill after kill", async () => {
    const seen: Witness = { hashByHeight: new Map(), heightByTx: new Map() };
    for (const [name, replies] of KILL_AFTER_REPLIES.entries()) {
      await loadAndKill(await start(), { name, replies }, seen);
    }
    const client = await start();
    expect(seen.hashByHeight.size).to.be.greaterThan(5);
    expect(seen.heightByTx.size).to.be.greaterThan(5);
    for (const [height, hash] of seen.hashByHeight) {
      expect(bytesToHex((await client.block(height)).blockId.hash)).to.equal(hash);
    }
    for (const [hash, height] of seen.heightByTx) {
      const { txs } = await client.txSearch({ query: `tx.hash='${hash}'` });
      expect(txs.map((tx) => tx.height)).to.deep.equal([height]);
    }
    const status = await client.status();
    const info = await client.abciInfo();
    expect(info.lastBlockHeight).to.be.at.least(status.syncInfo.latestBlockHeight);
    for (let height = 2; height <= status.syncInfo.latestBlockHeight; height++) {
      const [block, previous] = [await client.block(height), await client.block(height - 1)];
      expect(block.block.header.lastBlockId?.hash).to.deep.equal(previous.blockId.hash);
      expect(block.block.lastCommit?.height).to.equal(height - 1);
    }
  });
});

import { expect } from "chai";
import { createApp } from "../../../chain/app.ts";
import { createBlockStore } from "../../../chain/engine/embedded/blockStore.ts";
import { createEngine, type Engine } from "../../../chain/engine/embedded/engine.ts";
import type { SigningKey } from "../../../chain/engine/embedded/ports.ts";
import { parseTime, timestampToNanos } from "../../../chain/engine/embedded/time.ts";
import type { Module, VoteExtensionHandler } from "../../../chain/module.ts";
import { createAuthModule } from "../../../chain/modules/auth/module.ts";
import { createBankModule } from "../../../chain/modules/bank/module.ts";
import { memoryKv } from "../../../chain/store/kv.ts";
import { isVoteTx } from "../../../chain/voteTx.ts";
import { bytesToHex, readU64be, u64be, utf8 } from "../../../common/index.ts";
import { createDisk, type Disk, SILENT, testGenesis, VALIDATOR_KEY } from "../../support/engineFixture.ts";

const ROOTS = "roots";

/** Records "root" r(h) = h * 7 at every height; stands for what validators attest. */
const roots: Module = {
  name: ROOTS,
  stores: [ROOTS],
  messages: [],
  queries: [],
  endBlock: (ctx) => ctx.store(ROOTS).set(u64be(ctx.height), u64be(ctx.height * 7n)),
};

/** Extension: height and root of the last committed block, from that block's own record. */
const attest: VoteExtensionHandler = {
  extend: (ctx) => {
    const root = ctx.store(ROOTS).get(u64be(ctx.height));
    return root === undefined ? new Uint8Array() : Uint8Array.from([...u64be(ctx.height), ...root]);
  },
  verify: (ctx, { extension }) => {
    const root = extension.length === 16 ? ctx.store(ROOTS).get(extension.slice(0, 8)) : undefined;
    return root !== undefined && bytesToHex(root) === bytesToHex(extension.slice(8));
  },
  apply: (ctx, votes) => {
    for (const { extension } of votes)
      ctx.store(ROOTS).set(Uint8Array.from([...utf8("attested"), ...extension.slice(0, 8)]), utf8("1"));
    ctx.emit(
      "attested",
      votes.map(({ extension }) => ["height", `${readU64be(extension)}`] as const),
    );
  },
};

describe("chain/app under the embedded engine", () => {
  it("what validators attest at one height is in the next block but one, also over a restart", async () => {
    const disk = createDisk();
    const kv = memoryKv();
    const start = async (): Promise<Engine> => {
      const modules = [createAuthModule(), createBankModule({ blocked: [] }), roots];
      const app = createApp({
        kv,
        modules,
        voteExtensions: attest,
        feeDenom: "uaivm",
        minGasPriceMicro: 0n,
        version: "t",
      });
      const engine = createEngine(contextOn(disk, app));
      await engine.start();
      return engine;
    };
    let engine = await start();
    const attested: (string | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      if (i === 4) engine = await start();
      const { block, response } = await engine.produceBlock();
      expect(block.header.height).to.equal(BigInt(i + 1));
      expect(block.data.txs.filter(isVoteTx)).to.have.length(i < 2 ? 0 : 1);
      expect(response.txResults.every(({ code }) => code === 0)).to.equal(true);
      attested.push(response.events.find(({ type }) => type === "attested")?.attributes[0]?.value);
    }
    expect(attested).to.deep.equal([undefined, undefined, "1", "2", "3", "4", "5", "6"]);
  });
});

let now = timestampToNanos(parseTime("2026-01-01T00:00:00Z"));

function contextOn(disk: Disk, app: ReturnType<typeof createApp>): Parameters<typeof createEngine>[0] {
  const key: SigningKey = {
    pubKey: VALIDATOR_KEY.pubKey,
    sign: VALIDATOR_KEY.sign,
    loadState: () => disk.signState,
    saveState: (state) => {
      disk.signState = state;
    },
  };
  const clock = (): bigint => {
    now += 100_000_000n;
    return now;
  };
  return { genesis: testGenesis(), app, store: createBlockStore(disk.engineKv), key, clock, log: SILENT };
}

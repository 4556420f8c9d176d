import { expect } from "chai";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import { signPrecommit } from "../../../chain/engine/embedded/privValidator.ts";
import { findTx, searchTxs } from "../../../chain/engine/embedded/query/eventIndex.ts";
import { parseQuery } from "../../../chain/engine/embedded/query/parse.ts";
import { nanosToTimestamp } from "../../../chain/engine/embedded/time.ts";
import { bytesToHex, utf8 } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import {
  createDisk,
  type Disk,
  engineOn,
  PowerCut,
  type PowerSwitch,
  VALIDATOR_KEY,
} from "../../support/engineFixture.ts";

const BLOCKS = 3;

let runs = 0;

/**
 * Starts on `disk` and makes blocks, each with one transaction, until `BLOCKS` or the power cut. Transactions differ
 * from run to run, so that a block proposed anew is another block.
 */
async function runUntilCut(disk: Disk, power: PowerSwitch): Promise<Engine> {
  runs += 1;
  const engine = engineOn(disk, { power });
  await engine.start();
  while (engine.state().lastBlockHeight < BLOCKS) {
    await engine.submitTx(utf8(`run${runs}=${engine.state().lastBlockHeight}`));
    await engine.produceBlock();
  }
  return engine;
}

/** A switch that cuts the power at the `cut`-th place, and counts the places. */
function cutAt(cut: number): { readonly power: PowerSwitch; readonly passed: () => number } {
  let count = 0;
  return {
    power(write, when) {
      count += 1;
      if (count === cut) throw new PowerCut(`${when} ${write}`);
    },
    passed: () => count,
  };
}

function tipHash(engine: Engine): string {
  return bytesToHex(engine.state().appHash);
}

describe("embedded engine: power cuts", () => {
  it("recovers from a cut before and after every durable write, losing nothing that was decided", async () => {
    const whole = cutAt(0);
    await runUntilCut(createDisk(), whole.power);
    expect(whole.passed()).to.be.greaterThan(30);
    for (let cut = 1; cut <= whole.passed(); cut++) {
      const disk = createDisk();
      const error: unknown = await runUntilCut(disk, cutAt(cut).power).catch((caught: unknown) => caught);
      if (!(error instanceof PowerCut)) throw error;
      const decided = engineOn(disk).store;
      const tip = decided.tip();
      const hashes = Array.from(
        { length: Number(tip) },
        (_, index) => decided.meta(BigInt(index + 1))?.blockId.hash,
      );
      const engine = await runUntilCut(disk, () => undefined);
      expect(engine.state().lastBlockHeight, error.message).to.equal(BigInt(BLOCKS));
      hashes.forEach((hash, index) => {
        expect(engine.store.meta(BigInt(index + 1))?.blockId.hash, error.message).to.deep.equal(hash);
      });
      const info = await engine.info();
      expect(bytesToHex(info.lastBlockAppHash), error.message).to.equal(tipHash(engine));
      for (let height = 1n; height <= BLOCKS; height++) {
        const txs = engine.store.block(height)?.data.txs ?? [];
        const found = await searchTxs(engine.store.kv, parseQuery(`tx.height=${height}`));
        expect(
          found.map(({ hash }) => findTx(engine.store.kv, hash)?.tx),
          error.message,
        ).to.deep.equal(txs);
      }
    }
  });

  it("survives a second cut during the recovery from the first", async () => {
    for (let first = 1; first <= 40; first += 3) {
      for (let second = 1; second <= 8; second++) {
        const disk = createDisk();
        for (const cut of [first, second]) {
          await runUntilCut(disk, cutAt(cut).power).catch((error: unknown) => {
            if (!(error instanceof PowerCut)) throw error;
          });
        }
        const engine = await runUntilCut(disk, () => undefined);
        expect(bytesToHex((await engine.info()).lastBlockAppHash)).to.equal(tipHash(engine));
      }
    }
  });

  it("replays a lost application from genesis to the same hash", async () => {
    const disk = createDisk();
    const before = await runUntilCut(disk, () => undefined);
    const without: Disk = { ...disk, appKv: createDisk().appKv };
    const engine = engineOn(without);
    await engine.start();
    expect(tipHash(engine)).to.equal(tipHash(before));
    expect(bytesToHex((await engine.info()).lastBlockAppHash)).to.equal(tipHash(before));
  });

  it("refuses an application that is ahead of the blocks", async () => {
    const disk = createDisk();
    await runUntilCut(disk, () => undefined);
    const engine = engineOn({ ...createDisk(), appKv: disk.appKv });
    const error: unknown = await engine.start().catch((caught: unknown) => caught);
    expect(isAivmError(error, "CHAIN_HANDSHAKE")).to.equal(true);
  });

  it("refuses an application whose hash is not the chain's", async () => {
    const disk = createDisk();
    await runUntilCut(disk, () => undefined);
    await disk.appKv.write([{ key: utf8("!meta"), value: new Uint8Array([0, 0, 0, 0, 0, 0, 0, BLOCKS, 1]) }]);
    const error: unknown = await engineOn(disk)
      .start()
      .catch((caught: unknown) => caught);
    expect(isAivmError(error, "CHAIN_APP_HASH")).to.equal(true);
  });
});

describe("embedded engine: double-sign protection", () => {
  const blockId = {
    hash: new Uint8Array(32).fill(1),
    partSetHeader: { total: 1, hash: new Uint8Array(32).fill(2) },
  };
  const vote = { chainId: "c", height: 5n, round: 1, blockId, timestamp: nanosToTimestamp(1_000n) };

  function keyAfter(signed: typeof vote): {
    readonly sign: (next: typeof vote) => ReturnType<typeof signPrecommit>;
  } {
    let state = createDisk().signState;
    const key = {
      pubKey: VALIDATOR_KEY.pubKey,
      sign: VALIDATOR_KEY.sign,
      loadState: () => state,
      saveState(next: typeof state) {
        state = next;
      },
    };
    signPrecommit(key, signed);
    return { sign: (next) => signPrecommit(key, next) };
  }

  it("signs the same vote again with the same signature", () => {
    const key = keyAfter(vote);
    expect(key.sign(vote)).to.deep.equal(key.sign(vote));
  });

  it("gives the earlier timestamp and signature to a vote that differs in the time alone", () => {
    const key = keyAfter(vote);
    const again = key.sign({ ...vote, timestamp: nanosToTimestamp(2_000n) });
    expect(again).to.deep.equal(key.sign(vote));
    expect(again.timestamp).to.deep.equal(vote.timestamp);
  });

  for (const [name, change] of [
    [
      "another block at the same height and round",
      { blockId: { ...blockId, hash: new Uint8Array(32).fill(3) } },
    ],
    ["an earlier round", { round: 0 }],
    ["an earlier height", { height: 4n }],
    ["another chain's vote", { chainId: "d" }],
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(() => keyAfter(vote).sign({ ...vote, ...change })).to.throw("CHAIN_DOUBLE_SIGN");
    });
  }

  it("signs a later round and height", () => {
    const key = keyAfter(vote);
    expect(key.sign({ ...vote, round: 2 }).signature.length).to.equal(64);
    expect(key.sign({ ...vote, height: 6n, round: 0 }).signature.length).to.equal(64);
  });
});

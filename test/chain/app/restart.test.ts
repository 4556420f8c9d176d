import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { RequestFinalizeBlock, RequestInfo, RequestInitChain } from "cosmjs-types/tendermint/abci/types";
import { type LevelStore, openLevelStore } from "../../../chain/io/levelStore.ts";
import { createNodeVerifier } from "../../../chain/io/nodeVerifier.ts";
import type { DurableKv } from "../../../chain/store/kv.ts";
import { openMultiStore } from "../../../chain/store/multistore.ts";
import { bytesToHex, utf8 } from "../../../common/index.ts";
import {
  type AppHarness,
  createHarness,
  DENOM,
  type TestAccount,
  testAccount,
} from "../../support/appHarness.ts";

const FUNDS = 1_000_000_000n;
let alice: TestAccount;
let bob: TestAccount;
let folder: string;
let copies: number;

function send(amount: bigint) {
  const value = {
    fromAddress: alice.address,
    toAddress: bob.address,
    amount: [{ denom: DENOM, amount: `${amount}` }],
  };
  return { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value };
}

/** What a process that is killed now leaves on the disk. */
function leftByKill(): string {
  copies += 1;
  const copy = join(folder, `copy${copies}`);
  cpSync(join(folder, "db"), copy, { recursive: true });
  return copy;
}

function chainOn(kv: DurableKv, resume?: { height: bigint; timeMs: bigint }): AppHarness {
  const balances = [
    [alice.address, FUNDS],
    [bob.address, FUNDS],
  ] as const;
  return createHarness({ balances, app: { kv }, ...(resume === undefined ? {} : { resume }) });
}

function tipOf(chain: AppHarness): { height: bigint; appHash: string } {
  const { lastBlockHeight, lastBlockAppHash } = chain.app.info(RequestInfo.fromPartial({}));
  return { height: lastBlockHeight, appHash: bytesToHex(lastBlockAppHash) };
}

async function reopened<T>(directory: string, use: (kv: LevelStore) => Promise<T>): Promise<T> {
  const kv = await openLevelStore(directory);
  try {
    return await use(kv);
  } finally {
    await kv.close();
  }
}

describe("chain/app (restart)", () => {
  before(async () => {
    [alice, bob] = await Promise.all([testAccount("alice"), testAccount("bob")]);
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "aivm-app-"));
    copies = 0;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("killed between any two steps of a block, the chain continues to the same app hash and balances", async () => {
    await reopened(join(folder, "db"), async (kv) => {
      const chain = chainOn(kv);
      const lives: { directory: string; height: bigint; timeMs: bigint }[] = [];
      const remember = (): void => {
        lives.push({ directory: leftByKill(), height: chain.height(), timeMs: chain.timeMs() });
      };
      await chain.block();
      const txs: Uint8Array[] = [];
      for (let i = 0n; i < 3n; i++) txs.push(await chain.sign(alice, [send(i + 1n)], { sequence: i }));
      const hashes = new Map<bigint, string>();
      for (const tx of txs) {
        remember();
        chain.check(tx);
        hashes.set(chain.height() + 1n, bytesToHex(chain.execute([tx]).appHash));
        remember();
        await chain.block([tx]);
        remember();
      }
      const end = tipOf(chain);
      for (const { directory, height, timeMs } of lives) {
        await reopened(directory, async (left) => {
          const again = chainOn(left, { height, timeMs });
          expect(tipOf(again).height).to.equal(height);
          if (height > 1n) expect(tipOf(again).appHash).to.equal(hashes.get(height));
          for (const tx of txs.slice(Number(height - 1n))) {
            expect((await again.block([tx])).txResults[0]?.code).to.equal(0);
          }
          expect(tipOf(again)).to.deep.equal(end);
          expect(again.balance(bob.address)).to.equal(FUNDS + 6n);
        });
      }
      expect(lives).to.have.length(9);
    });
  });

  it("killed before the first commit, the chain starts from genesis again and gets the same first block", async () => {
    const hash = await reopened(join(folder, "db"), async (kv) => {
      const chain = chainOn(kv);
      return bytesToHex(chain.execute([]).appHash);
    });
    await reopened(join(folder, "db"), async (kv) => {
      const chain = chainOn(kv);
      expect(tipOf(chain)).to.deep.equal({ height: 0n, appHash: "" });
      expect(bytesToHex((await chain.block()).appHash)).to.equal(hash);
      expect(chain.balance(alice.address)).to.equal(FUNDS);
    });
  });

  it("a commit torn at any byte leaves the version before it or the version itself, whole", async () => {
    let from = 0;
    let to = 0;
    let log = "";
    const kv = await openLevelStore(join(folder, "db"));
    const store = openMultiStore({ kv, names: ["a", "b"], keepVersions: 3 });
    const write = async (version: number): Promise<void> => {
      for (let i = 0; i < 6; i++) {
        store.working.store("a").set(utf8(`key${i}`), utf8(`value ${version}`));
        store.working.store("b").set(utf8(`other${i}`), utf8(`value ${version}`));
        store.working.bulk("x").set(utf8(`blob${i}`), utf8(`value ${version}`));
      }
      await store.commit();
    };
    await write(1);
    log = readdirSync(join(folder, "db")).find((name) => name.endsWith(".log")) ?? "";
    from = statSync(join(folder, "db", log)).size;
    await write(2);
    to = statSync(join(folder, "db", log)).size;
    expect(to).to.be.greaterThan(from + 100);
    const seen = new Set<bigint>();
    for (let size = from; size <= to; size += Math.max(1, Math.floor((to - from) / 12))) {
      const directory = leftByKill();
      truncateSync(join(directory, log), Math.min(size, to));
      await reopened(directory, async (left) => {
        const again = openMultiStore({ kv: left, names: ["a", "b"], keepVersions: 3 });
        const { version, appHash } = again.committed();
        seen.add(version);
        expect(bytesToHex(again.workingHash())).to.equal(bytesToHex(appHash));
        const value = utf8(`value ${version}`);
        for (let i = 0; i < 6; i++) {
          expect(again.latest.store("a").get(utf8(`key${i}`))).to.deep.equal(value);
          expect(again.latest.store("b").get(utf8(`other${i}`))).to.deep.equal(value);
          expect(again.latest.bulk("x").get(utf8(`blob${i}`))).to.deep.equal(value);
        }
      });
    }
    const directory = leftByKill();
    await kv.close();
    await reopened(directory, async (left) => {
      seen.add(openMultiStore({ kv: left, names: ["a", "b"], keepVersions: 3 }).committed().version);
    });
    expect([...seen].sort()).to.deep.equal([1n, 2n]);
  });

  it("two nodes on different stores, verifiers and loads agree on every app hash and result", async () => {
    await reopened(join(folder, "db"), async (kv) => {
      const one = chainOn(kv);
      const balances = [
        [alice.address, FUNDS],
        [bob.address, FUNDS],
      ] as const;
      const two = createHarness({ balances, app: { verify: createNodeVerifier() } });
      await one.block();
      await two.block();
      for (let i = 0n; i < 4n; i++) {
        const txs = [
          await one.sign(alice, [send(i + 1n)]),
          await one.sign(bob, [send(1n)]),
          await one.sign(alice, [send(FUNDS * 2n)], { sequence: i + 1n, gas: 90_000n }),
        ];
        // Only one of them checks, simulates and queries.
        for (const tx of txs) two.check(tx);
        two.balance(alice.address);
        two.execute([]);
        const [first, second] = [await one.block(txs), await two.block(txs)];
        expect(second.appHash).to.deep.equal(first.appHash);
        expect(second.txResults).to.deep.equal(first.txResults);
      }
    });
  });

  it("refuses calls out of order, which would mean another chain's store or a broken engine", async () => {
    const chain = createHarness({ balances: [] });
    await chain.block();
    const failure = await chain.app.commit().then(
      () => "none",
      (error: Error) => error.message,
    );
    expect(failure).to.match(/^CHAIN_ABCI_ORDER: Commit/);
    const skip = RequestFinalizeBlock.fromPartial({ height: 3n });
    expect(() => chain.app.finalizeBlock(skip)).to.throw(
      "CHAIN_ABCI_ORDER: FinalizeBlock: expected height 2, got height 3",
    );
    const late = RequestInitChain.fromPartial({ chainId: "x", initialHeight: 5n });
    expect(() => chain.app.initChain(late)).to.throw("CHAIN_ABCI_ORDER: InitChain");
  });
});

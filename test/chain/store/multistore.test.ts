import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { branchOf } from "../../../chain/store/branch.ts";
import { childOf, hashOf, type IavlNode } from "../../../chain/store/iavl/node.ts";
import { type DurableKv, type KvChange, mapKey, memoryKv } from "../../../chain/store/kv.ts";
import { appHashOf, openMultiStore } from "../../../chain/store/multistore.ts";
import { bytesToHex, hexToBytes, sha256, utf8 } from "../../../common/index.ts";
import { requireTestData } from "../../support/testData.ts";

/** A memory store that counts what it holds and can fail a write as a power cut would. */
function countingKv(): DurableKv & { size(): number; failNext(): void } {
  const entries = new Map<string, Uint8Array>();
  let fail = false;
  return {
    get: (key) => entries.get(mapKey(key)),
    write: async (changes: readonly KvChange[]) => {
      if (fail) {
        fail = false;
        throw new Error("power cut");
      }
      for (const { key, value } of changes) {
        if (value === undefined) entries.delete(mapKey(key));
        else entries.set(mapKey(key), value);
      }
    },
    size: () => entries.size,
    failNext: () => {
      fail = true;
    },
  };
}

describe("chain/store (IAVL multistore)", () => {
  it("gives the root hashes that IAVL's own test states", async function () {
    const folder = requireTestData(this, "conformance", "cosmos", "iavl");
    const versions = JSON.parse(readFileSync(join(folder, "tree-hash-ops.json"), "utf8")) as {
      version: number;
      ops: [string, string?][];
    }[];
    const expected = JSON.parse(readFileSync(join(folder, "tree-hash-expected.json"), "utf8")) as Record<
      string,
      string
    >;
    const store = openMultiStore({ kv: memoryKv(), names: ["t"], keepVersions: 10 });
    for (const { version, ops } of versions) {
      for (const [key, value] of ops) {
        if (value === undefined) store.working.store("t").delete(hexToBytes(key));
        else store.working.store("t").set(hexToBytes(key), hexToBytes(value));
      }
      const info = await store.commit();
      const hash = bytesToHex(info.stores[0]?.hash ?? new Uint8Array());
      if (expected[version] !== undefined) expect(hash, `version ${version}`).to.equal(expected[version]);
    }
    expect(versions.length).to.be.greaterThan(3);
  });

  it("hashes store names and roots as the Cosmos SDK's map vectors", function () {
    const file = requireTestData(this, "conformance", "cosmos", "cosmos-sdk", "store", "merkle-map.json");
    const cases = JSON.parse(readFileSync(file, "utf8")) as {
      keys: string[];
      values: string[];
      root: string;
    }[];
    for (const { keys, values, root } of cases) {
      const stores = keys.map((name, i) => ({ name, hash: utf8(values[i] ?? "") }));
      stores.sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(bytesToHex(appHashOf(stores))).to.equal(root);
    }
  });

  it("holds what a plain map would hold, in order, balanced, across reopening", async () => {
    const small = fc.uint8Array({ minLength: 1, maxLength: 2 });
    const operation = fc.record({
      key: small,
      value: fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 })),
      commit: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 80 }), async (operations) => {
        const kv = memoryKv();
        let store = openMultiStore({ kv, names: ["a", "b"], keepVersions: 3 });
        const model = new Map<string, Uint8Array>();
        for (const { key, value, commit } of operations) {
          if (value === null) {
            store.working.store("a").delete(key);
            model.delete(mapKey(key));
          } else {
            store.working.store("a").set(key, value);
            model.set(mapKey(key), value);
          }
          if (commit) await store.commit();
        }
        const { appHash, version } = await store.commit();
        store = openMultiStore({ kv, names: ["a", "b"], keepVersions: 3 });
        expect(store.committed().version).to.equal(version);
        expect(bytesToHex(store.workingHash())).to.equal(bytesToHex(appHash));
        const entries = store.working.store("a").iterate({});
        expect(entries.map(([key]) => mapKey(key))).to.deep.equal([...model.keys()].sort());
        for (const [key, value] of entries) expect(model.get(mapKey(key))).to.deep.equal(value);
        expect(isBalanced(store.rootAt("a", version), store.load("a"))).to.equal(true);
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  it("an interrupted commit leaves the version before it, whole", async () => {
    const kv = countingKv();
    const store = openMultiStore({ kv, names: ["a"], keepVersions: 5 });
    store.working.store("a").set(utf8("k"), utf8("1"));
    store.working.bulk("x").set(utf8("blob"), utf8("first"));
    const first = await store.commit();
    store.working.store("a").set(utf8("k"), utf8("2"));
    store.working.bulk("x").set(utf8("blob"), utf8("second"));
    kv.failNext();
    const failure = await store.commit().then(
      () => "no failure",
      (error: Error) => error.message,
    );
    expect(failure).to.equal("power cut");
    const again = openMultiStore({ kv, names: ["a"], keepVersions: 5 });
    expect(again.committed()).to.deep.equal(first);
    expect(again.latest.store("a").get(utf8("k"))).to.deep.equal(utf8("1"));
    expect(again.latest.bulk("x").get(utf8("blob"))).to.deep.equal(utf8("first"));
  });

  it("a commit that failed may be tried again and then holds everything", async () => {
    const kv = countingKv();
    const store = openMultiStore({ kv, names: ["a"], keepVersions: 5 });
    for (let i = 0; i < 20; i++) store.working.store("a").set(utf8(`k${i}`), utf8("1"));
    kv.failNext();
    await store.commit().catch(() => undefined);
    const { appHash } = await store.commit();
    const again = openMultiStore({ kv, names: ["a"], keepVersions: 5 });
    expect(rereadAll(again.rootAt("a", 1n), again.load("a"))).to.equal(20);
    expect(bytesToHex(again.workingHash())).to.equal(bytesToHex(appHash));
  });

  it("discarding the working set gives the committed state, and executing again the same hash", async () => {
    const store = openMultiStore({ kv: memoryKv(), names: ["a"], keepVersions: 5 });
    store.working.store("a").set(utf8("k"), utf8("1"));
    await store.commit();
    const execute = (): string => {
      for (let i = 0; i < 50; i++) store.working.store("a").set(sha256(utf8(`k${i % 13}`)), utf8(`${i}`));
      store.working.store("a").delete(sha256(utf8("k3")));
      return bytesToHex(store.workingHash());
    };
    const first = execute();
    store.discard();
    expect(bytesToHex(store.committed().appHash)).to.equal(bytesToHex(store.committed().appHash));
    expect(store.working.store("a").get(sha256(utf8("k1")))).to.equal(undefined);
    expect(execute()).to.equal(first);
    expect(bytesToHex((await store.commit()).appHash)).to.equal(first);
  });

  it("keeps the asked versions readable and does not grow without bound", async () => {
    const kv = countingKv();
    const store = openMultiStore({ kv, names: ["a"], keepVersions: 4 });
    const sizes: number[] = [];
    for (let version = 1; version <= 40; version++) {
      for (let i = 0; i < 8; i++)
        store.working.store("a").set(sha256(utf8(`k${(version * 3 + i) % 20}`)), utf8(`v${version}`));
      await store.commit();
      sizes.push(kv.size());
      const oldest = BigInt(Math.max(1, version - 3));
      expect(rereadAll(store.rootAt("a", oldest), store.load("a"))).to.be.greaterThan(0);
    }
    expect(store.infoAt(10n)).to.equal(undefined);
    expect(Math.max(...sizes.slice(20))).to.be.lessThan(Math.max(...sizes.slice(8, 20)) * 1.3);
  });

  it("refuses a database with other stores", async () => {
    const kv = memoryKv();
    const store = openMultiStore({ kv, names: ["a"], keepVersions: 4 });
    await store.commit();
    expect(() => openMultiStore({ kv, names: ["a", "b"], keepVersions: 4 })).to.throw("CHAIN_STORE");
  });
});

describe("chain/store (branches)", () => {
  it("reads through, merges ranges, and either writes all down or nothing", () => {
    const store = openMultiStore({ kv: memoryKv(), names: ["a"], keepVersions: 1 });
    const base = store.working.store("a");
    for (const key of ["a", "c", "e", "g"]) base.set(utf8(key), utf8(`0${key}`));
    const branch = branchOf(store.working);
    branch.store("a").set(utf8("b"), utf8("1"));
    branch.store("a").delete(utf8("c"));
    branch.store("a").set(utf8("e"), utf8("1"));
    const keys = (range: object): string[] =>
      branch
        .store("a")
        .iterate(range)
        .map(([key]) => String.fromCharCode(...key));
    expect(keys({})).to.deep.equal(["a", "b", "e", "g"]);
    expect(keys({ reverse: true, limit: 2 })).to.deep.equal(["g", "e"]);
    expect(keys({ start: utf8("b"), end: utf8("g"), limit: 1 })).to.deep.equal(["b"]);
    expect(keys({ start: utf8("c"), limit: 1 })).to.deep.equal(["e"]);
    expect(base.get(utf8("b"))).to.equal(undefined);
    branch.flush();
    expect(base.iterate({}).length).to.equal(4);
    expect(base.get(utf8("e"))).to.deep.equal(utf8("1"));
  });
});

function isBalanced(node: IavlNode | undefined, load: Parameters<typeof childOf>[1]): boolean {
  if (node === undefined || node.height === 0) return true;
  const left = childOf(node.left, load);
  const right = childOf(node.right, load);
  return Math.abs(left.height - right.height) <= 1 && isBalanced(left, load) && isBalanced(right, load);
}

function rereadAll(node: IavlNode | undefined, load: Parameters<typeof childOf>[1]): number {
  if (node === undefined) return 0;
  hashOf(node, load);
  if (node.height === 0) return 1;
  return rereadAll(childOf(node.left, load), load) + rereadAll(childOf(node.right, load), load);
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openEngine } from "../../../../aivm/engine/wasm/open.ts";
import type { PackCache } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { directoryPackCache } from "../../../../aivm/io/packCache.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { network } from "./network.ts";

const ID = new Uint8Array(32).fill(7);
const { model, inputs } = network({ size: 6, channels: 16, blocks: 2 });
const identified = { ...model, modelId: ID };

/** A cache in memory that counts. */
function countingCache(): PackCache & { readonly files: Map<string, Uint8Array>; readonly counts: number[] } {
  const files = new Map<string, Uint8Array>();
  const counts = [0, 0];
  return {
    files,
    counts,
    read: async (key) => {
      counts[0] = (counts[0] ?? 0) + 1;
      return files.get(key);
    },
    write: async (key, bytes) => {
      counts[1] = (counts[1] ?? 0) + 1;
      files.set(key, bytes.slice());
    },
  };
}

async function outputs(options: Partial<Parameters<typeof openEngine>[0]> = {}): Promise<unknown> {
  const engine = await openEngine({ model: identified, wasm: await freshKernels(), ...options });
  const run = await engine.run({ inputs: inputs(1) });
  await engine.close();
  return run.outputs.map(({ data }) => Array.from(data));
}

describe("the cache of packed weights", () => {
  it("is written once and read after, for the same outputs", async () => {
    const cache = countingCache();
    const want = await outputs();
    expect(await outputs({ cache })).to.deep.equal(want);
    expect(await outputs({ cache })).to.deep.equal(want);
    expect(cache.counts).to.deep.equal([2, 1]);
    expect([...cache.files.keys()]).to.deep.equal([`${"07".repeat(32)}-wasm-1`]);
  });

  it("is really used: other weights in it give other outputs", async () => {
    const cache = countingCache();
    const want = await outputs({ cache });
    // The last bytes are weights of the classifier.
    for (const bytes of cache.files.values()) {
      for (let i = bytes.length - 160; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ 0x55;
    }
    expect(await outputs({ cache })).not.to.deep.equal(want);
  });

  it("is not used for a model without an id", async () => {
    const cache = countingCache();
    await outputs({ model, cache });
    expect(cache.counts).to.deep.equal([0, 0]);
  });

  it("is packed anew when it is another plan's, cut short, or empty", async () => {
    const cache = countingCache();
    const want = await outputs({ cache });
    const [key = ""] = cache.files.keys();
    const good = cache.files.get(key) ?? new Uint8Array();
    const other = network({ size: 6, channels: 16, blocks: 1 });
    await outputs({ model: { ...other.model, modelId: ID }, cache }).catch(() => undefined);
    for (const bytes of [
      cache.files.get(key) ?? good,
      good.subarray(0, good.length - 64),
      new Uint8Array(),
    ]) {
      cache.files.set(key, bytes);
      expect(await outputs({ cache })).to.deep.equal(want);
      expect(cache.files.get(key)).to.deep.equal(good);
    }
  });
});

describe("the cache in a directory", () => {
  let directory = "";
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "aivm-packs-")), "made/on/demand");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const file = (): string => join(directory, readdirSync(directory)[0] ?? "");

  it("keeps one file of its owner's, and gives back what was written", async () => {
    const cache = directoryPackCache(directory);
    expect(await cache.read("a")).to.equal(undefined);
    await cache.write("a", new Uint8Array([1, 2, 3]));
    await cache.write("a", new Uint8Array([4, 5]));
    expect(Array.from((await cache.read("a")) ?? [])).to.deep.equal([4, 5]);
    expect(readdirSync(directory)).to.have.length(1);
    expect(statSync(file()).mode & 0o777).to.equal(0o600);
  });

  it("takes damaged files, short ones and those of another key for absent", async () => {
    const cache = directoryPackCache(directory);
    await cache.write("a", new Uint8Array(1000).fill(9));
    const good = readFileSync(file());
    for (const at of [0, 31, 32, good.length - 1]) {
      const bad = Uint8Array.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(file(), bad);
      expect(await cache.read("a"), `byte ${at}`).to.equal(undefined);
    }
    for (const length of [0, 31, good.length - 1]) {
      writeFileSync(file(), good.subarray(0, length));
      expect(await cache.read("a"), `${length} bytes`).to.equal(undefined);
    }
    writeFileSync(join(directory, "b.packed"), good);
    expect(await cache.read("b")).to.equal(undefined);
  });

  it("serves engines, and a damaged file is packed anew", async () => {
    const cache = directoryPackCache(directory);
    const want = await outputs({ cache });
    const good = readFileSync(file());
    writeFileSync(file(), Uint8Array.from(good).fill(0, 5_000, 6_000));
    expect(await outputs({ cache })).to.deep.equal(want);
    expect(readFileSync(file()).equals(good)).to.equal(true);
    expect(await outputs({ cache })).to.deep.equal(want);
  });

  it("that can not be written is no reason not to run", async () => {
    const cache = directoryPackCache("/dev/null/packs");
    expect(await outputs({ cache })).to.deep.equal(await outputs());
  });
});

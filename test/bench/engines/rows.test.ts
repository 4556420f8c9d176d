import { existsSync, readdirSync, rmSync } from "node:fs";
import { expect } from "chai";
import type { Figure } from "../rows.ts";
import { CACHE_FOLDER, cachedBytes, cachePath, digestOf } from "./cache.ts";
import { geomeanFigures } from "./geomean.ts";
import { peersOf } from "./latency.ts";

function latency(of: Partial<Figure>): Figure {
  const base = { area: "engines", case: "m", engine: "wasm", threads: 1, metric: "latencyMs" };
  return { ...base, value: 1, unit: "ms", peer: "ort-node-f32", ratio: 1, ...of };
}

describe("rows of the engines' benchmark", () => {
  it("means latency ratios per engine, peer and threads, and nothing else", () => {
    const rows = geomeanFigures([
      latency({ ratio: 2 }),
      latency({ case: "n", ratio: 8 }),
      latency({ threads: 2, ratio: 3 }),
      latency({ peer: "ort-web-f32", ratio: 5 }),
      latency({ metric: "loadMs", ratio: 100 }),
      latency({ engine: "ort-node-f32", peer: null, ratio: null }),
    ]);
    const got = rows.map((row) => [
      row.engine,
      row.peer,
      row.threads,
      Number(row.ratio?.toFixed(9)),
      row.case,
    ]);
    expect(got).to.deep.equal([
      ["wasm", "ort-node-f32", 1, 4, "geometric mean of 2"],
      ["wasm", "ort-node-f32", 2, 3, "geometric mean of 1"],
      ["wasm", "ort-web-f32", 1, 5, "geometric mean of 1"],
    ]);
  });

  it("measures the WebAssembly build of onnxruntime at one thread only", () => {
    expect(peersOf("wasm", 1)).to.deep.equal(["ort-web-f32", "ort-node-f32"]);
    expect(peersOf("wasm", 2)).to.deep.equal(["ort-node-f32"]);
    expect(peersOf("native", 2)).to.deep.equal(["ort-node-f32", "ort-node-qdq"]);
  });
});

describe("the benchmark's cache", () => {
  const name = `test-${process.pid}`;
  const entry = (of: string): Parameters<typeof cachePath>[0] => ({ name, extension: "bin", of: [of] });
  const files = (): string[] =>
    existsSync(CACHE_FOLDER) ? readdirSync(CACHE_FOLDER).filter((file) => file.startsWith(name)) : [];

  afterEach(() => {
    rmSync(cachePath(entry("a")), { force: true });
    rmSync(cachePath(entry("b")), { force: true });
  });

  it("makes a file once, and again when something that it depends on changes", async () => {
    let made = 0;
    const make = async (): Promise<Uint8Array> => Uint8Array.of(++made);
    expect(await cachedBytes(entry("a"), make)).to.deep.equal(Uint8Array.of(1));
    expect(await cachedBytes(entry("a"), make)).to.deep.equal(Uint8Array.of(1));
    expect(await cachedBytes(entry("b"), make)).to.deep.equal(Uint8Array.of(2));
    expect(files()).to.have.length(1);
  });

  it("leaves nothing behind when making fails", async () => {
    const failing = cachedBytes(entry("a"), async () => {
      throw new RangeError("no");
    });
    expect(await failing.then(() => "made", String)).to.include("no");
    expect(files()).to.deep.equal([]);
  });

  it("tells apart parts that are equal when joined", () => {
    expect(digestOf(["ab", "c"])).not.to.equal(digestOf(["a", "bc"]));
  });
});

import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Kept } from "../../node-runner/core/kept.ts";
import { openSaltStore } from "../../node-runner/io/saltStore.ts";

const KEPT: Kept = {
  kind: "result",
  requestId: new Uint8Array(32).fill(1),
  salt: new Uint8Array(32).fill(0xab),
  outputRoot: new Uint8Array(32).fill(3),
  output: new Uint8Array([4, 5, 6]),
};

describe("node-runner: openings on disk", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "aivm-salts-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("survive the process, one per kind and request", async () => {
    const join1: Kept = { ...KEPT, kind: "join", traceRoot: new Uint8Array(32).fill(7) };
    const store = await openSaltStore(folder);
    await store.put(KEPT);
    await store.put(join1);
    const again = await openSaltStore(folder);
    expect(await again.get("result", KEPT.requestId)).to.deep.equal(KEPT);
    expect(await again.get("join", KEPT.requestId)).to.deep.equal(join1);
    expect(await again.get("join", new Uint8Array(32))).to.equal(undefined);
  });

  it("are readable by their owner only, and leave no temporary file", async () => {
    await (await openSaltStore(folder)).put(KEPT);
    const names = await readdir(folder);
    expect(names).to.have.length(1);
    expect((await stat(join(folder, names[0] ?? ""))).mode & 0o777).to.equal(0o600);
  });

  it("are never replaced: a second one is refused and the first one stays", async () => {
    const store = await openSaltStore(folder);
    await store.put(KEPT);
    const error: unknown = await store
      .put({ ...KEPT, salt: new Uint8Array(32) })
      .catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "RUNNER_FILE");
    expect(String(error)).not.to.contain("abab");
    expect(await store.get("result", KEPT.requestId)).to.deep.equal(KEPT);
    expect(await readdir(folder)).to.have.length(1);
  });

  it("that are damaged are named, not shown", async () => {
    const store = await openSaltStore(folder);
    await store.put(KEPT);
    const [name = ""] = await readdir(folder);
    await writeFile(join(folder, name), `{"kind":"result","salt":"${"ab".repeat(32)}"`);
    const error: unknown = await store.get("result", KEPT.requestId).catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "RUNNER_FILE");
    expect(String(error)).to.contain(name).and.not.to.contain("abab");
  });
});

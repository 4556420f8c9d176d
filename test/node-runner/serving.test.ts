import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { tensorRoot, tensorToBytes } from "../../aivm/index.ts";
import { bytesToHex, hexToBytes, isAivmError } from "../../common/index.ts";
import { isChunkOf } from "../../node-runner/core/blob.ts";
import { type ArtifactStore, openArtifactStore } from "../../node-runner/io/artifactStore.ts";
import { type BlobStore, openBlobStore } from "../../node-runner/io/blobStore.ts";
import { fetchArtifact } from "../../node-runner/io/fetchArtifact.ts";
import { type ServingServer, startServer } from "../../node-runner/io/server.ts";
import { tinyArtifact, tinyInput, tinyModel } from "./support/tinyModel.ts";

const bytes = tinyArtifact();
const model = tinyModel();
const id = bytesToHex(model.modelId);
const source = { modelId: model.modelId, artifactBytes: BigInt(bytes.length) };

describe("node-runner: serving and fetching", () => {
  let folder: string;
  let artifacts: ArtifactStore;
  let blobs: BlobStore;
  let server: ServingServer;
  const servers: Server[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "aivm-serving-"));
    artifacts = await openArtifactStore(join(folder, "artifacts"));
    blobs = await openBlobStore(join(folder, "blobs"));
    await artifacts.add(bytes);
    blobs.addModel(model);
    await blobs.put(tinyInput());
    server = await startServer({
      artifacts,
      blobs,
      port: 0,
      limit: { burst: 1000, perSecond: 1000, maxClients: 10 },
    });
  });

  after(async () => {
    await server.close();
    for (const extra of servers) extra.close();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.url}${path}`, { headers });

  /** A peer that answers every request in its own way. */
  async function strangePeer(
    answer: (range: string) => { status: number; body: Uint8Array },
  ): Promise<string> {
    const peer = createServer((request, response) => {
      const { status, body } = answer(request.headers.range ?? "");
      response.writeHead(status, { "content-length": String(body.length) }).end(body);
    });
    servers.push(peer);
    await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
    const address = peer.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  it("listens on loopback unless told otherwise", () => {
    expect(server.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("serves an artifact whole and by range", async () => {
    const whole = await get(`/v1/artifact/${id}`);
    expect(whole.status).to.equal(200);
    expect(new Uint8Array(await whole.arrayBuffer())).to.deep.equal(bytes);
    for (const [range, first, last] of [
      ["bytes=0-0", 0, 0],
      ["bytes=10-99", 10, 99],
      ["bytes=100-", 100, bytes.length - 1],
      ["bytes=-7", bytes.length - 7, bytes.length - 1],
      [`bytes=5-${bytes.length + 50}`, 5, bytes.length - 1],
    ] as const) {
      const part = await get(`/v1/artifact/${id}`, { range });
      expect(part.status, range).to.equal(206);
      expect(part.headers.get("content-range")).to.equal(`bytes ${first}-${last}/${bytes.length}`);
      expect(new Uint8Array(await part.arrayBuffer())).to.deep.equal(bytes.subarray(first, last + 1));
    }
    const past = await get(`/v1/artifact/${id}`, { range: `bytes=${bytes.length}-` });
    expect(past.status).to.equal(416);
  });

  it("serves inputs and constants by root, and each chunk with a path that proves it", async () => {
    for (const tensor of [tinyInput(), ...model.constants]) {
      const root = tensorRoot(tensor);
      const whole = await get(`/v1/blob/${bytesToHex(root)}`);
      expect(new Uint8Array(await whole.arrayBuffer())).to.deep.equal(tensorToBytes(tensor));
      const part = (await (await get(`/v1/blob/${bytesToHex(root)}/0`)).json()) as Record<string, unknown>;
      const opened = {
        index: Number(part.index),
        chunkCount: Number(part.chunkCount),
        chunk: hexToBytes(String(part.chunk)),
        path: (Array.isArray(part.path) ? part.path : []).map((hash) => hexToBytes(String(hash))),
      };
      expect(isChunkOf(root, opened)).to.equal(true);
      const forged = opened.chunk.slice();
      forged[0] = (forged[0] ?? 0) ^ 1;
      expect(isChunkOf(root, { ...opened, chunk: forged })).to.equal(false);
    }
  });

  it("answers nothing else: other paths, other methods, other ids, chunks past the end", async () => {
    const zero = "00".repeat(32);
    for (const path of [
      "/",
      "/v1/artifact/..%2f..",
      `/v1/artifact/${zero}`,
      `/v1/artifact/${id}/0`,
      `/v1/blob/${zero}`,
    ]) {
      expect((await get(path)).status, path).to.equal(404);
    }
    const root = bytesToHex(tensorRoot(tinyInput()));
    expect((await get(`/v1/blob/${root}/1`)).status).to.equal(404);
    expect((await get(`/v1/blob/${root}?${"x".repeat(300)}`)).status).to.equal(404);
    expect((await fetch(`${server.url}/v1/artifact/${id}`, { method: "POST" })).status).to.equal(405);
  });

  it("refuses a client that asks too much, and takes it back when time has passed", async () => {
    let nowMs = 0;
    const limit = { burst: 3, perSecond: 1, maxClients: 10 };
    const limited = await startServer({ artifacts, blobs, port: 0, limit, nowMs: () => nowMs });
    const ask = async (): Promise<number> => (await fetch(`${limited.url}/v1/artifact/${id}`)).status;
    expect([await ask(), await ask(), await ask(), await ask()]).to.deep.equal([200, 200, 200, 429]);
    nowMs = 1_000;
    expect([await ask(), await ask()]).to.deep.equal([200, 429]);
    await limited.close();
  });

  it("fetches an artifact from the first peer that has the right one", async () => {
    const store = await openArtifactStore(join(folder, "fetched"));
    const absent = await strangePeer(() => ({ status: 404, body: new Uint8Array() }));
    const fetched = await fetchArtifact(store, {
      ...source,
      endpoints: ["http://127.0.0.1:1", absent, server.url],
    });
    expect(fetched.modelId).to.deep.equal(model.modelId);
    expect(await readdir(join(folder, "fetched"))).to.deep.equal([`${id}.aivm`]);
  });

  it("neither fetches nor loads a model that costs more than the runner affords", async () => {
    const { gas, activationBytes } = model.facts;
    const home = join(folder, "poor");
    const fits = await openArtifactStore(home, { gas, activationBytes });
    for (const atMost of [{ gas: gas - 1n }, { activationBytes: activationBytes - 1 }]) {
      const poor = await openArtifactStore(home, atMost);
      const error = await fetchArtifact(poor, { ...source, endpoints: [server.url] }).catch(
        (e: unknown) => e,
      );
      expect(isAivmError(error, "RUNNER_FETCH") && error.message).to.contain("AIVM_LIMIT");
      expect(await readdir(home)).to.deep.equal([]);
    }
    await fetchArtifact(fits, { ...source, endpoints: [server.url] });
    const poor = await openArtifactStore(home, { activationBytes: activationBytes - 1 });
    const error = await poor.get(model.modelId).catch((e: unknown) => e);
    expect(isAivmError(error, "AIVM_LIMIT")).to.equal(true);
  });

  it("stores nothing that is not the model: a changed weight, another model, a wrong length, a file address", async () => {
    const store = await openArtifactStore(join(folder, "refused"));
    const changed = bytes.slice();
    changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 1;
    const wrong = [
      await strangePeer(() => ({ status: 206, body: changed })),
      await strangePeer(() => ({ status: 206, body: tinyArtifact(2) })),
      await strangePeer(() => ({ status: 206, body: bytes.subarray(1) })),
      await strangePeer(() => ({ status: 200, body: bytes })),
      "file:///etc/passwd",
      "nonsense",
    ];
    const error: unknown = await fetchArtifact(store, { ...source, endpoints: wrong }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property("code", "RUNNER_FETCH");
    expect(await readdir(join(folder, "refused"))).to.deep.equal([]);
  });

  it("refuses an artifact that was damaged on disk", async () => {
    const home = join(folder, "damaged");
    const store = await openArtifactStore(home);
    await store.add(bytes);
    const changed = bytes.slice();
    changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(store.pathOf(model.modelId), changed);
    const error: unknown = await (await openArtifactStore(home))
      .get(model.modelId)
      .catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "AIVM_HASH");
  });
});

/** Getting an artifact from other runners: bounded, in ranges, and believed only when its model id comes out right. */
import type { LoadedModel } from "../../aivm/index.ts";
import { AivmError, bytesToHex } from "../../common/index.ts";
import { runnerError } from "../errors.ts";
import type { ArtifactStore } from "./artifactStore.ts";

/** Bytes of one range request. */
const PART_BYTES = 4 * 1024 * 1024;
const PART_TIMEOUT_MS = 30_000;
/** Larger artifacts are not taken from strangers by this version. */
const MAX_ARTIFACT_BYTES = 4n * 1024n * 1024n * 1024n;

/** Which artifact, and who may have it. */
export interface ArtifactSource {
  readonly modelId: Uint8Array;
  /** Length that the chain knows: no more is downloaded than that. */
  readonly artifactBytes: bigint;
  /** Base URLs of runners, tried in order. */
  readonly endpoints: readonly string[];
}

/** Downloads, checks and stores an artifact. @throws RUNNER_FETCH with each endpoint's reason */
export async function fetchArtifact(store: ArtifactStore, source: ArtifactSource): Promise<LoadedModel> {
  const reasons: string[] = [];
  for (const endpoint of source.endpoints) {
    try {
      const bytes = await download(endpoint, source);
      return await store.add(bytes, { modelId: source.modelId });
    } catch (error) {
      reasons.push(`${endpoint}: ${reasonOf(error)}`);
    }
  }
  throw runnerError("RUNNER_FETCH", {
    what: "artifact",
    item: bytesToHex(source.modelId),
    want: "a runner that serves it",
    got: reasons.length === 0 ? "no endpoint to ask" : reasons.join("; ").slice(0, 1000),
    remedy: "Pass the artifact with --artifact or another runner's address with --peers.",
  });
}

async function download(endpoint: string, source: ArtifactSource): Promise<Uint8Array> {
  if (source.artifactBytes > MAX_ARTIFACT_BYTES) throw new RangeError("too large");
  const url = artifactUrl(endpoint, source.modelId);
  const bytes = new Uint8Array(Number(source.artifactBytes));
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    const end = Math.min(at + PART_BYTES, bytes.length);
    bytes.set(await downloadPart(url, { first: at, last: end - 1 }), at);
  }
  return bytes;
}

async function downloadPart(url: string, range: { first: number; last: number }): Promise<Uint8Array> {
  const response = await fetch(url, {
    headers: { range: `bytes=${range.first}-${range.last}` },
    redirect: "error",
    signal: AbortSignal.timeout(PART_TIMEOUT_MS),
  });
  const want = range.last - range.first + 1;
  if (response.status !== 206 || Number(response.headers.get("content-length")) !== want) {
    await response.body?.cancel();
    throw new RangeError(`status ${response.status}, want 206 and ${want} bytes`);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length !== want) throw new RangeError(`${bytes.length} bytes, want ${want}`);
  return bytes;
}

function artifactUrl(endpoint: string, modelId: Uint8Array): string {
  const url = new URL(`/v1/artifact/${bytesToHex(modelId)}`, endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new RangeError("not an http address");
  return url.href;
}

function reasonOf(error: unknown): string {
  if (error instanceof AivmError) return error.message;
  return error instanceof Error ? `${error.name} ${error.message}` : String(error);
}

/**
 * The runner's read-only HTTP side: artifacts by model id (byte ranges), blobs by tensor root, whole or by chunk with
 * its path. It answers nothing else and takes no body.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { bytesToHex, hexToBytes } from "../../common/index.ts";
import { openBlob } from "../core/blob.ts";
import { parseRange } from "../core/range.ts";
import { createRateLimiter, type RateLimit } from "../core/rateLimit.ts";
import type { ArtifactStore } from "./artifactStore.ts";
import type { BlobStore } from "./blobStore.ts";
import { errorCode } from "./durableFile.ts";

/** A server that is listening. */
export interface ServingServer {
  /** Such as http://127.0.0.1:40123. */
  readonly url: string;
  /** Ends open connections and stops. */
  close(): Promise<void>;
}

/** What to serve, and how much of it at a time. */
export interface ServerOptions {
  readonly artifacts: ArtifactStore;
  readonly blobs: BlobStore;
  /** Default 127.0.0.1: serving the world is a decision. */
  readonly host?: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly limit?: RateLimit;
  readonly nowMs?: () => number;
}

const DEFAULT_LIMIT: RateLimit = { burst: 200, perSecond: 100, maxClients: 10_000 };
const MAX_URL_LENGTH = 256;
const MAX_CONNECTIONS = 256;
/** A blob larger than this is served by chunk only. */
const MAX_WHOLE_BLOB_BYTES = 64 * 1024 * 1024;
const ROUTE = /^\/v1\/(artifact|blob)\/([0-9a-f]{64})(?:\/([0-9]{1,9}))?$/;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts the server. @throws the socket's error, such as EADDRINUSE */
export async function startServer(options: ServerOptions): Promise<ServingServer> {
  const allow = createRateLimiter(options.limit ?? DEFAULT_LIMIT);
  const nowMs = options.nowMs ?? Date.now;
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 8_192 });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const allowed = allow(request.socket.remoteAddress ?? "", nowMs());
    const work = allowed
      ? serve(options, request, response)
      : send(response, refusal(429, "too many requests"));
    work.catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  return { url: urlOf(server.address()), close: () => closeServer(server) };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") return "";
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, refusal(405, "GET only"));
  const url = request.url ?? "";
  const match = url.length > MAX_URL_LENGTH ? null : ROUTE.exec(url);
  if (match === null) return send(response, refusal(404, "no such resource"));
  const [, kind, id = "", chunk] = match;
  if (kind === "artifact" && chunk === undefined) return sendArtifact(options, { id, request, response });
  if (kind === "artifact") return send(response, refusal(404, "no such resource"));
  return send(response, await blobAnswer(options.blobs, id, chunk), request.method === "HEAD");
}

async function blobAnswer(blobs: BlobStore, root: string, chunk: string | undefined): Promise<Answer> {
  const blob = await blobs.get(root);
  if (blob === undefined) return refusal(404, "no such blob");
  if (chunk === undefined) {
    if (blob.bytes.length > MAX_WHOLE_BLOB_BYTES) return refusal(413, "ask for its chunks");
    const headers = { "x-aivm-dtype": blob.dtype };
    return { status: 200, type: "application/octet-stream", body: blob.bytes, headers };
  }
  const opened = openBlob(blob, Number(chunk));
  if (opened === undefined) return refusal(404, "no such chunk");
  const { index, chunkCount, path } = opened;
  const body = {
    dtype: blob.dtype,
    index,
    chunkCount,
    chunk: bytesToHex(opened.chunk),
    path: path.map(bytesToHex),
  };
  return { status: 200, type: "application/json", body: JSON.stringify(body) };
}

async function sendArtifact(
  options: ServerOptions,
  exchange: { readonly id: string; readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { id, request, response } = exchange;
  const path = options.artifacts.pathOf(hexToBytes(id));
  const size = await stat(path).then(
    (info) => info.size,
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    },
  );
  if (size === undefined) return send(response, refusal(404, "no such artifact"));
  const range = parseRange(request.headers.range, size);
  if (range === "unsatisfiable") {
    return send(response, { ...refusal(416, "range"), headers: { "content-range": `bytes */${size}` } });
  }
  const { first, last } = range === "none" ? { first: 0, last: size - 1 } : range;
  response.writeHead(range === "none" ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": String(last - first + 1),
    "accept-ranges": "bytes",
    "cache-control": "public, max-age=31536000, immutable",
    ...(range === "none" ? {} : { "content-range": `bytes ${first}-${last}/${size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(createReadStream(path, { start: first, end: last }), response);
}

function refusal(status: number, reason: string): Answer {
  return { status, type: "application/json", body: JSON.stringify({ error: reason }) };
}

async function send(response: ServerResponse, answer: Answer, headOnly = false): Promise<void> {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    "content-type": answer.type,
    "content-length": String(body.length),
    "x-content-type-options": "nosniff",
    ...answer.headers,
  });
  response.end(headOnly ? undefined : body);
}

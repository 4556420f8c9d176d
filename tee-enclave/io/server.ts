/**
 * HTTP around an enclave worker. The host carries sealed bytes only:
 *   GET  /v1/keys                     {keyId, keyConfig, kind, simulated} (hex)
 *   GET  /v1/evidence?anchor=<64 hex> {kind, evidence}: evidence over the keys and a caller's anchor
 *   POST /v1/query                    envelope bytes in, sealed response bytes out; a refusal is JSON with a signature
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bytesToHex, hexToBytes } from "../../common/index.ts";
import type { EnclaveWorker } from "../worker.ts";

/** Largest envelope, in bytes. */
const MAX_ENVELOPE = 1 << 20;

/** What the server needs of the enclave and its host. */
export interface EnclaveServerOptions {
  readonly worker: EnclaveWorker;
  /** Evidence of the hardware over the worker's keys and an anchor. */
  readonly evidence: (anchor: Uint8Array) => Uint8Array;
  /** Latest chain height that the host knows. */
  readonly height: () => bigint;
  readonly host: string;
  readonly port: number;
}

/** Starts the server; resolves when it listens. */
export async function startEnclaveServer(
  options: EnclaveServerOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    route(options, request, response).catch(() => sendJson(response, 500, { code: "TEE_INTERNAL" }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return { url: `http://${options.host}:${portOf(server)}`, close: () => closeServer(server) };
}

async function route(
  options: EnclaveServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://enclave");
  if (request.method === "GET" && url.pathname === "/v1/keys") return sendKeys(options, response);
  if (request.method === "GET" && url.pathname === "/v1/evidence")
    return sendEvidence(options, url, response);
  if (request.method === "POST" && url.pathname === "/v1/query")
    return answerQuery(options, request, response);
  sendJson(response, 404, {
    code: "TEE_NOT_FOUND",
    remedy: "GET /v1/keys, GET /v1/evidence?anchor=, POST /v1/query",
  });
}

function sendKeys(options: EnclaveServerOptions, response: ServerResponse): void {
  const { keyId, keyConfig } = options.worker;
  sendJson(response, 200, {
    keyId: bytesToHex(keyId),
    keyConfig: bytesToHex(keyConfig),
    kind: "mock",
    simulated: true,
  });
}

function sendEvidence(options: EnclaveServerOptions, url: URL, response: ServerResponse): void {
  const anchor = url.searchParams.get("anchor") ?? "";
  if (!/^[0-9a-f]{64}$/.test(anchor)) {
    sendJson(response, 400, { code: "TEE_ANCHOR", remedy: "pass anchor as 64 lower-case hex digits" });
    return;
  }
  sendJson(response, 200, { kind: "mock", evidence: bytesToHex(options.evidence(hexToBytes(anchor))) });
}

async function answerQuery(
  options: EnclaveServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const envelope = await readBody(request);
  if (envelope === undefined) {
    sendJson(response, 413, { code: "TEE_ENVELOPE_SIZE", remedy: `send at most ${MAX_ENVELOPE} bytes` });
    return;
  }
  const answer = await options.worker.handle(envelope, options.height());
  if (answer.ok) {
    response.writeHead(200, { "content-type": "application/octet-stream" }).end(answer.response);
    return;
  }
  const { code, envelopeHash, signature } = answer;
  sendJson(response, 422, { code, envelopeHash: bytesToHex(envelopeHash), signature: bytesToHex(signature) });
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_ENVELOPE) return undefined;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo | null;
  return address?.port ?? 0;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The CometBFT RPC on a socket: JSON-RPC over POST, URI GET, and the websocket. The pure part is in chain/rpc/comet. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { AivmError } from "../../common/errors.ts";
import { announcementsOf } from "../rpc/comet/announcements.ts";
import {
  answerPost,
  answerUri,
  errorReply,
  type HttpReply,
  METHODS,
  WEBSOCKET_METHODS,
} from "../rpc/comet/dispatch.ts";
import type { RpcEnvironment } from "../rpc/comet/environment.ts";
import { invalidRequest } from "../rpc/comet/errors.ts";
import {
  createSubscriptions,
  DEFAULT_SUBSCRIPTION_LIMITS,
  type SubscriptionLimits,
} from "../rpc/comet/subscriptions.ts";
import { type RpcSocket, serveRpcSocket } from "./rpcSocket.ts";

/** Bounds of the server. */
export interface RpcLimits {
  readonly maxBodyBytes: number;
  readonly maxBatch: number;
  readonly maxConnections: number;
  readonly subscriptions: SubscriptionLimits;
}

/** CometBFT's defaults. */
const DEFAULT_RPC_LIMITS: RpcLimits = {
  maxBodyBytes: 1_000_000,
  maxBatch: 10,
  maxConnections: 900,
  subscriptions: DEFAULT_SUBSCRIPTION_LIMITS,
};

/** A listening server. */
export interface RpcServer {
  /** `http://host:port` with the real port. */
  readonly url: string;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 1 << 16;
const CORS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "HEAD, GET, POST, OPTIONS",
  "access-control-allow-headers": "Origin, Accept, Content-Type, X-Requested-With, X-Server-Time",
};

/** Listens on `host`:`port` (0 = any free one). @throws CHAIN_LISTEN when the address is taken. */
export async function startRpcServer(
  environment: RpcEnvironment,
  options: { readonly host: string; readonly port: number; readonly limits?: RpcLimits },
): Promise<RpcServer> {
  const limits = options.limits ?? DEFAULT_RPC_LIMITS;
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES },
    (request, response) => {
      answer(environment, { request, response, limits }).catch(() => response.destroy());
    },
  );
  server.maxConnections = limits.maxConnections;
  const sockets = acceptSockets(server, environment, limits);
  const port = await listen(server, options);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    async close() {
      sockets.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly limits: RpcLimits;
}

async function answer(environment: RpcEnvironment, exchange: Exchange): Promise<void> {
  const { request, limits } = exchange;
  const url = URL.canParse(request.url ?? "/", "http://rpc")
    ? new URL(request.url ?? "/", "http://rpc")
    : undefined;
  if (url === undefined) return send(exchange, { status: 400, body: "" });
  if (request.method === "OPTIONS") return send(exchange, { status: 204, body: "" });
  if (request.method !== "POST" && request.method !== "GET" && request.method !== "HEAD") {
    return send(exchange, { status: 405, body: "" });
  }
  const body = await readBody(request, limits.maxBodyBytes);
  if (body === undefined) {
    const error = invalidRequest(`error reading request body: more than ${limits.maxBodyBytes} bytes`);
    return send(exchange, { status: 400, body: errorReply(null, error) });
  }
  if (request.method === "POST" && body !== "") {
    return send(
      exchange,
      await answerPost(environment, { path: url.pathname, body, maxBatch: limits.maxBatch }),
    );
  }
  if (url.pathname === "/") return sendIndex(exchange);
  const query = new Map(url.searchParams.entries());
  const reply = await answerUri(environment, { name: url.pathname.slice(1), query });
  send(exchange, reply ?? { status: 404, body: "404 page not found\n" });
}

function send({ response, request }: Exchange, reply: HttpReply): void {
  const type = reply.body.startsWith("{") || reply.body.startsWith("[") ? "application/json" : "text/plain";
  response.writeHead(reply.status, { ...CORS, "content-type": `${type}; charset=utf-8` });
  response.end(request.method === "HEAD" ? undefined : reply.body);
}

function sendIndex({ response }: Exchange): void {
  const names = Object.keys(METHODS).sort();
  const items = names.map(
    (name) => `<li><a href="/${name}">/${name}</a> ${Object.keys(METHODS[name]?.args ?? {}).join(", ")}</li>`,
  );
  const listening = WEBSOCKET_METHODS.map((name) => `<li>${name} (websocket)</li>`);
  response.writeHead(200, { ...CORS, "content-type": "text/html; charset=utf-8" });
  response.end(
    `<html><body><p>Available endpoints:</p><ul>${[...items, ...listening].join("\n")}</ul></body></html>\n`,
  );
}

/** The whole body as text, or undefined when it exceeds `maxBytes`; then the rest is not read. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) return undefined;
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Upgrades `/websocket`, publishes every block to the subscribers, and answers requests on the sockets. */
function acceptSockets(server: Server, environment: RpcEnvironment, limits: RpcLimits): { close(): void } {
  const subscriptions = createSubscriptions(limits.subscriptions);
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: limits.maxBodyBytes });
  const open = new Set<RpcSocket>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== "/websocket") {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const served = serveRpcSocket(webSocket, {
        environment,
        subscriptions,
        onClose: () => open.delete(served),
      });
      open.add(served);
    });
  });
  const stopListening = environment.engine.onBlock((applied) =>
    subscriptions.publish(announcementsOf(applied)),
  );
  return {
    close() {
      stopListening();
      for (const served of open) served.terminate();
      upgrades.close();
    },
  };
}

function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new AivmError(
          "CHAIN_LISTEN",
          {
            what: "RPC address",
            want: "a free address of this machine",
            got: `${address.host}:${address.port}`,
            remedy: "choose another port, or 0 for any free one",
          },
          { cause },
        ),
      );
    });
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : address.port);
    });
  });
}

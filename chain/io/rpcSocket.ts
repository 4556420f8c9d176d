/** One websocket of the RPC: requests answered in order, subscriptions, keep-alive, and an end for clients that stop reading. */
import type { RawData, WebSocket } from "ws";
import {
  answerRequest,
  errorReply,
  parseBody,
  readRequest,
  WEBSOCKET_METHODS,
} from "../rpc/comet/dispatch.ts";
import type { RpcEnvironment } from "../rpc/comet/environment.ts";
import { parseError, RpcError } from "../rpc/comet/errors.ts";
import type { SubscriptionClient, Subscriptions } from "../rpc/comet/subscriptions.ts";

/** CometBFT's period of pings; a peer that misses one whole period is gone. */
const PING_INTERVAL_MS = 27_000;
/** Unsent bytes at which a client counts as not reading. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const MAX_WAITING_REQUESTS = 1000;

/** A served websocket. */
export interface RpcSocket {
  terminate(): void;
}

/** Serves `socket` until it closes. */
export function serveRpcSocket(
  socket: WebSocket,
  options: {
    readonly environment: RpcEnvironment;
    readonly subscriptions: Subscriptions;
    readonly onClose: () => void;
  },
): RpcSocket {
  const { environment, subscriptions } = options;
  let alive = true;
  let waiting = 0;
  let tail: Promise<void> = Promise.resolve();
  const client: SubscriptionClient = {
    send(text) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate();
      else socket.send(text);
    },
  };
  const handle = async (text: string): Promise<void> => {
    const request = readRequest(parseBody(text));
    if (request instanceof RpcError) client.send(errorReply(null, request));
    else if (WEBSOCKET_METHODS.includes(request.method)) subscriptions.handle(client, request);
    else {
      const reply = await answerRequest(environment, request);
      if (request.id !== undefined) client.send(reply);
    }
  };
  socket.on("message", (data: RawData, isBinary: boolean) => {
    if (isBinary) return client.send(errorReply(null, parseError("binary frames are not JSON")));
    waiting += 1;
    if (waiting > MAX_WAITING_REQUESTS) return socket.terminate();
    tail = tail
      .then(() => handle(data.toString()))
      .finally(() => {
        waiting -= 1;
      });
  });
  const pings = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_INTERVAL_MS);
  socket.on("pong", () => {
    alive = true;
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    clearInterval(pings);
    subscriptions.remove(client);
    options.onClose();
  });
  return { terminate: () => socket.terminate() };
}

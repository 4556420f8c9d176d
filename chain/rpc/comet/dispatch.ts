/** Requests in, replies out: the JSON-RPC envelope over POST bodies and websocket frames, and URI calls. */
import { argumentsFromJson, argumentsFromUri } from "./arguments.ts";
import { blockMethods } from "./blockMethods.ts";
import type { MethodTable, RpcEnvironment, RpcMethod } from "./environment.ts";
import { invalidRequest, methodNotFound, parseError, RpcError, toRpcError } from "./errors.ts";
import { infoMethods } from "./infoMethods.ts";
import { txMethods } from "./txMethods.ts";

/** Every method that answers by itself. */
export const METHODS: MethodTable = { ...infoMethods, ...blockMethods, ...txMethods };

/** Methods that exist on a websocket only. */
export const WEBSOCKET_METHODS: readonly string[] = ["subscribe", "unsubscribe", "unsubscribe_all"];

/** Id of a request; null when it can not be known. */
export type RpcId = string | number | null;

/** A request whose envelope is sound. `id` undefined = a notification, which gets no reply. */
export interface RpcRequest {
  readonly id?: string | number;
  readonly method: string;
  readonly params: unknown;
}

/** HTTP status and body; an empty body for notifications. */
export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

/** Answers a POST body. Failures of methods have status 200, an unreadable body 500. */
export async function answerPost(
  environment: RpcEnvironment,
  request: { readonly path: string; readonly body: string; readonly maxBatch: number },
): Promise<HttpReply> {
  const parsed = parseBody(request.body);
  if (parsed === undefined) return failure(500, parseError("error unmarshalling request: not JSON"));
  const batch: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (batch.length > request.maxBatch) {
    const text = `batch request exceeds maximum (${request.maxBatch}) allowed number of requests`;
    return failure(500, invalidRequest(text));
  }
  const replies: string[] = [];
  for (const item of batch) {
    const rpc = readRequest(item);
    if (rpc instanceof RpcError) {
      if (!Array.isArray(parsed)) return failure(500, rpc);
      replies.push(errorReply(null, rpc));
    } else if (rpc.id !== undefined) {
      replies.push(await answerOne(environment, rpc, request.path));
    }
  }
  if (!Array.isArray(parsed)) return { status: 200, body: replies[0] ?? "" };
  return { status: 200, body: replies.length === 0 ? "" : `[${replies.join(",")}]` };
}

/** Answers `GET /<method>?arg=...`; undefined when there is no such method. A failing method has status 500. */
export async function answerUri(
  environment: RpcEnvironment,
  request: { readonly name: string; readonly query: ReadonlyMap<string, string> },
): Promise<HttpReply | undefined> {
  const method = methodNamed(request.name);
  if (method === undefined) return undefined;
  try {
    const args = argumentsFromUri(method.args, request.query);
    return { status: 200, body: resultReply(-1, await method.call(environment, args)) };
  } catch (error) {
    return { status: 500, body: errorReply(-1, error) };
  }
}

/** Answers one request of a websocket, subscriptions aside; never throws. */
export async function answerRequest(environment: RpcEnvironment, request: RpcRequest): Promise<string> {
  const id = request.id ?? null;
  try {
    const method = methodNamed(request.method);
    if (method === undefined) throw methodNotFound();
    return resultReply(id, await method.call(environment, argumentsFromJson(method.args, request.params)));
  } catch (error) {
    return errorReply(id, error);
  }
}

/** The request in a parsed JSON value, or the error to answer with. */
export function readRequest(value: unknown): RpcRequest | RpcError {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return parseError("error unmarshalling request: not an object");
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const method = fields.get("method");
  const id = fields.get("id");
  if (typeof method !== "string") return parseError("error unmarshalling request: no method");
  if (id === undefined || id === null) return { method, params: fields.get("params") };
  if (typeof id === "string" || (typeof id === "number" && Number.isSafeInteger(id))) {
    return { id, method, params: fields.get("params") };
  }
  return parseError("error unmarshalling request: id must be a string or an integer");
}

/** JSON value of `body`, undefined when it is none. */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Reply with a result. */
export function resultReply(id: RpcId, result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

/** Reply with an error. */
export function errorReply(id: RpcId, error: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error: toRpcError(error) });
}

function answerOne(environment: RpcEnvironment, request: RpcRequest, path: string): Promise<string> {
  if (path === "/") return answerRequest(environment, request);
  return Promise.resolve(errorReply(request.id ?? null, invalidRequest(`path ${path} is invalid`)));
}

function methodNamed(name: string): RpcMethod | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}

function failure(status: number, error: RpcError): HttpReply {
  return { status, body: errorReply(null, error) };
}

/** Reading and writing the module's state: the only file that touches its keys. */
import { bytesToHex, readU64be, u64be } from "../../../common/index.ts";
import { type Messages, RequestStatus } from "../../../proto/index.ts";
import type { Context, KvRange } from "../../context.ts";
import type { Request } from "../ports.ts";
import { prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  expiryKey,
  expiryNotDue,
  expiryPrefix,
  INFERENCE_STORE,
  INPUT_STORE,
  nextSequenceKey,
  OUTPUT_STORE,
  paramsKey,
  requestKey,
  resultKey,
  revealKey,
  revealNotDue,
  revealPrefix,
  sequenceKey,
  sequencePrefix,
  statusKey,
  statusPrefix,
  unassignedKey,
  unassignedPrefix,
} from "./keys.ts";
import { DEVNET_INFERENCE_PARAMS, type InferenceParams } from "./params.ts";

/** What a request ended in, or stands at. */
export type Result = Messages["aivm.inference.v1.Result"];

/** Parameters. */
export function getParams(ctx: Context): InferenceParams {
  const params = readRecord(ctx.store(INFERENCE_STORE), paramsKey(), "aivm.inference.v1.Params");
  return params ?? DEVNET_INFERENCE_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: InferenceParams): void {
  writeRecord(ctx.store(INFERENCE_STORE), { key: paramsKey(), name: "aivm.inference.v1.Params" }, params);
}

/** Takes the next sequence number; the first is 1. */
export function takeSequence(ctx: Context): bigint {
  const store = ctx.store(INFERENCE_STORE);
  const next = peekSequence(ctx);
  store.set(nextSequenceKey(), u64be(next + 1n));
  return next;
}

/** The next sequence number. */
export function peekSequence(ctx: Context): bigint {
  const bytes = ctx.store(INFERENCE_STORE).get(nextSequenceKey());
  return bytes === undefined ? 1n : readU64be(bytes);
}

/** A request, or undefined. */
export function getRequest(ctx: Context, requestId: Uint8Array): Request | undefined {
  return readRecord(ctx.store(INFERENCE_STORE), requestKey(requestId), "aivm.inference.v1.Request");
}

/** Writes a request and keeps every index and queue in step with it. */
export function setRequest(ctx: Context, request: Request): void {
  const store = ctx.store(INFERENCE_STORE);
  const before = getRequest(ctx, request.id);
  const old = before === undefined ? [] : indexKeys(ctx, before);
  const now = indexKeys(ctx, request);
  const kept = new Set(now.map(bytesToHex));
  const known = new Set(old.map(bytesToHex));
  for (const key of old) if (!kept.has(bytesToHex(key))) store.delete(key);
  for (const key of now) if (!known.has(bytesToHex(key))) store.set(key, request.id);
  writeRecord(store, { key: requestKey(request.id), name: "aivm.inference.v1.Request" }, request);
}

/** Requests by sequence, of one status or of any (0). */
export function listRequests(
  ctx: Context,
  page: { readonly status: number; readonly afterSequence: bigint; readonly limit: number },
): Request[] {
  const { status, afterSequence, limit } = page;
  const prefix = status === 0 ? sequencePrefix() : statusPrefix(status);
  const after = status === 0 ? sequenceKey(afterSequence) : statusKey(status, afterSequence);
  return requestsIn(ctx, prefixRange(prefix, { after, limit }));
}

/** OPEN requests that can not be answered in time any more. */
export function expiredRequests(ctx: Context): Request[] {
  return requestsIn(ctx, { start: expiryPrefix(), end: expiryNotDue(ctx.timeMs) });
}

/** COMMITTED requests whose last block for the reveal is this one. */
export function unrevealedRequests(ctx: Context): Request[] {
  return requestsIn(ctx, { start: revealPrefix(), end: revealNotDue(ctx.height) });
}

/** OPEN requests that wait for somebody to be drawn, oldest first. */
export function unassignedRequests(ctx: Context, limit: number): Request[] {
  return requestsIn(ctx, prefixRange(unassignedPrefix(), { limit }));
}

/** Last block time at which a commitment can still lead to a final result. */
export function lastCommitMs(request: Pick<Request, "deadlineMs" | "windowMs">): bigint {
  const { deadlineMs, windowMs } = request;
  return deadlineMs > windowMs ? deadlineMs - windowMs : 0n;
}

/** Input bytes, or undefined. */
export function getInput(ctx: Context, requestId: Uint8Array): Uint8Array | undefined {
  return ctx.bulk(INPUT_STORE).get(requestId);
}

/** Writes the input's bytes. */
export function setInput(ctx: Context, requestId: Uint8Array, input: Uint8Array): void {
  ctx.bulk(INPUT_STORE).set(requestId, input);
}

/** The standing result with its output, or undefined. */
export function getResult(ctx: Context, requestId: Uint8Array): Result | undefined {
  const stored = readRecord(ctx.store(INFERENCE_STORE), resultKey(requestId), "aivm.inference.v1.Result");
  if (stored === undefined) return undefined;
  return { ...stored, output: ctx.bulk(OUTPUT_STORE).get(requestId) ?? new Uint8Array() };
}

/** Writes a result: its output as bulk data, bound by the root and the hash in the record. */
export function setResult(ctx: Context, result: Result): void {
  const { requestId, output } = result;
  ctx.bulk(OUTPUT_STORE).set(requestId, output);
  writeRecord(
    ctx.store(INFERENCE_STORE),
    { key: resultKey(requestId), name: "aivm.inference.v1.Result" },
    { ...result, output: new Uint8Array() },
  );
}

/** Forgets the result of a request that has none any more. */
export function deleteResult(ctx: Context, requestId: Uint8Array): void {
  ctx.bulk(OUTPUT_STORE).delete(requestId);
  ctx.store(INFERENCE_STORE).delete(resultKey(requestId));
}

/** Index and queue entries that a request has; the value of each is its id. */
function indexKeys(ctx: Context, request: Request): Uint8Array[] {
  const { sequence, status } = request;
  const keys = [sequenceKey(sequence), statusKey(status, sequence)];
  if (status === RequestStatus.REQUEST_STATUS_OPEN) {
    keys.push(expiryKey(lastCommitMs(request), sequence));
    if (request.assigned === "") keys.push(unassignedKey(sequence));
  }
  if (status === RequestStatus.REQUEST_STATUS_COMMITTED)
    keys.push(revealKey(request.committedHeight + getParams(ctx).revealBlocks, sequence));
  return keys;
}

function requestsIn(ctx: Context, range: KvRange): Request[] {
  return ctx
    .store(INFERENCE_STORE)
    .iterate(range)
    .flatMap(([, id]) => getRequest(ctx, id) ?? []);
}

/** Reading and writing the module's state: the only file that touches its keys. */
import { type Messages, PrivateQueryStatus } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  blockHashKey,
  enclaveKey,
  enclavePrefix,
  expiryKey,
  expiryNotDue,
  expiryPrefix,
  paramsKey,
  queryKey,
  TEE_STORE,
} from "./keys.ts";
import { DEFAULT_TEE_PARAMS, type TeeParams } from "./params.ts";

/** An enclave's attested keys. */
export type Enclave = Messages["aivm.tee.v1.Enclave"];
/** A private query. */
export type PrivateQuery = Messages["aivm.tee.v1.PrivateQuery"];

/** Parameters. */
export function getParams(ctx: Context): TeeParams {
  return readRecord(ctx.store(TEE_STORE), paramsKey(), "aivm.tee.v1.Params") ?? DEFAULT_TEE_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: TeeParams): void {
  writeRecord(ctx.store(TEE_STORE), { key: paramsKey(), name: "aivm.tee.v1.Params" }, params);
}

/** An enclave, or undefined. */
export function getEnclave(ctx: Context, keyId: Uint8Array): Enclave | undefined {
  return readRecord(ctx.store(TEE_STORE), enclaveKey(keyId), "aivm.tee.v1.Enclave");
}

/** Writes an enclave. */
export function setEnclave(ctx: Context, enclave: Enclave): void {
  const key = enclaveKey(enclave.keyId);
  writeRecord(ctx.store(TEE_STORE), { key, name: "aivm.tee.v1.Enclave" }, enclave);
}

/** Enclaves in order of key id, at most 1,000. */
export function listEnclaves(ctx: Context): Enclave[] {
  const range = prefixRange(enclavePrefix(), { limit: 1000 });
  return listRecords(ctx.store(TEE_STORE), range, "aivm.tee.v1.Enclave");
}

/** A private query, or undefined. */
export function getQuery(ctx: Context, queryId: Uint8Array): PrivateQuery | undefined {
  return readRecord(ctx.store(TEE_STORE), queryKey(queryId), "aivm.tee.v1.PrivateQuery");
}

/** Writes a private query; it waits in the expiry queue exactly while it is OPEN. */
export function setQuery(ctx: Context, query: PrivateQuery): void {
  const store = ctx.store(TEE_STORE);
  const waiting = expiryKey(query.expiryHeight, query.queryId);
  if (query.status === PrivateQueryStatus.PRIVATE_QUERY_STATUS_OPEN) store.set(waiting, query.queryId);
  else if (store.has(waiting)) store.delete(waiting);
  writeRecord(store, { key: queryKey(query.queryId), name: "aivm.tee.v1.PrivateQuery" }, query);
}

/** OPEN queries for which this block was the last. */
export function expiredQueries(ctx: Context): PrivateQuery[] {
  return ctx
    .store(TEE_STORE)
    .iterate({ start: expiryPrefix(), end: expiryNotDue(ctx.height) })
    .flatMap(([, queryId]) => getQuery(ctx, queryId) ?? []);
}

/** Hash of a block that is kept, or undefined. */
export function getBlockHash(ctx: Context, height: bigint): Uint8Array | undefined {
  return ctx.store(TEE_STORE).get(blockHashKey(height));
}

/** Keeps the hash of this block and drops the one that is too old now. */
export function rememberBlock(ctx: Context): void {
  const store = ctx.store(TEE_STORE);
  store.set(blockHashKey(ctx.height), ctx.blockHash);
  const old = ctx.height - getParams(ctx).maxAnchorAgeBlocks - 1n;
  if (old >= 0n && store.has(blockHashKey(old))) store.delete(blockHashKey(old));
}

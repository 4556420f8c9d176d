/** Methods about transactions and the application: broadcast, look-up, search, mempool, ABCI. */
import { RequestQuery, type ResponseCheckTx, type TxResult } from "cosmjs-types/tendermint/abci/types";
import { bytesToHex, EMPTY, equalBytes } from "../../../common/bytes.ts";
import { bytesToBase64 } from "../../engine/embedded/base64.ts";
import { txHash } from "../../engine/embedded/hash.ts";
import { findTx, searchTxs } from "../../engine/embedded/query/eventIndex.ts";
import type { RpcArguments } from "./arguments.ts";
import { queryArgument } from "./blockMethods.ts";
import type { MethodTable, RpcEnvironment } from "./environment.ts";
import { internalError } from "./errors.ts";
import { execResultJson, hexJson, infoJson, type JsonObject, queryJson, txJson } from "./json.ts";
import { latestHeight, ordered, pageOf } from "./paging.ts";

const BROADCAST_COMMIT_TIMEOUT_MS = 10_000;
const DEFAULT_UNCONFIRMED = 30;
const MAX_UNCONFIRMED = 100;

/** Methods of this file. */
export const txMethods: MethodTable = {
  abci_info: { args: {}, call: async ({ engine }) => ({ response: infoJson(await engine.info()) }) },
  abci_query: {
    args: { path: "string", data: "hex", height: "int", prove: "bool" },
    call: async ({ engine }, args) => {
      const request = RequestQuery.fromPartial({
        path: args.string("path") ?? "",
        data: args.bytes("data") ?? EMPTY,
        height: args.int("height") ?? 0n,
        prove: args.bool("prove") ?? false,
      });
      return { response: queryJson(await engine.query(request)) };
    },
  },
  check_tx: {
    args: { tx: "bytes" },
    call: async ({ engine }, args) => execResultJson(await engine.checkTx(txArgument(args))),
  },
  broadcast_tx_sync: { args: { tx: "bytes" }, call: broadcastSync },
  broadcast_tx_async: { args: { tx: "bytes" }, call: broadcastAsync },
  broadcast_tx_commit: { args: { tx: "bytes" }, call: broadcastCommit },
  tx: { args: { hash: "bytes", prove: "bool" }, call: tx },
  tx_search: {
    args: { query: "string", prove: "bool", page: "int", per_page: "int", order_by: "string" },
    call: txSearch,
  },
  unconfirmed_txs: {
    args: { limit: "int" },
    call: ({ engine }, args) => {
      const txs = engine.mempool.list(unconfirmedLimit(args.int("limit")));
      return { ...mempoolCounts(engine.mempool, txs.length), txs: txs.map(bytesToBase64) };
    },
  },
  num_unconfirmed_txs: {
    args: {},
    call: ({ engine }) => ({ ...mempoolCounts(engine.mempool, engine.mempool.size()), txs: null }),
  },
  broadcast_evidence: {
    args: { evidence: "string" },
    call: () => {
      throw internalError("evidence was not verified: a chain of one embedded validator takes none");
    },
  },
};

async function broadcastSync({ engine }: RpcEnvironment, args: RpcArguments): Promise<JsonObject> {
  const bytes = txArgument(args);
  return broadcastJson(bytes, await engine.submitTx(bytes));
}

/** Answers at once; whatever CheckTx says later is lost to the caller. */
function broadcastAsync({ engine }: RpcEnvironment, args: RpcArguments): JsonObject {
  const bytes = txArgument(args);
  engine.submitTx(bytes).catch(() => undefined);
  return { code: 0, data: "", log: "", codespace: "", hash: hexJson(txHash(bytes)) };
}

async function broadcastCommit(environment: RpcEnvironment, args: RpcArguments): Promise<JsonObject> {
  const { engine, delay } = environment;
  const bytes = txArgument(args);
  const inclusion = waitForTx(environment, bytes);
  try {
    const check = await engine.submitTx(bytes);
    const hash = hexJson(txHash(bytes));
    if (check.code !== 0) {
      const nothing = execResultJson({ ...check, ...zeroResult() });
      return { check_tx: execResultJson(check), tx_result: nothing, hash, height: "0" };
    }
    const timeout = delay(BROADCAST_COMMIT_TIMEOUT_MS);
    const found = await Promise.race([inclusion.found, timeout.done]);
    timeout.cancel();
    if (found === undefined) throw internalError("timed out waiting for tx to be included in a block");
    return {
      check_tx: execResultJson(check),
      tx_result: execResultJson(found.result),
      hash,
      height: String(found.height),
    };
  } finally {
    inclusion.cancel();
  }
}

function waitForTx(
  { engine }: RpcEnvironment,
  bytes: Uint8Array,
): { readonly found: Promise<TxResult>; readonly cancel: () => void } {
  let cancel: () => void = () => undefined;
  const found = new Promise<TxResult>((resolve) => {
    cancel = engine.onBlock(({ block, response }) => {
      const index = block.data.txs.findIndex((candidate) => equalBytes(candidate, bytes));
      const result = response.txResults[index];
      if (result !== undefined) resolve({ height: block.header.height, index, tx: bytes, result });
    });
  });
  return { found, cancel: () => cancel() };
}

function tx({ engine }: RpcEnvironment, args: RpcArguments): JsonObject {
  const hash = args.bytes("hash") ?? EMPTY;
  const found = findTx(engine.store.kv, hash);
  if (found === undefined) throw internalError(`tx (${bytesToHex(hash).toUpperCase()}) not found`);
  return txJson(found, args.bool("prove") === true ? blockTxs(engine, found.height) : undefined);
}

async function txSearch(environment: RpcEnvironment, args: RpcArguments): Promise<JsonObject> {
  const { engine } = environment;
  const all = await searchTxs(engine.store.kv, queryArgument(args));
  const latest = latestHeight(environment);
  const committed = all.filter(({ height }) => height <= latest);
  const page = pageOf(ordered(committed, args, "asc"), args);
  const prove = args.bool("prove") === true;
  return {
    txs: page.flatMap(({ hash }) => {
      const found = findTx(engine.store.kv, hash);
      return found === undefined ? [] : [txJson(found, prove ? blockTxs(engine, found.height) : undefined)];
    }),
    total_count: String(committed.length),
  };
}

function blockTxs(engine: RpcEnvironment["engine"], height: bigint): readonly Uint8Array[] {
  const block = engine.store.block(height);
  if (block === undefined) throw internalError(`block ${height} of the transaction is pruned: no proof`);
  return block.data.txs;
}

function txArgument(args: RpcArguments): Uint8Array {
  const bytes = args.bytes("tx");
  if (bytes === undefined || bytes.length === 0) throw internalError("tx is empty");
  return bytes;
}

function broadcastJson(bytes: Uint8Array, check: ResponseCheckTx): JsonObject {
  return {
    code: check.code,
    data: hexJson(check.data),
    log: check.log,
    codespace: check.codespace,
    hash: hexJson(txHash(bytes)),
  };
}

function zeroResult(): Omit<ResponseCheckTx, "priority"> {
  return { code: 0, data: EMPTY, log: "", info: "", gasWanted: 0n, gasUsed: 0n, events: [], codespace: "" };
}

function mempoolCounts(
  mempool: RpcEnvironment["engine"]["mempool"],
  count: number,
): { readonly n_txs: string; readonly total: string; readonly total_bytes: string } {
  return { n_txs: String(count), total: String(mempool.size()), total_bytes: String(mempool.totalBytes()) };
}

function unconfirmedLimit(asked: bigint | undefined): number {
  if (asked === undefined || asked < 1n) return DEFAULT_UNCONFIRMED;
  return asked > BigInt(MAX_UNCONFIRMED) ? MAX_UNCONFIRMED : Number(asked);
}

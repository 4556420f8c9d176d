/**
 * The mempool: first come, first served, bounded in number and bytes, with a cache of seen transactions
 * (CometBFT mempool/clist_mempool.go). Refusals of the pool itself are errors whose texts clients match.
 */
import {
  CheckTxType,
  type ExecTxResult,
  type RequestCheckTx,
  type ResponseCheckTx,
} from "cosmjs-types/tendermint/abci/types";
import { bytesToHex } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { txHash } from "./hash.ts";
import { uvarint } from "./wire.ts";

/** Bounds of the pool. */
export interface MempoolLimits {
  readonly maxTxs: number;
  readonly maxTotalBytes: number;
  readonly maxTxBytes: number;
  readonly cacheSize: number;
}

/** CometBFT's defaults. */
export const DEFAULT_MEMPOOL_LIMITS: MempoolLimits = {
  maxTxs: 5000,
  maxTotalBytes: 1_073_741_824,
  maxTxBytes: 1_048_576,
  cacheSize: 10_000,
};

/** The application's CheckTx. */
export type CheckTx = (request: RequestCheckTx) => ResponseCheckTx;

/** A pool of checked transactions. */
export interface Mempool {
  /**
   * Asks the application, and keeps the transaction when it agrees (code 0). A refusal by the application is a normal
   * answer. @throws CHAIN_MEMPOOL_* when the pool refuses by itself.
   */
  add(tx: Uint8Array): ResponseCheckTx;
  /** Waiting transactions in order, as many as fit; `maxGas` -1 = any. A negative `maxBytes` = any. */
  reap(limits: { readonly maxBytes: bigint; readonly maxGas: bigint }): Uint8Array[];
  /** Takes out what a block included and asks the application again about the rest. Call after its Commit. */
  update(txs: readonly Uint8Array[], results: readonly ExecTxResult[]): void;
  /** The first `limit` waiting transactions. */
  list(limit: number): Uint8Array[];
  size(): number;
  totalBytes(): number;
}

interface Entry {
  readonly tx: Uint8Array;
  readonly gasWanted: bigint;
}

/** An empty pool in front of `checkTx`. */
export function createMempool(checkTx: CheckTx, limits: MempoolLimits = DEFAULT_MEMPOOL_LIMITS): Mempool {
  const entries = new Map<string, Entry>();
  const cache = createCache(limits.cacheSize);
  let totalBytes = 0;

  const remove = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    totalBytes -= entry.tx.length;
    entries.delete(id);
  };

  const add = (tx: Uint8Array): ResponseCheckTx => {
    assertRoom({ tx, limits, count: entries.size, totalBytes });
    const id = bytesToHex(txHash(tx));
    if (!cache.push(id)) throw inCache(id);
    try {
      const response = checkTx({ tx, type: CheckTxType.NEW });
      if (response.code !== 0) {
        cache.remove(id);
      } else if (!entries.has(id)) {
        entries.set(id, { tx, gasWanted: response.gasWanted });
        totalBytes += tx.length;
      }
      return response;
    } catch (error) {
      cache.remove(id);
      throw error;
    }
  };

  const update = (txs: readonly Uint8Array[], results: readonly ExecTxResult[]): void => {
    txs.forEach((tx, index) => {
      const id = bytesToHex(txHash(tx));
      if (results[index]?.code === 0) cache.push(id);
      else cache.remove(id);
      remove(id);
    });
    for (const [id, { tx }] of [...entries]) {
      if (checkTx({ tx, type: CheckTxType.RECHECK }).code === 0) continue;
      cache.remove(id);
      remove(id);
    }
  };

  return {
    add,
    update,
    reap: (bounds) => reap([...entries.values()], bounds),
    list: (limit) => [...entries.values()].slice(0, limit).map(({ tx }) => tx),
    size: () => entries.size,
    totalBytes: () => totalBytes,
  };
}

/** Bytes of a transaction inside a block: its length prefix and field tag included. */
export function framedTxBytes(tx: Uint8Array): bigint {
  return BigInt(1 + uvarint(BigInt(tx.length)).length + tx.length);
}

function reap(
  entries: readonly Entry[],
  limits: { readonly maxBytes: bigint; readonly maxGas: bigint },
): Uint8Array[] {
  const txs: Uint8Array[] = [];
  let bytes = 0n;
  let gas = 0n;
  for (const { tx, gasWanted } of entries) {
    bytes += framedTxBytes(tx);
    gas += gasWanted;
    if (limits.maxBytes >= 0n && bytes > limits.maxBytes) break;
    if (limits.maxGas >= 0n && gas > limits.maxGas) break;
    txs.push(tx);
  }
  return txs;
}

function assertRoom(state: {
  readonly tx: Uint8Array;
  readonly limits: MempoolLimits;
  readonly count: number;
  readonly totalBytes: number;
}): void {
  const { tx, limits, count, totalBytes } = state;
  if (count >= limits.maxTxs || totalBytes + tx.length > limits.maxTotalBytes) {
    throw new AivmError("CHAIN_MEMPOOL_FULL", {
      what: `mempool is full: number of txs ${count} (max: ${limits.maxTxs}), total txs bytes ${totalBytes} (max: ${limits.maxTotalBytes})`,
      want: "room for one more",
      got: `a transaction of ${tx.length} bytes`,
      remedy: "wait for the next blocks and send it again",
    });
  }
  if (tx.length > limits.maxTxBytes) {
    throw new AivmError("CHAIN_MEMPOOL_TX_TOO_LARGE", {
      what: `Tx too large. Max size is ${limits.maxTxBytes}, but got ${tx.length}`,
      want: `at most ${limits.maxTxBytes} bytes`,
      got: `${tx.length} bytes`,
      remedy: "send large data by its root, outside the transaction",
    });
  }
}

function inCache(id: string): AivmError {
  return new AivmError("CHAIN_MEMPOOL_IN_CACHE", {
    what: "tx already exists in cache",
    item: id,
    want: "a transaction that was not sent lately",
    got: "one that waits or was committed",
    remedy: "look it up by its hash instead of sending it again",
  });
}

/** A set of ids that forgets the least recently pushed. */
function createCache(size: number): { push(id: string): boolean; remove(id: string): void } {
  const ids = new Set<string>();
  return {
    push(id) {
      const fresh = !ids.delete(id);
      ids.add(id);
      const oldest = ids.values().next().value;
      if (ids.size > size && oldest !== undefined) ids.delete(oldest);
      return fresh;
    },
    remove(id) {
      ids.delete(id);
    },
  };
}

/**
 * The transaction and block indexes: what a block adds, and how a search walks them (CometBFT state/txindex/kv,
 * state/indexer/block/kv). Conditions on attributes must hold within one and the same event; conditions on the height
 * apply to the place.
 */
import { type Event, type ResponseFinalizeBlock, TxResult } from "cosmjs-types/tendermint/abci/types";
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  readU32be,
  readU64be,
  u32be,
  u64be,
} from "../../../../common/bytes.ts";
import { AivmError, isAivmError } from "../../../../common/errors.ts";
import { txHash } from "../hash.ts";
import { type EventIndexName, eventKey, eventPrefix, placeKey, prefixEnd, txKey } from "../keys.ts";
import type { EngineKv, EngineKvOp } from "../ports.ts";
import { conditionHolds } from "./compare.ts";
import type { EventQuery, QueryCondition } from "./parse.ts";

/** Most index entries that one search reads. */
const MAX_SCANNED_ENTRIES = 500_000;
const PLACE_BYTES = 16;
const TX_HEIGHT = "tx.height";
const TX_HASH = "tx.hash";
const BLOCK_HEIGHT = "block.height";

/** A place that a search found: a transaction, or a block (txIndex 0). */
export interface IndexPlace {
  readonly height: bigint;
  readonly txIndex: number;
}

/** Batch operations that index a block: its transactions by hash, place and events, and its own events. */
export function indexOps(
  kv: EngineKv,
  block: {
    readonly height: bigint;
    readonly txs: readonly Uint8Array[];
    readonly response: ResponseFinalizeBlock;
  },
): EngineKvOp[] {
  const { height, txs, response } = block;
  const ops = eventOps("block", response.events, { height, txIndex: 0 });
  txs.forEach((tx, index) => {
    const result = response.txResults[index];
    if (result === undefined) return;
    const hash = txHash(tx);
    ops.push({ key: placeKey(height, index), value: hash });
    ops.push(...eventOps("tx", result.events, { height, txIndex: index }));
    if (result.code !== 0 && succeededBefore(kv, hash)) return;
    ops.push({ key: txKey(hash), value: TxResult.encode({ height, index, tx, result }).finish() });
  });
  return ops;
}

/** The recorded execution of a transaction, by its hash. */
export function findTx(kv: EngineKv, hash: Uint8Array): TxResult | undefined {
  const bytes = kv.get(txKey(hash));
  return bytes === undefined ? undefined : TxResult.decode(bytes);
}

/** A transaction that a search found: its hash, and the height of a block that has it. */
export interface FoundTx {
  readonly hash: Uint8Array;
  readonly height: bigint;
}

/**
 * Transactions that `query` finds, ascending by place, each once. A condition on tx.hash short-circuits to a look-up.
 * @throws CHAIN_QUERY on a malformed hash or a search that reads too much.
 */
export async function searchTxs(kv: EngineKv, query: EventQuery): Promise<FoundTx[]> {
  const byHash = query.conditions.find(({ tag, operator }) => tag === TX_HASH && operator === "=");
  if (byHash !== undefined) {
    const hash = hashArgument(byHash);
    const found = findTx(kv, hash);
    return found === undefined ? [] : [{ hash, height: found.height }];
  }
  const places = await searchPlaces(kv, { index: "tx", heightTag: TX_HEIGHT, query });
  const found = new Map<string, FoundTx>();
  for (const { height, txIndex } of places) {
    const hash = kv.get(placeKey(height, txIndex));
    if (hash === undefined) continue;
    const id = bytesToHex(hash);
    if (!found.has(id)) found.set(id, { hash, height });
  }
  return [...found.values()];
}

/** Heights of blocks whose own events satisfy `query`, ascending. `tip`/`base` bound a query by height alone. */
export async function searchBlocks(
  kv: EngineKv,
  search: { readonly query: EventQuery; readonly base: bigint; readonly tip: bigint },
): Promise<bigint[]> {
  const { query, base, tip } = search;
  const heights = query.conditions.filter(({ tag }) => tag === BLOCK_HEIGHT);
  if (heights.length === query.conditions.length) {
    const bounds = heightBounds(heights);
    const first = bounds.low > base ? bounds.low : base;
    const last = bounds.high < tip ? bounds.high : tip;
    const found: bigint[] = [];
    for (let height = first; height > 0n && height <= last; height++) {
      if (found.length >= MAX_SCANNED_ENTRIES) throw tooBroad();
      if (heightHolds(heights, height)) found.push(height);
    }
    return found;
  }
  const places = await searchPlaces(kv, { index: "block", heightTag: BLOCK_HEIGHT, query });
  return places.map(({ height }) => height).filter((height) => height >= base && height <= tip);
}

async function searchPlaces(
  kv: EngineKv,
  search: { readonly index: EventIndexName; readonly heightTag: string; readonly query: EventQuery },
): Promise<IndexPlace[]> {
  const { index, heightTag, query } = search;
  const heights = query.conditions.filter(({ tag }) => tag === heightTag);
  // The narrowest scans first: an equality reads one value, everything else a whole key.
  const others = query.conditions
    .filter(({ tag }) => tag !== heightTag)
    .sort((a, b) => Number(b.operator === "=") - Number(a.operator === "="));
  if (others.length === 0) return placesByHeight(kv, heights);
  const bounds = heightBounds(heights);
  let events: Map<string, IndexPlace> | undefined;
  for (const condition of others) {
    const found = await scanCondition(kv, { index, condition, bounds });
    if (events === undefined) events = found;
    else for (const id of events.keys()) if (!found.has(id)) events.delete(id);
    if (events.size === 0) return [];
  }
  const places = [...(events ?? new Map<string, IndexPlace>()).values()];
  return distinctPlaces(places.filter(({ height }) => heightHolds(heights, height)));
}

/** Events (by place and number) whose attribute satisfies `condition`. */
async function scanCondition(
  kv: EngineKv,
  scan: { readonly index: EventIndexName; readonly condition: QueryCondition; readonly bounds: HeightBounds },
): Promise<Map<string, IndexPlace>> {
  const { index, condition, bounds } = scan;
  const exact =
    condition.operator === "=" &&
    (condition.argument?.kind === "string" || condition.argument?.kind === "number");
  const keyPrefix = eventPrefix(index, condition.tag);
  const found = new Map<string, IndexPlace>();
  let scanned = 0;
  for await (const [key] of kv.scan(
    exact ? exactRange(index, condition, bounds) : { gte: keyPrefix, lt: prefixEnd(keyPrefix) },
  )) {
    scanned += 1;
    if (scanned > MAX_SCANNED_ENTRIES) throw tooBroad();
    const place = key.subarray(key.length - PLACE_BYTES);
    const height = readU64be(place);
    if (height < bounds.low || height > bounds.high) continue;
    const value = textDecoder.decode(key.subarray(keyPrefix.length + 4, key.length - PLACE_BYTES));
    if (!exact && !conditionHolds(condition, value)) continue;
    found.set(bytesToHex(place), { height, txIndex: readU32be(place, 8) });
  }
  return found;
}

// Values come from events, which were text before they were stored: never malformed here.
const textDecoder = new TextDecoder();

function exactRange(
  index: EventIndexName,
  condition: QueryCondition,
  bounds: HeightBounds,
): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  const prefix = eventPrefix(index, condition.tag, condition.argument?.text ?? "");
  return {
    gte: concatBytes(prefix, u64be(bounds.low)),
    lt: bounds.high === MAX_HEIGHT ? prefixEnd(prefix) : concatBytes(prefix, u64be(bounds.high + 1n)),
  };
}

async function placesByHeight(kv: EngineKv, heights: readonly QueryCondition[]): Promise<IndexPlace[]> {
  const bounds = heightBounds(heights);
  const places: IndexPlace[] = [];
  const range = {
    gte: placeKey(bounds.low, 0),
    lt: concatBytes(placeKey(bounds.high, 0xffff_ffff), u32be(0)),
  };
  for await (const [key] of kv.scan(range)) {
    if (places.length >= MAX_SCANNED_ENTRIES) throw tooBroad();
    const height = readU64be(key, 1);
    if (heightHolds(heights, height)) places.push({ height, txIndex: readU32be(key, 9) });
  }
  return places;
}

function distinctPlaces(places: readonly IndexPlace[]): IndexPlace[] {
  const byId = new Map(places.map((place) => [`${place.height}/${place.txIndex}`, place]));
  return [...byId.values()].sort((a, b) =>
    a.height === b.height ? a.txIndex - b.txIndex : a.height < b.height ? -1 : 1,
  );
}

interface HeightBounds {
  readonly low: bigint;
  readonly high: bigint;
}

const MAX_HEIGHT = 2n ** 63n - 1n;

/** Heights that `conditions` can hold for: a cheap outer bound; `heightHolds` decides. */
function heightBounds(conditions: readonly QueryCondition[]): HeightBounds {
  let low = 0n;
  let high = MAX_HEIGHT;
  for (const { operator, argument } of conditions) {
    if (argument === undefined || !/^\d{1,18}$/.test(argument.text)) continue;
    const height = BigInt(argument.text);
    if ((operator === "=" || operator === ">=" || operator === ">") && height > low) low = height;
    if ((operator === "=" || operator === "<=" || operator === "<") && height < high) high = height;
  }
  return { low, high };
}

function heightHolds(conditions: readonly QueryCondition[], height: bigint): boolean {
  return conditions.every((condition) => conditionHolds(condition, String(height)));
}

function eventOps(index: EventIndexName, events: readonly Event[], place: IndexPlace): EngineKvOp[] {
  const ops: EngineKvOp[] = [];
  events.forEach((event, eventIndex) => {
    if (event.type === "") return;
    for (const attribute of event.attributes) {
      if (attribute.key === "" || !attribute.index) continue;
      const compositeKey = `${event.type}.${attribute.key}`;
      const key = eventKey({ index, compositeKey, value: attribute.value, ...place, eventIndex });
      ops.push({ key, value: new Uint8Array(0) });
    }
  });
  return ops;
}

function succeededBefore(kv: EngineKv, hash: Uint8Array): boolean {
  return findTx(kv, hash)?.result.code === 0;
}

function hashArgument(condition: QueryCondition): Uint8Array {
  const text = condition.argument?.text ?? "";
  try {
    return hexToBytes(text);
  } catch (cause) {
    if (!isAivmError(cause, "AIVM_HEX")) throw cause;
    throw new AivmError("CHAIN_QUERY", {
      what: "error during searching for a hash in the query: invalid hex",
      want: "tx.hash='<hex>'",
      got: text.slice(0, 80),
      remedy: "pass the transaction hash as hexadecimal",
    });
  }
}

function tooBroad(): AivmError {
  return new AivmError("CHAIN_QUERY", {
    what: "search reads too many index entries",
    want: `at most ${MAX_SCANNED_ENTRIES}`,
    got: "more",
    remedy: "narrow it with a condition on the height or on another attribute",
  });
}

/** Every key of the engine's store, in one place. Heights are big-endian, so that key order is height order. */
import { concatBytes, u32be, u64be, utf8 } from "../../../common/bytes.ts";

const prefix = (letter: string): Uint8Array => utf8(letter);

/** ChainState record. */
export const STATE_KEY: Uint8Array = prefix("S");
/** Block that was proposed and perhaps signed, but not decided yet. */
export const PENDING_KEY: Uint8Array = prefix("N");
/** Lowest height that the store still holds. */
export const BASE_KEY: Uint8Array = prefix("A");
/** Height of the last decided block. */
export const TIP_KEY: Uint8Array = prefix("Z");

/** Block bytes. */
export const blockKey = (height: bigint): Uint8Array => concatBytes(prefix("B"), u64be(height));
/** BlockMeta. */
export const metaKey = (height: bigint): Uint8Array => concatBytes(prefix("M"), u64be(height));
/** Height of a block hash. */
export const hashKey = (hash: Uint8Array): Uint8Array => concatBytes(prefix("H"), hash);
/** Seen ExtendedCommit of a height. */
export const commitKey = (height: bigint): Uint8Array => concatBytes(prefix("C"), u64be(height));
/** ResponseFinalizeBlock of a height. */
export const resultsKey = (height: bigint): Uint8Array => concatBytes(prefix("R"), u64be(height));
/** Validator set of a height. */
export const validatorsKey = (height: bigint): Uint8Array => concatBytes(prefix("V"), u64be(height));
/** Consensus parameters of a height. */
export const paramsKey = (height: bigint): Uint8Array => concatBytes(prefix("P"), u64be(height));
/** TxResult of a transaction hash. */
export const txKey = (hash: Uint8Array): Uint8Array => concatBytes(prefix("T"), hash);
/** Transaction hash at a place in the chain. */
export const placeKey = (height: bigint, index: number): Uint8Array =>
  concatBytes(prefix("X"), u64be(height), u32be(index));

/** The two event indexes: of transactions, and of blocks. */
export type EventIndexName = "tx" | "block";

/** Index entries of one composite key ("transfer.recipient"), or of one value of it. */
export function eventPrefix(index: EventIndexName, compositeKey: string, value?: string): Uint8Array {
  const key = utf8(compositeKey);
  const head = concatBytes(prefix(index === "tx" ? "E" : "F"), u32be(key.length), key);
  if (value === undefined) return head;
  const bytes = utf8(value);
  return concatBytes(head, u32be(bytes.length), bytes);
}

/** Full key of one index entry: value, then place, then the event's number within its transaction or block. */
export function eventKey(entry: {
  readonly index: EventIndexName;
  readonly compositeKey: string;
  readonly value: string;
  readonly height: bigint;
  readonly txIndex: number;
  readonly eventIndex: number;
}): Uint8Array {
  return concatBytes(
    eventPrefix(entry.index, entry.compositeKey, entry.value),
    u64be(entry.height),
    u32be(entry.txIndex),
    u32be(entry.eventIndex),
  );
}

/** First key after every key that starts with `prefixBytes`, which does not end in 0xff bytes only. */
export function prefixEnd(prefixBytes: Uint8Array): Uint8Array {
  const end = Uint8Array.from(prefixBytes);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0;
    if (byte < 0xff) {
      end[at] = byte + 1;
      return end.slice(0, at + 1);
    }
  }
  return end;
}

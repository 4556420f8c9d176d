/** State records: canonical protobuf under keys that a module's keys.ts makes. */
import {
  decodeMessage,
  encodeMessage,
  type Loose,
  type MessageName,
  type Messages,
} from "../../proto/index.ts";
import type { BulkStore, KvRange, KvStore } from "../context.ts";

/** The record at `key`, or undefined. */
export function readRecord<N extends MessageName>(
  store: BulkStore,
  key: Uint8Array,
  name: N,
): Messages[N] | undefined {
  const bytes = store.get(key);
  return bytes === undefined ? undefined : decodeMessage(name, bytes);
}

/** Writes the record at `key`. Its encoding must not be empty: give every record a field that is never zero. */
export function writeRecord<N extends MessageName>(
  store: BulkStore,
  at: { readonly key: Uint8Array; readonly name: N },
  value: Loose<Messages[N]>,
): void {
  store.set(at.key, encodeMessage(at.name, value));
}

/** Records in `range`, in key order. */
export function listRecords<N extends MessageName>(store: KvStore, range: KvRange, name: N): Messages[N][] {
  return store.iterate(range).map(([, value]) => decodeMessage(name, value));
}

/** The keys that begin with `prefix` and, with `after`, come after that key. */
export function prefixRange(
  prefix: Uint8Array,
  page: { readonly after?: Uint8Array; readonly limit?: number; readonly reverse?: boolean } = {},
): KvRange {
  const { after, ...rest } = page;
  return { start: after === undefined ? prefix : nextKey(after), end: prefixEnd(prefix), ...rest };
}

/** The first key after `key`. */
function nextKey(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key.length + 1);
  out.set(key);
  return out;
}

/** The first key after all that begin with `prefix`, whose bytes are not all 255. */
function prefixEnd(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 255) length--;
  const out = prefix.slice(0, length);
  const last = length - 1;
  out[last] = (out[last] ?? 0) + 1;
  return out;
}

/** Pages of a store's entries, as the Cosmos SDK's queries give them. */
import type { PageRequest, PageResponse } from "cosmjs-types/cosmos/base/query/v1beta1/pagination";
import { concatBytes, EMPTY } from "../common/index.ts";
import type { KvEntry, KvRange, KvStore } from "./context.ts";
import { invalidArgument } from "./queryErrors.ts";
import { prefixRange } from "./store/keys.ts";

const DEFAULT_LIMIT = 100n;
/** A page is answered within one query: longer ones are cut here, and `nextKey` says where to go on. */
const MAX_LIMIT = 10_000n;

/** Entries of one page, keys without the prefix, and where the next page begins. */
export interface Page {
  readonly entries: readonly KvEntry[];
  readonly pagination: PageResponse;
}

/** A list's page of entries under `prefix`. @throws ChainError invalid argument (sdk 18): key and offset together */
export function pageOf(store: KvStore, prefix: Uint8Array, request: PageRequest | undefined): Page {
  const key = request?.key ?? EMPTY;
  const offset = request?.offset ?? 0n;
  if (key.length > 0 && offset > 0n)
    throw invalidArgument("invalid request, either offset or key is expected, got both");
  const asked = request?.limit ?? 0n;
  const limit = asked === 0n ? DEFAULT_LIMIT : asked < MAX_LIMIT ? asked : MAX_LIMIT;
  const reverse = request?.reverse ?? false;
  const range = pageRange(prefix, { key, reverse });
  const isCounted = key.length === 0 && ((request?.countTotal ?? false) || asked === 0n);
  const skip = Number(offset < MAX_LIMIT ? offset : MAX_LIMIT);
  const last = skip + Number(limit);
  const entries = store.iterate(isCounted ? range : { ...range, limit: last + 1 });
  const strip = ([full, value]: KvEntry): KvEntry => [full.slice(prefix.length), value];
  return {
    entries: entries.slice(skip, last).map(strip),
    pagination: {
      nextKey: entries[last]?.[0].slice(prefix.length) ?? EMPTY,
      total: isCounted ? BigInt(entries.length) : 0n,
    },
  };
}

function pageRange(
  prefix: Uint8Array,
  from: { readonly key: Uint8Array; readonly reverse: boolean },
): KvRange {
  const whole = prefixRange(prefix);
  if (from.key.length === 0) return { ...whole, reverse: from.reverse };
  const full = concatBytes(prefix, from.key);
  if (!from.reverse) return { ...whole, start: full };
  // The key itself belongs to the page: its successor ends the range.
  const end = concatBytes(full, new Uint8Array([0]));
  return { start: prefix, end, reverse: true };
}

/** Uncommitted changes over a store: read through, kept apart, written down or dropped as a whole. */
import { compareBytes } from "../../common/index.ts";
import type { KvEntry, KvRange } from "../context.ts";
import { mapKey, mapKeyBytes } from "./kv.ts";

/** A store without gas: what an overlay reads and writes. */
export interface RawStore {
  get(key: Uint8Array): Uint8Array | undefined;
  iterate(range: KvRange): readonly KvEntry[];
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/** A store with changes of its own. */
export interface Overlay extends RawStore {
  /** Writes the changes down, in key order, and forgets them. */
  flush(): void;
  /** Changes in key order; value undefined = deleted. */
  changes(): readonly (readonly [Uint8Array, Uint8Array | undefined])[];
}

/** No changes yet, over `parent`. */
export function createOverlay(parent: RawStore): Overlay {
  const changed = new Map<string, Uint8Array | undefined>();
  const sorted = (): (readonly [Uint8Array, Uint8Array | undefined])[] =>
    [...changed.keys()].sort().map((key) => [mapKeyBytes(key), changed.get(key)] as const);
  return {
    get: (key) => {
      const at = mapKey(key);
      return changed.has(at) ? changed.get(at) : parent.get(key);
    },
    set: (key, value) => {
      changed.set(mapKey(key), value);
    },
    delete: (key) => {
      changed.set(mapKey(key), undefined);
    },
    iterate: (range) => merge(parent, sorted(), range),
    changes: sorted,
    flush: () => {
      for (const [key, value] of sorted()) {
        if (value === undefined) parent.delete(key);
        else parent.set(key, value);
      }
      changed.clear();
    },
  };
}

function merge(
  parent: RawStore,
  changes: readonly (readonly [Uint8Array, Uint8Array | undefined])[],
  range: KvRange,
): readonly KvEntry[] {
  const inRange = changes.filter(([key]) => isInRange(key, range));
  if (inRange.length === 0) return parent.iterate(range);
  // A deletion may take away as many of the parent's entries as there are changes: ask for that many more.
  const { limit, ...open } = range;
  const below = parent.iterate(limit === undefined ? open : { ...open, limit: limit + inRange.length });
  const own = new Map(inRange.map(([key, value]) => [mapKey(key), value] as const));
  const entries = below.filter(([key]) => !own.has(mapKey(key)));
  for (const [key, value] of inRange) if (value !== undefined) entries.push([key, value]);
  entries.sort(([a], [b]) => (range.reverse ? compareBytes(b, a) : compareBytes(a, b)));
  return limit === undefined ? entries : entries.slice(0, limit);
}

function isInRange(key: Uint8Array, range: KvRange): boolean {
  if (range.start !== undefined && compareBytes(key, range.start) < 0) return false;
  return range.end === undefined || compareBytes(key, range.end) < 0;
}

/** Gas: the meter, and stores that charge for every access. Constants are those of the Cosmos SDK. */

import { ChainError, SDK_CODES } from "./codes.ts";
import type { BulkStore, GasMeter, KvEntry, KvStore } from "./context.ts";
import type { RawStore } from "./store/overlay.ts";

const READ_FLAT = 1000n;
const READ_BYTE = 3n;
const WRITE_FLAT = 2000n;
const WRITE_BYTE = 30n;
const HAS_FLAT = 1000n;
const DELETE_FLAT = 1000n;
const STEP_FLAT = 30n;
/** Bulk data is not Merkleised and not kept by version: a tenth of a write. */
const BULK_WRITE_BYTE = 3n;

/** A meter that throws when it has counted more than `limit`; undefined = it only counts. */
export function createGasMeter(limit?: bigint): GasMeter {
  let consumed = 0n;
  return {
    get consumed() {
      return consumed;
    },
    limit: limit ?? 0n,
    consume: (amount, what) => {
      consumed += amount;
      if (limit === undefined || consumed <= limit) return;
      throw new ChainError(
        {
          codespace: "sdk",
          abciCode: SDK_CODES.outOfGas,
          code: "CHAIN_OUT_OF_GAS",
          log: `out of gas in location: ${what}; gasWanted: ${limit}, gasUsed: ${consumed}: out of gas`,
        },
        {
          what: "gas",
          want: `at most ${limit}`,
          got: `${consumed} at ${what}`,
          remedy: "Raise the gas limit.",
        },
      );
    },
  };
}

/** A Merkleised store that charges `gas`. */
export function meteredStore(store: RawStore, gas: GasMeter): KvStore {
  const get = (key: Uint8Array): Uint8Array | undefined => {
    const value = store.get(key);
    gas.consume(READ_FLAT + READ_BYTE * BigInt(key.length + (value?.length ?? 0)), "ReadFlat");
    return value;
  };
  return {
    get,
    has: (key) => {
      gas.consume(HAS_FLAT, "Has");
      return store.get(key) !== undefined;
    },
    set: (key, value) => {
      assertValue(value);
      gas.consume(WRITE_FLAT + WRITE_BYTE * BigInt(key.length + value.length), "WriteFlat");
      store.set(key, value);
    },
    delete: (key) => {
      gas.consume(DELETE_FLAT, "Delete");
      store.delete(key);
    },
    iterate: (range) => {
      const entries = store.iterate(range);
      // Opening costs a step on the first entry; then every entry costs the step over it.
      gas.consume(stepCost(entries[0]), "IterNextCostFlat");
      for (const entry of entries) gas.consume(stepCost(entry), "IterNextCostFlat");
      return entries;
    },
  };
}

function stepCost(entry: KvEntry | undefined): bigint {
  const bytes = entry === undefined ? 0 : entry[0].length + entry[1].length;
  return STEP_FLAT + READ_BYTE * BigInt(bytes);
}

/** A bulk store that charges `gas`. */
export function meteredBulk(store: RawStore, gas: GasMeter): BulkStore {
  return {
    get: (key) => {
      const value = store.get(key);
      gas.consume(READ_FLAT + BigInt(value?.length ?? 0), "BulkRead");
      return value;
    },
    has: (key) => {
      gas.consume(HAS_FLAT, "BulkHas");
      return store.get(key) !== undefined;
    },
    set: (key, value) => {
      assertValue(value);
      gas.consume(WRITE_FLAT + BULK_WRITE_BYTE * BigInt(key.length + value.length), "BulkWrite");
      store.set(key, value);
    },
    delete: (key) => {
      gas.consume(DELETE_FLAT, "BulkDelete");
      store.delete(key);
    },
  };
}

/** Empty values can not be proven (ICS-23), so no module may write one. */
function assertValue(value: Uint8Array): void {
  if (value.length === 0) throw new RangeError("a stored value must not be empty");
}

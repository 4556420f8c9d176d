/** What a module sees of the chain while it handles one message, block hook or query. */

/** Why the code runs: `query` and `simulate` keep nothing, `check` keeps only the ante's changes. */
export type ExecMode = "check" | "recheck" | "simulate" | "finalize" | "query" | "genesis";

/** Entry of an ordered store. */
export type KvEntry = readonly [key: Uint8Array, value: Uint8Array];

/** Range of keys: `start` <= key < `end`; absent = open. */
export interface KvRange {
  readonly start?: Uint8Array;
  readonly end?: Uint8Array;
  readonly reverse?: boolean;
  /** Most entries. */
  readonly limit?: number;
}

/** A gas-metered view of one store. Values are non-empty. */
export interface KvStore {
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Entries in key order (descending with `reverse`), as they were when it was called. */
  iterate(range: KvRange): readonly KvEntry[];
}

/** A store of bulk data: read and written by key, never iterated. */
export type BulkStore = Pick<KvStore, "get" | "has" | "set" | "delete">;

/** Counts gas and stops a transaction that has none left. */
export interface GasMeter {
  readonly consumed: bigint;
  readonly limit: bigint;
  /** @throws out of gas (codespace sdk, code 11) */
  consume(amount: bigint, what: string): void;
}

/** Attribute of an event, as clients see it. */
export type EventAttributes = readonly (readonly [key: string, value: string])[];

/** The running context. */
export interface Context {
  readonly mode: ExecMode;
  readonly chainId: string;
  /** SHA-256 of the chain id followed by the genesis application state, both as InitChain received them; 32 bytes. */
  readonly genesisHash: Uint8Array;
  /** Height of the block being executed (of the last committed one in queries). */
  readonly height: bigint;
  /** Header time in unix milliseconds. */
  readonly timeMs: bigint;
  /** Hash of the block being executed; outside FinalizeBlock that of the last committed one, 32 zero bytes before it. */
  readonly blockHash: Uint8Array;
  /** Consensus address of the proposer, 20 bytes, or empty. */
  readonly proposer: Uint8Array;
  readonly gas: GasMeter;
  /** Merkleised store `name`: part of the app hash, provable. */
  store(name: string): KvStore;
  /** Bulk store `name`: committed in the same batch, deterministic, not part of the app hash. */
  bulk(name: string): BulkStore;
  emit(type: string, attributes: EventAttributes): void;
}

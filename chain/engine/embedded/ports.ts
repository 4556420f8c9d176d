/** What the engine needs from outside: a durable ordered key-value store, a signing key with its memory, a clock, a log. */
import type { DurableKv, KvChange } from "../../store/kv.ts";

/** One change of a batch; `value` absent = deletion. */
export type EngineKvOp = KvChange;

/** Ordered by key bytes. Implementations: chain/io/engineKv.ts (LevelDB), memory in tests. */
export interface EngineKv extends DurableKv {
  /** Entries with `gte` <= key < `lt`, ascending, or descending with `reverse`. */
  scan(range: {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
    readonly reverse?: boolean;
  }): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
}

/** The last thing that the consensus key signed. */
export interface SignState {
  readonly height: bigint;
  readonly round: number;
  /** 0 nothing yet, 1 proposal, 2 prevote, 3 precommit. */
  readonly step: number;
  readonly signature?: Uint8Array;
  readonly signBytes?: Uint8Array;
}

/** A consensus key and the durable memory of what it signed. */
export interface SigningKey {
  /** ed25519, 32 bytes. */
  readonly pubKey: Uint8Array;
  /** ed25519 signature of `message`, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
  loadState(): SignState;
  /** Durable when it returns. */
  saveState(state: SignState): void;
}

/** Nanoseconds since the epoch. */
export type ClockNanos = () => bigint;

/** Structured log; `fields` hold no secrets. */
export interface EngineLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What the relayer remembers: how far it has read the EVM chain, and one job per request. Plain data. */
import type { RequestLog, ResultProof, SignedTx } from "../ports.ts";

/**
 * Where a job is; `lifecycle.ts` says what is done there and what may follow.
 * Terminal: DONE (the contract has settled the request, by us or by another), DROPPED (its log left the EVM chain),
 * QUARANTINED (a person has to look: the chain's proof does not fit the request).
 */
export type Stage = "SEEN" | "OBSERVED" | "PROVEN" | "SENT" | "INCLUDED" | "DONE" | "DROPPED" | "QUARANTINED";

/** A transaction and when it was last handed to the node. */
export interface TxAttempt extends SignedTx {
  /** EVM block at which it was sent. */
  readonly sentAtBlock: bigint;
}

/** One request on its way. */
export interface Job {
  readonly log: RequestLog;
  readonly stage: Stage;
  /** 32 bytes: the id on the aivm chain. From OBSERVED on. */
  readonly chainRequestId?: Uint8Array;
  /** From PROVEN on. */
  readonly proof?: ResultProof;
  /** Every transaction of this delivery that may still be mined, all with one nonce, newest last. */
  readonly attempts: readonly TxAttempt[];
  /** Failures in a row: they set the pause. */
  readonly failures: number;
  /** Unix milliseconds before which nothing is done. */
  readonly notBeforeMs: number;
  /** Why it failed, was dropped or quarantined. */
  readonly reason?: string;
}

/** A block that was read to, kept to find where a reorganisation branched off. */
export interface Anchor {
  readonly number: bigint;
  readonly hash: Uint8Array;
}

/** Everything. `jobs` by hexadecimal EVM request id. */
export interface RelayerState {
  readonly nextBlock: bigint;
  /** Ascending by number; the last is nextBlock - 1 unless nothing was read yet. */
  readonly anchors: readonly Anchor[];
  readonly jobs: ReadonlyMap<string, Job>;
}

/** State before anything was read. */
export function initialState(startBlock: bigint): RelayerState {
  return { nextBlock: startBlock, anchors: [], jobs: new Map() };
}

/** True when nothing more is to be done for a job. */
export function isTerminal(stage: Stage): boolean {
  return stage === "DONE" || stage === "DROPPED" || stage === "QUARANTINED";
}

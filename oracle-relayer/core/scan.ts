/** Which blocks to read next, and what a reorganisation undoes. Pure. */
import { bytesToHex, equalBytes } from "../../common/bytes.ts";
import type { EvmBlock, RequestLog } from "../ports.ts";
import { type Anchor, isTerminal, type Job, type RelayerState } from "./state.ts";

/** Anchors kept: a reorganisation deeper than what they span is read again from the start block. */
const KEPT_ANCHORS = 64;

/** How to read a chain. */
export interface ScanPolicy {
  /** First block that can hold a request: the oracle's own. */
  readonly startBlock: bigint;
  /** Blocks that must follow a block before it is read. */
  readonly confirmations: bigint;
  /** Most blocks per query of logs. */
  readonly maxSpan: bigint;
}

/** Blocks to read now, both ends included, or undefined when there are none deep enough. */
export function scanRange(
  state: RelayerState,
  head: EvmBlock,
  policy: ScanPolicy,
): { readonly fromBlock: bigint; readonly toBlock: bigint } | undefined {
  const deepest = head.number - policy.confirmations;
  const furthest = state.nextBlock + policy.maxSpan - 1n;
  const toBlock = deepest < furthest ? deepest : furthest;
  return toBlock < state.nextBlock ? undefined : { fromBlock: state.nextBlock, toBlock };
}

/**
 * State after blocks up to `last` were read. A request seen for the first time, or again after its block was undone,
 * becomes a job; one that is under way already stays as it is.
 */
export function advance(state: RelayerState, last: Anchor, logs: readonly RequestLog[]): RelayerState {
  const jobs = new Map(state.jobs);
  for (const log of logs) {
    const key = bytesToHex(log.evmRequestId);
    const known = jobs.get(key);
    if (known === undefined || known.stage === "DROPPED") jobs.set(key, newJob(log));
  }
  const anchors = [...state.anchors, last].slice(-KEPT_ANCHORS);
  return { nextBlock: last.number + 1n, anchors, jobs: prune(jobs, anchors) };
}

/** True when the last block that was read is no longer in the chain. `hashNow` is what the chain has at its number. */
export function isReorganised(state: RelayerState, hashNow: Uint8Array | undefined): boolean {
  const last = state.anchors.at(-1);
  return last !== undefined && (hashNow === undefined || !equalBytes(last.hash, hashNow));
}

/**
 * State as it was at `common`, the last anchor that is still in the chain (undefined: none is). Jobs from later blocks
 * are dropped unless they are settled: the log may come back in another block, with the same request id.
 */
export function rewind(state: RelayerState, common: Anchor | undefined, startBlock: bigint): RelayerState {
  const jobs = new Map(state.jobs);
  for (const [key, job] of jobs) {
    const undone = common === undefined || job.log.blockNumber > common.number;
    if (undone && !isTerminal(job.stage)) jobs.set(key, dropped(job, "its block left the chain"));
  }
  const anchors =
    common === undefined ? [] : state.anchors.filter((anchor) => anchor.number <= common.number);
  return { nextBlock: common === undefined ? startBlock : common.number + 1n, anchors, jobs };
}

/** A job that waits for nothing any more. */
export function dropped(job: Job, reason: string): Job {
  const { proof: _proof, ...rest } = job;
  return { ...rest, stage: "DROPPED", attempts: [], reason };
}

function newJob(log: RequestLog): Job {
  return { log, stage: "SEEN", attempts: [], failures: 0, notBeforeMs: 0 };
}

/** Settled jobs are forgotten once no rewind can bring their block back. */
function prune(jobs: Map<string, Job>, anchors: readonly Anchor[]): Map<string, Job> {
  const oldest = anchors[0];
  if (oldest === undefined || anchors.length < KEPT_ANCHORS) return jobs;
  const kept = [...jobs].filter(([, job]) => !isTerminal(job.stage) || job.log.blockNumber >= oldest.number);
  return new Map(kept);
}

/** Pure figures of the module: windows, time limits, the draw by stake, the split of a fee. */
import { basisPointsOf, readU64be, taggedHash, u64be } from "../../../common/index.ts";
import type { InferenceParams } from "./params.ts";

/** Blocks that a window grants beyond three replays. */
const WINDOW_BLOCKS = 20n;
/** Blocks that carrying a final result to another chain may take. */
const RELAY_BLOCKS = 20n;

/** Window of a result: max(parameter, asked, 3 x T_replay + 20 blocks), in milliseconds. */
export function windowOf(
  job: { readonly askedMs: bigint; readonly replayMs: bigint },
  params: Pick<InferenceParams, "windowMs" | "blockIntervalMs">,
): bigint {
  const replays = 3n * job.replayMs + WINDOW_BLOCKS * params.blockIntervalMs;
  return [params.windowMs, job.askedMs, replays].reduce((most, value) => (value > most ? value : most));
}

/**
 * Most milliseconds from the request until its result is final when its runner answers and one rival joins: waiting for
 * a runner, one run, commit and reveal, the dispute (`disputeMs`), and for requests from elsewhere the way back.
 */
export function worstCaseMs(
  job: { readonly replayMs: bigint; readonly disputeMs: bigint; readonly isRelayed: boolean },
  params: Pick<InferenceParams, "assignBlocks" | "revealBlocks" | "blockIntervalMs">,
): bigint {
  const blocks = params.assignBlocks + params.revealBlocks + (job.isRelayed ? RELAY_BLOCKS : 0n);
  return blocks * params.blockIntervalMs + job.replayMs + job.disputeMs;
}

/** Somebody who may be drawn, with the stake that counts. */
export interface Candidate {
  readonly operator: string;
  /** More than 0. */
  readonly stakeUaivm: bigint;
}

/** Seed of a draw: H("aivm/assign" || request id || u64be(height) || block hash). */
export function assignmentSeed(at: {
  readonly requestId: Uint8Array;
  readonly height: bigint;
  readonly blockHash: Uint8Array;
}): Uint8Array {
  return taggedHash("aivm/assign", at.requestId, u64be(at.height), at.blockHash);
}

/**
 * One candidate, each with the probability of its share of the stake; undefined when there is none. The seed's 256 bits
 * modulo the total stake: the bias is below 2^-128 for any amount of money.
 */
export function drawByStake(seed: Uint8Array, candidates: readonly Candidate[]): string | undefined {
  const total = candidates.reduce((sum, { stakeUaivm }) => sum + stakeUaivm, 0n);
  if (total === 0n) return undefined;
  let point = bigintOf(seed) % total;
  for (const { operator, stakeUaivm } of candidates) {
    if (point < stakeUaivm) return operator;
    point -= stakeUaivm;
  }
  return undefined;
}

/** Shares of a fee; they sum to it exactly. */
export interface FeeSplit {
  readonly runnerUaivm: bigint;
  readonly royaltyUaivm: bigint;
  readonly validatorsUaivm: bigint;
  readonly auditUaivm: bigint;
}

/** Splits a fee: shares in basis points rounded down, the rest to the runner. */
export function splitFee(
  feeUaivm: bigint,
  shares: { readonly royaltyBps: number; readonly validatorsBps: number; readonly auditBps: number },
): FeeSplit {
  const royaltyUaivm = basisPointsOf(feeUaivm, shares.royaltyBps);
  const validatorsUaivm = basisPointsOf(feeUaivm, shares.validatorsBps);
  const auditUaivm = basisPointsOf(feeUaivm, shares.auditBps);
  const runnerUaivm = feeUaivm - royaltyUaivm - validatorsUaivm - auditUaivm;
  return { runnerUaivm, royaltyUaivm, validatorsUaivm, auditUaivm };
}

function bigintOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = 0; at < bytes.length; at += 8) value = (value << 64n) | readU64be(bytes, at);
  return value;
}

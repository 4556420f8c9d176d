/** How long a dispute can take, and how long its clocks are. */
import type { LevelCounts } from "./levels.ts";

/** Parameters of time. */
export interface TimeParams {
  /** T_c. */
  readonly clockMs: bigint;
  /** E. */
  readonly levelMs: bigint;
  readonly revealBlocks: bigint;
  readonly blockIntervalMs: bigint;
}

/** Blocks' worth of dispute time that one block can add at most. */
export const MAX_BLOCK_INTERVALS = 5n;

/** Times of one model's matches. */
export interface MatchTimes {
  /** T_m = T_replay + R x E, R = R_i + 1. */
  readonly matchMs: bigint;
  /** T_c + T_m / 2: a clock at the start, and its maximum. */
  readonly clockMs: bigint;
  /** Longest match: both clocks one after the other, each refilled by every level. */
  readonly longestMs: bigint;
}

/** Dispute time that one block adds: header time, but never more than five intervals. */
export function blockAdvanceMs(headerMs: bigint, lastHeaderMs: bigint, blockIntervalMs: bigint): bigint {
  const passed = headerMs - lastHeaderMs;
  const most = MAX_BLOCK_INTERVALS * blockIntervalMs;
  if (passed < 0n) return 0n;
  return passed < most ? passed : most;
}

/** Clocks of a match. */
export function matchTimes(
  model: LevelCounts & { readonly replayMs: bigint },
  params: Pick<TimeParams, "clockMs" | "levelMs">,
): MatchTimes {
  const levels = BigInt(model.opLevels + model.tileLevels + 1);
  const matchMs = model.replayMs + levels * params.levelMs;
  const clockMs = params.clockMs + matchMs / 2n;
  return { matchMs, clockMs, longestMs: 2n * (clockMs + levels * params.levelMs) };
}

/**
 * Most dispute time from acceptance to the end with N rivals: each can come at the end of the window that the one
 * before it opened, then the last output has its own window, then the bracket is played out. What is due is seen at the
 * end of a block, so each step can take one block more.
 */
export function worstCaseMs(
  game: { readonly windowMs: bigint; readonly longestMs: bigint; readonly rivals: number },
  params: Pick<TimeParams, "revealBlocks" | "blockIntervalMs">,
): bigint {
  const rivals = BigInt(game.rivals);
  const blockMs = MAX_BLOCK_INTERVALS * params.blockIntervalMs;
  const revealMs = params.revealBlocks * blockMs;
  const rounds = BigInt(32 - Math.clz32(game.rivals));
  return rivals * (game.windowMs + revealMs) + game.windowMs + blockMs + rounds * (game.longestMs + blockMs);
}

/** The bound in words. */
export const WORST_CASE_FORMULA =
  "N (W + reveal) + W + b + ceil(log2(N + 1)) (2 T_c + T_m + 2 R E + b); T_m = T_replay + R E; b = 5 block intervals; reveal = reveal blocks x b";

/**
 * Clocks. A claim's clock runs only while something of its own is missing; each level that both have opened gives
 * time back, never above what a clock held at the start.
 */
import { MatchStage, MatchStatus } from "../../proto/index.ts";
import type { GameRules, Match } from "./state.ts";

const SIDES = ["left", "right"] as const;

/** True when the match waits for openings of a node. */
export function isOpeningStage(match: Pick<Match, "stage">): boolean {
  const { MATCH_STAGE_OPS, MATCH_STAGE_ITEM, MATCH_STAGE_TILES, MATCH_STAGE_CHUNK } = MatchStage;
  const stages: readonly number[] = [MATCH_STAGE_OPS, MATCH_STAGE_ITEM, MATCH_STAGE_TILES, MATCH_STAGE_CHUNK];
  return stages.includes(match.stage);
}

/** True when the clock of a side runs: in the last stage both do, whoever brings the witness. */
export function isRunning(match: Match, side: "left" | "right"): boolean {
  if (match.status !== MatchStatus.MATCH_STATUS_OPEN) return false;
  if (match.stage === MatchStage.MATCH_STAGE_TRACE_ROOT) return match[side].hash.length === 0;
  return isOpeningStage(match) ? match[side].opening.length === 0 : true;
}

/** What is left of a side's clock, never below 0. */
export function clockLeft(match: Match, side: "left" | "right", nowMs: bigint): bigint {
  const { clockMs } = match[side];
  if (!isRunning(match, side)) return clockMs;
  const left = clockMs - (nowMs - match.sinceMs);
  return left > 0n ? left : 0n;
}

/** Dispute time at which a running clock is empty; undefined for one that stands still. */
export function expiryOf(match: Match, side: "left" | "right"): bigint | undefined {
  return isRunning(match, side) ? match.sinceMs + match[side].clockMs : undefined;
}

/** Sides whose clock is empty. */
export function expiredSides(match: Match, nowMs: bigint): ("left" | "right")[] {
  return SIDES.filter((side) => isRunning(match, side) && clockLeft(match, side, nowMs) === 0n);
}

/** The same match with both clocks written down at `nowMs`. */
export function settleClocks(match: Match, nowMs: bigint): Match {
  return {
    ...match,
    left: { ...match.left, clockMs: clockLeft(match, "left", nowMs) },
    right: { ...match.right, clockMs: clockLeft(match, "right", nowMs) },
    sinceMs: nowMs,
  };
}

/** The same match with a level's time given back to both clocks. Clocks must be settled. */
export function giveBack(match: Match, rules: GameRules): Match {
  const refill = (clockMs: bigint): bigint =>
    clockMs + rules.levelMs < rules.clockMs ? clockMs + rules.levelMs : rules.clockMs;
  return {
    ...match,
    left: { ...match.left, clockMs: refill(match.left.clockMs) },
    right: { ...match.right, clockMs: refill(match.right.clockMs) },
  };
}

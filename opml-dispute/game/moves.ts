/** Moves of a match. A move that was made before is a success without effect; anyone may make any of them. */
import { equalBytes } from "../../common/index.ts";
import { ClaimStatus, MatchStage, MatchStatus } from "../../proto/index.ts";
import type { Referee } from "../referee/referee.ts";
import { processBracket } from "./bracket.ts";
import { clockLeft, expiredSides, giveBack, isOpeningStage, settleClocks } from "./clocks.ts";
import { atTraceRoots, descend } from "./descent.ts";
import { findWrongEnd, type TraceEnds } from "./join.ts";
import { judgeOpening } from "./openings.ts";
import { isSameTrace, processMatchEnd, processMerge } from "./resolve.ts";
import {
  changeClaim,
  claimAt,
  type Draft,
  draftOf,
  type Game,
  isOpen,
  type Match,
  type Moment,
  type Outcome,
  openMatches,
  outcomeOf,
  putMatch,
  refuse,
  rivalOf,
  sideOf,
} from "./state.ts";

/** Where the sender believes the match to stand. */
export interface MoveTarget {
  readonly matchId: Uint8Array;
  readonly level: number;
  readonly leftHash: Uint8Array;
  readonly rightHash: Uint8Array;
}

/** An opening of the current node of one claim, and optionally of the first differing child after it. */
export interface NodeMove extends MoveTarget {
  readonly claim: number;
  readonly children: readonly Uint8Array[];
  readonly nextChildren: readonly Uint8Array[];
}

/** Trace root of claim 0, with an optional opening of it. */
export interface TraceRootMove extends Omit<TraceEnds, "outputRoot"> {
  readonly signer: string;
  readonly children: readonly Uint8Array[];
}

/** `applied` is false when somebody had made the move before. */
export type MoveOutcome = Outcome<{ readonly applied: boolean }>;

/** What judges openings and moments. */
export interface MoveContext {
  readonly referee: Referee;
  readonly moment: Moment;
}

/**
 * Posts claim 0's trace root.
 * Codes: GAME_OVER, GAME_SIGNER (not claim 0's author), GAME_CLAIM_LOST, GAME_POSTED (another root stands), GAME_CLOCK,
 * GAME_SLOT, and those of `openNode` for the children.
 */
export function postTraceRoot(game: Game, move: TraceRootMove, by: MoveContext): MoveOutcome {
  const claim = claimAt(game, 0);
  if (!isOpen(game)) return refuse("GAME_OVER", "the dispute is settled");
  if (claim.members[0]?.address !== move.signer) return refuse("GAME_SIGNER", move.signer);
  if (claim.traceRoot.length > 0) {
    const same = equalBytes(claim.traceRoot, move.traceRoot);
    return same ? unchanged(game) : refuse("GAME_POSTED", "claim 0");
  }
  if (claim.status !== ClaimStatus.CLAIM_STATUS_ALIVE) return refuse("GAME_CLAIM_LOST", "claim 0");
  const match = openMatches(game).find(({ left }) => left.claim === 0);
  if (match !== undefined && clockLeft(match, "left", by.moment.nowMs) === 0n)
    return refuse("GAME_CLOCK", "claim 0");
  const wrongEnd = findWrongEnd(game, { ...move, outputRoot: claim.outputRoot });
  if (wrongEnd !== undefined) return refuse("GAME_SLOT", wrongEnd);
  const draft = draftOf(game);
  changeClaim(draft, 0, { traceRoot: move.traceRoot });
  draft.effects.push({ kind: "traceRootPosted", claim: 0, traceRoot: move.traceRoot });
  return match === undefined ? outcomeOf(draft, { applied: true }) : beginDescent(draft, { match, move, by });
}

function beginDescent(
  draft: Draft,
  at: { readonly match: Match; readonly move: TraceRootMove; readonly by: MoveContext },
): MoveOutcome {
  const { move, by } = at;
  const settled = settleClocks(at.match, by.moment.nowMs);
  if (isSameTrace(draft, settled)) {
    processMerge(draft, settled);
    processBracket(draft, by.moment);
    return outcomeOf(draft, { applied: true });
  }
  const match = atTraceRoots(draft, settled, draft.dispute.rules.slots);
  putMatch(draft, { ...match, moves: match.moves + 1 });
  if (move.children.length === 0) return outcomeOf(draft, { applied: true });
  const refused = openOnce(draft, { number: match.number, side: "left", children: move.children, by });
  return refused ?? outcomeOf(draft, { applied: true });
}

/**
 * Opens the current node of a claim.
 * Codes: GAME_MATCH (unknown), GAME_CLAIM (not in the match), GAME_TARGET (the match stands elsewhere), GAME_STAGE
 * (nothing to open), GAME_CLOCK (this claim's is empty), GAME_OPENING (hashes), GAME_NEXT (next children although the
 * level is not complete, or nothing is left to open).
 */
export function openNode(game: Game, move: NodeMove, by: MoveContext): MoveOutcome {
  const match = findMatch(game, move.matchId);
  if (match === undefined) return refuse("GAME_MATCH", "no such match");
  const side = sideOf(match, move.claim);
  if (side === undefined) return refuse("GAME_CLAIM", `claim ${move.claim}`);
  if (wasPassed(match, move)) return unchanged(game);
  if (!isAt(match, move)) return refuse("GAME_TARGET", `level ${match.level}`);
  if (!isOpeningStage(match)) return refuse("GAME_STAGE", `stage ${match.stage}`);
  if (match[side].opening.length > 0) {
    const same = sameLists(match[side].opening, move.children);
    return same ? unchanged(game) : refuse("GAME_OPENING", "another opening of this node");
  }
  if (clockLeft(match, side, by.moment.nowMs) === 0n) return refuse("GAME_CLOCK", `claim ${move.claim}`);
  const draft = draftOf(game);
  const { number } = match;
  draft.matches[number] = { ...match, moves: match.moves + 1 };
  const refused = openOnce(draft, { number, side, children: move.children, by });
  if (refused !== undefined) return refused;
  if (move.nextChildren.length === 0) return outcomeOf(draft, { applied: true });
  const next = draft.matches[number];
  if (next === undefined || next.level === match.level || !isOpenForNodes(next))
    return refuse("GAME_NEXT", "nothing more to open");
  return (
    openOnce(draft, { number, side, children: move.nextChildren, by }) ?? outcomeOf(draft, { applied: true })
  );
}

/** Applies one opening to the draft. @returns the refusal, if any */
function openOnce(
  draft: Draft,
  at: {
    readonly number: number;
    readonly side: "left" | "right";
    readonly children: readonly Uint8Array[];
    readonly by: MoveContext;
  },
): ReturnType<typeof refuse> | undefined {
  const { number, side, children, by } = at;
  const { rules, inputRoot } = draft.dispute;
  const { referee, moment } = by;
  const match = draft.matches[number];
  if (match === undefined) return refuse("GAME_MATCH", "no such match");
  const verdict = judgeOpening({ match, arityLog2: rules.arityLog2, referee }, match[side].hash, children);
  if (!verdict.ok) return verdict;
  const opened = settleClocks(match, moment.nowMs);
  const { claim } = opened[side];
  if (verdict.loss !== undefined) {
    endMatch(draft, { match: opened, out: { [side]: verdict.loss }, moment });
    return undefined;
  }
  const shown: Match = { ...opened, [side]: { ...opened[side], opening: children } };
  draft.effects.push({ kind: "nodeOpened", match: shown, claim, level: match.level });
  if (shown[rivalOf(side)].opening.length === 0) {
    putMatch(draft, shown);
    return undefined;
  }
  const { match: down, out } = descend(shown, { referee, arityLog2: rules.arityLog2, inputRoot });
  if (Object.keys(out).length > 0) endMatch(draft, { match: down, out, moment });
  else putMatch(draft, giveBack(down, rules));
  return undefined;
}

/** Ends a match and lets the bracket go on. */
export function endMatch(
  draft: Draft,
  end: {
    readonly match: Match;
    readonly out: Parameters<typeof processMatchEnd>[2];
    readonly moment: Moment;
  },
): void {
  processMatchEnd(draft, end.match, end.out);
  processBracket(draft, end.moment);
}

/** Match with this id, or undefined. */
export function findMatch(game: Pick<Game, "matches">, id: Uint8Array): Match | undefined {
  return game.matches.find((match) => equalBytes(match.id, id));
}

/** True when the target is where the match stands and it is being played. */
export function isAt(match: Match, target: MoveTarget): boolean {
  return isOpenForPlay(match) && match.level === target.level && isHere(match, target);
}

/** True when the match once stood at the target and has left it: the move was made by somebody. */
export function wasPassed(match: Match, target: MoveTarget): boolean {
  if (match.level === target.level) return !isOpenForPlay(match) && isHere(match, target);
  const step = match.steps[target.level];
  return (
    step !== undefined &&
    equalBytes(step.leftHash, target.leftHash) &&
    equalBytes(step.rightHash, target.rightHash)
  );
}

/** True when a claim's clock of this match is empty, so that only `tick` may touch it. */
export function isTimedOut(match: Match, nowMs: bigint): boolean {
  return expiredSides(match, nowMs).length > 0;
}

/** The same game: a move that had been made before. */
export function unchanged(game: Game): MoveOutcome {
  return { ok: true, game, effects: [], applied: false };
}

function isOpenForPlay(match: Match): boolean {
  return match.status === MatchStatus.MATCH_STATUS_OPEN;
}

function isOpenForNodes(match: Match): boolean {
  return isOpenForPlay(match) && isOpeningStage(match) && match.stage !== MatchStage.MATCH_STAGE_TRACE_ROOT;
}

function isHere(match: Match, target: MoveTarget): boolean {
  return equalBytes(match.left.hash, target.leftHash) && equalBytes(match.right.hash, target.rightHash);
}

function sameLists(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => equalBytes(bytes, b[i] ?? new Uint8Array()));
}

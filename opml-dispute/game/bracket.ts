/**
 * Who plays whom: a fixed binary bracket over the order of arrival. A pairing is played once each half of it has one
 * claim left and no further claim can arrive there, so an honest claim plays at most ceil(log2(claims)) matches.
 */
import { taggedHash, u32be } from "../../common/index.ts";
import { MatchStage, MatchStatus } from "../../proto/index.ts";
import { atTraceRoots } from "./descent.ts";
import { isClosed } from "./joining.ts";
import { isSameTrace, processMerge } from "./resolve.ts";
import {
  aliveClaims,
  type Claim,
  claimAt,
  type Draft,
  distinctOutputs,
  type Game,
  type Match,
  type MatchSide,
  type Moment,
  openMatches,
  putMatch,
} from "./state.ts";

/** Id of the match of two claims. They meet at most once: a match takes at least one of them out. */
export function matchIdOf(at: {
  readonly requestId: Uint8Array;
  readonly generation: number;
  readonly left: number;
  readonly right: number;
}): Uint8Array {
  return taggedHash("aivm/match", at.requestId, u32be(at.generation), u32be(at.left), u32be(at.right));
}

/** Pairings that can be played now. Nothing is played while every standing claim has the same output. */
export function duePairings(game: Game, nowMs: bigint): (readonly [Claim, Claim])[] {
  const alive = aliveClaims(game);
  if (distinctOutputs(alive).length < 2) return [];
  const busy = new Set(openMatches(game).flatMap((match) => [match.left.claim, match.right.claim]));
  const closed = isClosed(game, nowMs);
  const count = game.claims.length;
  const pairings: (readonly [Claim, Claim])[] = [];
  for (let half = 1; half < count; half *= 2) {
    for (let start = 0; start < count; start += 2 * half) {
      if (start + 2 * half > count && !closed) continue;
      const left = alive.filter(({ index }) => index >= start && index < start + half);
      const right = alive.filter(({ index }) => index >= start + half && index < start + 2 * half);
      const [mine] = left;
      const [theirs] = right;
      if (mine === undefined || theirs === undefined || left.length > 1 || right.length > 1) continue;
      if (!busy.has(mine.index) && !busy.has(theirs.index)) pairings.push([mine, theirs]);
    }
  }
  return pairings;
}

/** Opens every match that can be played. Needs the number of slots of the program's trace: it is in the rules. */
export function processBracket(draft: Draft, moment: Moment): void {
  const merged = duePairings(draft, moment.nowMs).filter(([left, right]) =>
    openMatch(draft, moment, { left, right }),
  );
  if (merged.length > 0) processBracket(draft, moment);
}

/** @returns true when the two were merged, so that others may be due now */
function openMatch(
  draft: Draft,
  moment: Moment,
  { left, right }: { readonly left: Claim; readonly right: Claim },
): boolean {
  const { requestId, generation, rules, matches } = draft.dispute;
  const waiting: Match = {
    id: matchIdOf({ requestId, generation, left: left.index, right: right.index }),
    requestId,
    number: matches,
    status: MatchStatus.MATCH_STATUS_OPEN,
    stage: MatchStage.MATCH_STAGE_TRACE_ROOT,
    level: 0,
    height: 0,
    node: 0,
    left: sideAt(left, rules.clockMs),
    right: sideAt(right, rules.clockMs),
    sinceMs: moment.nowMs,
    steps: [],
    slot: 0,
    chunk: 0,
    element: 0,
    moves: 0,
    openedHeight: moment.height,
  };
  draft.dispute = { ...draft.dispute, matches: matches + 1 };
  putMatch(draft, waiting);
  if (isSameTrace(draft, waiting)) {
    processMerge(draft, waiting);
    return true;
  }
  const match =
    claimAt(draft, left.index).traceRoot.length === 0 ? waiting : atTraceRoots(draft, waiting, rules.slots);
  draft.effects.push({ kind: "matchOpened", match: putMatch(draft, match) });
  return false;
}

function sideAt(claim: Claim, clockMs: bigint): MatchSide {
  return { claim: claim.index, hash: claim.traceRoot, opening: [], clockMs, out: false, value: 0 };
}

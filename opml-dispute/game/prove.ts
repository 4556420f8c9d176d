/** The last move: whoever brings the proof, the chain computes what is right and takes out every side that differs. */
import { equalBytes, sha256Tree, treeRoot } from "../../common/index.ts";
import { LossReason, MatchStage } from "../../proto/index.ts";
import { settleClocks } from "./clocks.ts";
import { unlike, type Verdicts } from "./descent.ts";
import { isSlot } from "./join.ts";
import {
  endMatch,
  findMatch,
  isAt,
  isTimedOut,
  type MoveContext,
  type MoveOutcome,
  type MoveTarget,
  unchanged,
  wasPassed,
} from "./moves.ts";
import { slotItem } from "./openings.ts";
import {
  claimAt,
  draftOf,
  type Game,
  type Match,
  outcomeOf,
  refuse,
  type SlotOpening,
  sideOf,
} from "./state.ts";

/** A proof: a witness of the disputed element, or openings of the slots that decide. */
export interface ProofMove extends MoveTarget {
  /** Claim of the match in whose trace the paths lie. */
  readonly claim: number;
  readonly witness: Uint8Array;
  readonly slots: readonly SlotOpening[];
}

/** What the chain found. */
type Found =
  | { readonly ok: true; readonly out: Verdicts; readonly value?: number }
  | { readonly ok: false; readonly code: string; readonly at: string };

/**
 * Decides a match. A wrong or incomplete proof changes nothing.
 * Codes: GAME_MATCH, GAME_CLAIM, GAME_TARGET, GAME_STAGE, GAME_CLOCK, GAME_WITNESS (`at`: what the referee said),
 * GAME_SLOT.
 */
export function proveElement(game: Game, move: ProofMove, by: MoveContext): MoveOutcome {
  const match = findMatch(game, move.matchId);
  if (match === undefined) return refuse("GAME_MATCH", "no such match");
  if (sideOf(match, move.claim) === undefined) return refuse("GAME_CLAIM", `claim ${move.claim}`);
  if (wasPassed(match, move)) return unchanged(game);
  if (!isAt(match, move)) return refuse("GAME_TARGET", `level ${match.level}`);
  if (isTimedOut(match, by.moment.nowMs)) return refuse("GAME_CLOCK", "a clock of this match is empty");
  const found = findWrong(game, { match, move, by });
  if (!found.ok) return found;
  const draft = draftOf(game);
  const proved = settleClocks({ ...match, moves: match.moves + 1 }, by.moment.nowMs);
  if (found.value !== undefined)
    draft.effects.push({ kind: "elementProved", match: proved, value: found.value });
  endMatch(draft, { match: proved, out: found.out, moment: by.moment });
  return outcomeOf(draft, { applied: true });
}

interface Place {
  readonly match: Match;
  readonly move: ProofMove;
  readonly by: MoveContext;
}

function findWrong(game: Game, place: Place): Found {
  switch (place.match.stage) {
    case MatchStage.MATCH_STAGE_ELEMENT:
      return judgeElement(game, place);
    case MatchStage.MATCH_STAGE_OUTPUT:
      return judgeOutput(game, place);
    case MatchStage.MATCH_STAGE_COPY:
      return judgeCopy(game, place);
    default:
      return refuse("GAME_STAGE", `stage ${place.match.stage}`);
  }
}

function judgeElement(game: Game, { match, move, by }: Place): Found {
  const { slot, element, left, right } = match;
  const { traceRoot } = claimAt(game, move.claim);
  const verdict = by.referee.judge({ slot, element, traceRoot, witness: move.witness });
  if (!verdict.ok) return refuse("GAME_WITNESS", `${verdict.code}: ${verdict.at}`);
  const { value } = verdict;
  const loss = LossReason.LOSS_REASON_ELEMENT;
  const out = {
    ...(left.value === value ? {} : { left: loss }),
    ...(right.value === value ? {} : { right: loss }),
  };
  return { ok: true, out, value };
}

/** Everything before the last slot is agreed, so the output root follows from it. */
function judgeOutput(game: Game, { match, move, by }: Place): Found {
  const { outputSlots } = by.referee;
  if (move.slots.length !== outputSlots.length) return refuse("GAME_SLOT", `${move.slots.length} slots`);
  const wrong = outputSlots.find((slot, i) => !isProven(game, move, { opening: move.slots[i], slot }));
  if (wrong !== undefined) return refuse("GAME_SLOT", `slot ${wrong}`);
  const outputRoot = treeRoot(move.slots.map(({ root }, i) => slotItem(i, root)));
  const loss = LossReason.LOSS_REASON_OUTPUT;
  const isRight = (claim: number): boolean => equalBytes(claimAt(game, claim).outputRoot, outputRoot);
  const out = {
    ...(isRight(match.left.claim) ? {} : { left: loss }),
    ...(isRight(match.right.claim) ? {} : { right: loss }),
  };
  return { ok: true, out };
}

function judgeCopy(game: Game, { match, move }: Place): Found {
  const [opening] = move.slots;
  const slot = match.slot - 1;
  if (opening === undefined || move.slots.length !== 1 || !isProven(game, move, { opening, slot }))
    return refuse("GAME_SLOT", `slot ${slot}`);
  const leaf = sha256Tree.leaf(slotItem(match.slot, opening.root));
  return { ok: true, out: unlike(match, leaf, LossReason.LOSS_REASON_COPY) };
}

function isProven(
  game: Game,
  move: ProofMove,
  at: { readonly opening: SlotOpening | undefined; readonly slot: number },
): boolean {
  const { traceRoot } = claimAt(game, move.claim);
  const { opening, slot } = at;
  if (opening === undefined || opening.root.length !== 32) return false;
  return isSlot(opening, { traceRoot, slots: game.dispute.rules.slots, slot, root: opening.root });
}

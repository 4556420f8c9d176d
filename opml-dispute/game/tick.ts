/** What time does: late commitments burn, empty clocks end matches, byes become known, and the game is settled. */
import { DisputeStatus, LossReason } from "../../proto/index.ts";
import { processBracket } from "./bracket.ts";
import { expiredSides, expiryOf, settleClocks } from "./clocks.ts";
import { processUnrevealed } from "./join.ts";
import { isClosed, joinableUntil } from "./joining.ts";
import { endMatch, findMatch, isTimedOut, type MoveOutcome, unchanged } from "./moves.ts";
import { processBurn } from "./resolve.ts";
import {
  aliveClaims,
  type Claim,
  changeClaim,
  type Draft,
  draftOf,
  type Effect,
  type Game,
  isOpen,
  type Match,
  type Moment,
  openMatches,
  outcomeOf,
  refuse,
} from "./state.ts";

/** A game after something that can not be refused. */
export interface Turned {
  readonly game: Game;
  readonly effects: readonly Effect[];
}

/** The end of a block: everything that is due by time or height. Does not settle the game. */
export function tickGame(game: Game, moment: Moment): Turned {
  if (!isOpen(game)) return { game, effects: [] };
  const draft = draftOf(game);
  processUnrevealed(draft, moment);
  for (const match of openMatches(draft)) processTimeout(draft, match, moment);
  processBracket(draft, moment);
  return outcomeOf(draft, {});
}

/**
 * Ends a match in which a clock is empty; anyone may ask for it, and the end of the block does it anyway.
 * Codes: GAME_MATCH, GAME_CLOCK (both clocks still have time).
 */
export function claimTimeout(game: Game, matchId: Uint8Array, moment: Moment): MoveOutcome {
  const match = findMatch(game, matchId);
  if (match === undefined) return refuse("GAME_MATCH", "no such match");
  if (!openMatches(game).includes(match)) return unchanged(game);
  if (!isTimedOut(match, moment.nowMs)) return refuse("GAME_CLOCK", "no clock of this match is empty");
  const draft = draftOf(game);
  processTimeout(draft, match, moment);
  return outcomeOf(draft, { applied: true });
}

function processTimeout(draft: Draft, match: Match, moment: Moment): void {
  const sides = expiredSides(match, moment.nowMs);
  if (sides.length === 0) return;
  const out = Object.fromEntries(sides.map((side) => [side, LossReason.LOSS_REASON_TIMEOUT]));
  endMatch(draft, { match: settleClocks(match, moment.nowMs), out, moment });
}

/**
 * Pays everybody out after `standingOf` said final: every standing bond, each claim's winnings, and an equal share of
 * the pool. Winnings go to the members who had committed before their claim was first shown.
 */
export function settleGame(game: Game): Turned {
  const draft = draftOf(game);
  const survivors = aliveClaims(game);
  const shares = split(draft.dispute.poolUaivm, survivors.length);
  draft.dispute = { ...draft.dispute, poolUaivm: 0n, status: DisputeStatus.DISPUTE_STATUS_FINAL };
  for (const [i, claim] of survivors.entries()) {
    for (const [place, member] of claim.members.entries()) {
      const runnerBond = claim.index === 0 && place === 0;
      processPayment(draft, { to: member.address, amountUaivm: member.bondUaivm, why: "bond", runnerBond });
    }
    processReward(draft, claim, claim.wonUaivm + (shares[i] ?? 0n));
  }
  return outcomeOf(draft, {});
}

/** Ends a game without survivor: what nobody has won is burned. */
export function voidGame(game: Game): Turned {
  const draft = draftOf(game);
  processBurn(draft, draft.dispute.poolUaivm, "unclaimed");
  draft.dispute = { ...draft.dispute, poolUaivm: 0n, status: DisputeStatus.DISPUTE_STATUS_VOID };
  return outcomeOf(draft, {});
}

function processReward(draft: Draft, claim: Claim, amountUaivm: bigint): void {
  const early = claim.members.filter(
    ({ committedHeight }, place) => place === 0 || committedHeight < claim.revealedHeight,
  );
  for (const [i, amount] of split(amountUaivm, early.length).entries()) {
    const member = early[i];
    if (member === undefined) continue;
    processPayment(draft, { to: member.address, amountUaivm: amount, why: "reward", runnerBond: false });
  }
  changeClaim(draft, claim.index, { wonUaivm: 0n });
}

function processPayment(draft: Draft, payment: Omit<Effect & { readonly kind: "paid" }, "kind">): void {
  const { amountUaivm } = payment;
  if (amountUaivm === 0n) return;
  draft.dispute = { ...draft.dispute, paidUaivm: draft.dispute.paidUaivm + amountUaivm };
  draft.effects.push({ kind: "paid", ...payment });
}

/** `count` parts that differ by at most one unit and sum to `amount`; the first ones are the larger. */
function split(amount: bigint, count: number): bigint[] {
  if (count === 0) return [];
  const parts = BigInt(count);
  return Array.from({ length: count }, (_, i) => amount / parts + (BigInt(i) < amount % parts ? 1n : 0n));
}

/** When the game must next be looked at although nobody moves. */
export interface Due {
  readonly ms: bigint | undefined;
  readonly height: bigint | undefined;
}

/** Earliest time and height at which `tickGame` or `standingOf` can say something new; `ms` may be in the past. */
export function dueOf(game: Game, nowMs: bigint): Due {
  if (!isOpen(game)) return { ms: undefined, height: undefined };
  const times = openMatches(game).flatMap((match) => [expiryOf(match, "left"), expiryOf(match, "right")]);
  const waiting = game.joins.length === 0 && openMatches(game).length === 0;
  if (!isClosed(game, nowMs)) times.push(joinableUntil(game));
  else if (waiting) times.push(nowMs);
  const heights = game.joins.map(({ committedHeight }) => committedHeight + game.dispute.rules.revealBlocks);
  return { ms: least(times), height: least(heights) };
}

function least(values: readonly (bigint | undefined)[]): bigint | undefined {
  return values.reduce((first, value) => {
    if (value === undefined) return first;
    return first === undefined || value < first ? value : first;
  }, undefined);
}

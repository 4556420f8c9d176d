/**
 * State of one dispute as plain immutable records (the messages of aivm.dispute.v1). Functions of this folder take a
 * game and give the next one with the effects that its host must carry out; a move that is refused changes nothing.
 * Time (dispute time) and height are passed in.
 */
import { AivmError, equalBytes, type Verdict } from "../../common/index.ts";
import { ClaimStatus, DisputeStatus, MatchStatus, type Messages } from "../../proto/index.ts";

/** Rules of one dispute, frozen when it opened. */
export type GameRules = Messages["aivm.dispute.v1.GameRules"];
/** One claim: an output, a trace root, and the accounts behind it. */
export type Claim = Messages["aivm.dispute.v1.Claim"];
/** One account behind a claim. */
export type ClaimMember = Messages["aivm.dispute.v1.ClaimMember"];
/** A commitment that waits for its reveal. */
export type Join = Messages["aivm.dispute.v1.Join"];
/** One claim's side of a match. */
export type MatchSide = Messages["aivm.dispute.v1.MatchSide"];
/** Inclusion of one slot in a trace root. */
export type SlotOpening = Messages["aivm.dispute.v1.SlotOpening"];
/** Head of the claim set of one request. */
export type Dispute = Messages["aivm.dispute.v1.Dispute"] & { readonly rules: GameRules };
/** Two claims descending to their first difference. */
export type Match = Messages["aivm.dispute.v1.Match"] & {
  readonly left: MatchSide;
  readonly right: MatchSide;
};

/** Everything about one request's claims. `claims[i].index` is i, `matches[i].number` is i. */
export interface Game {
  readonly dispute: Dispute;
  readonly claims: readonly Claim[];
  /** In order of arrival. */
  readonly joins: readonly Join[];
  readonly matches: readonly Match[];
}

/** When something happens: dispute time and block height. */
export interface Moment {
  readonly nowMs: bigint;
  readonly height: bigint;
}

/** Why money left the dispute for good. */
export type BurnReason = "unrevealed" | "lost" | "unclaimed";

/** What the host must do (money) or may tell the world (the rest), in order. */
export type Effect =
  | { readonly kind: "joined"; readonly challenger: string; readonly bondUaivm: bigint }
  | { readonly kind: "revealed"; readonly claim: number; readonly challenger: string }
  | { readonly kind: "joinExpired"; readonly challenger: string; readonly bondUaivm: bigint }
  | { readonly kind: "traceRootPosted"; readonly claim: number; readonly traceRoot: Uint8Array }
  | { readonly kind: "matchOpened"; readonly match: Match }
  | { readonly kind: "nodeOpened"; readonly match: Match; readonly claim: number; readonly level: number }
  | { readonly kind: "elementProved"; readonly match: Match; readonly value: number }
  | {
      readonly kind: "claimLost";
      readonly claim: Claim;
      readonly member: ClaimMember;
      readonly burnedUaivm: bigint;
    }
  | { readonly kind: "claimMerged"; readonly claim: number; readonly into: number }
  | { readonly kind: "matchOver"; readonly match: Match }
  | { readonly kind: "burned"; readonly amountUaivm: bigint; readonly why: BurnReason }
  /** Claim 0's own bond goes back to where its author's bond is kept (`runnerBond`), everything else to the account. */
  | {
      readonly kind: "paid";
      readonly to: string;
      readonly amountUaivm: bigint;
      readonly why: "bond" | "reward";
      readonly runnerBond: boolean;
    };

/** Answer to a move: the next game with its effects, or why it is refused. */
export type Outcome<T extends object = object> = Verdict<
  { readonly game: Game; readonly effects: readonly Effect[] } & T
>;

/** A game being changed: records are replaced, never altered. */
export interface Draft {
  dispute: Dispute;
  readonly claims: Claim[];
  joins: Join[];
  readonly matches: Match[];
  readonly effects: Effect[];
}

/** A draft that begins as `game`. */
export function draftOf(game: Game): Draft {
  return {
    dispute: game.dispute,
    claims: [...game.claims],
    joins: [...game.joins],
    matches: [...game.matches],
    effects: [],
  };
}

/** What a draft has become. */
export function outcomeOf<T extends object>(
  draft: Draft,
  extra: T,
): { readonly ok: true; readonly game: Game; readonly effects: readonly Effect[] } & T {
  const { dispute, claims, joins, matches, effects } = draft;
  return { ok: true, game: { dispute, claims, joins, matches }, effects, ...extra };
}

/** Replaces fields of a claim. */
export function changeClaim(draft: Draft, index: number, change: Partial<Claim>): Claim {
  const next = { ...claimAt(draft, index), ...change };
  draft.claims[index] = next;
  return next;
}

/** Puts the next version of a match in its place. */
export function putMatch(draft: Draft, match: Match): Match {
  draft.matches[match.number] = match;
  return match;
}

/** Claim `index`. @throws GAME_STATE when there is none: the caller has broken state. */
export function claimAt(game: Pick<Game, "claims">, index: number): Claim {
  const claim = game.claims[index];
  if (claim === undefined) throw brokenState("claim", `one below ${game.claims.length}`, `${index}`);
  return claim;
}

/** Claims still in the game, in order of arrival. */
export function aliveClaims(game: Pick<Game, "claims">): Claim[] {
  return game.claims.filter((claim) => claim.status === ClaimStatus.CLAIM_STATUS_ALIVE);
}

/** Matches that are being played. */
export function openMatches(game: Pick<Game, "matches">): Match[] {
  return game.matches.filter((match) => match.status === MatchStatus.MATCH_STATUS_OPEN);
}

/** True while the claim set is not settled. */
export function isOpen(game: Pick<Game, "dispute">): boolean {
  return game.dispute.status === DisputeStatus.DISPUTE_STATUS_OPEN;
}

/** First claim of each distinct output among `claims`. */
export function distinctOutputs(claims: readonly Claim[]): Claim[] {
  return claims.filter(
    (claim, i) => claims.findIndex((other) => equalBytes(other.outputRoot, claim.outputRoot)) === i,
  );
}

/** The side that claim `index` plays, or undefined when it is not in the match. */
export function sideOf(match: Match, index: number): "left" | "right" | undefined {
  if (match.left.claim === index) return "left";
  return match.right.claim === index ? "right" : undefined;
}

/** The other side. */
export function rivalOf(side: "left" | "right"): "left" | "right" {
  return side === "left" ? "right" : "left";
}

/** A match from its record. @throws GAME_STATE for one without both sides */
export function matchFromRecord(record: Messages["aivm.dispute.v1.Match"]): Match {
  const { left, right } = record;
  if (left === undefined || right === undefined) throw brokenState("match", "two sides", "fewer");
  return { ...record, left, right };
}

/** A dispute from its record. @throws GAME_STATE for one without rules */
export function disputeFromRecord(record: Messages["aivm.dispute.v1.Dispute"]): Dispute {
  const { rules } = record;
  if (rules === undefined) throw brokenState("dispute", "rules", "none");
  return { ...record, rules };
}

/** Refusal of a move. */
export function refuse(
  code: string,
  at: string,
): { readonly ok: false; readonly code: string; readonly at: string } {
  return { ok: false, code, at };
}

function brokenState(what: string, want: string, got: string): AivmError {
  return new AivmError("GAME_STATE", {
    what: `${what} of a game`,
    want,
    got,
    remedy: "this is a defect: read the records again and report it",
  });
}

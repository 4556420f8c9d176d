/** Who may still join, and for how long: joins are open while some standing output has not had its whole window. */
import { equalBytes } from "../../common/index.ts";
import { aliveClaims, type Claim, distinctOutputs, type Game, isOpen, openMatches } from "./state.ts";

/** Since when the output of `claim` is public and defended: the first standing claim with that output. */
export function publicSince(game: Pick<Game, "claims">, claim: Claim): bigint {
  return aliveClaims(game)
    .filter((other) => equalBytes(other.outputRoot, claim.outputRoot))
    .reduce((first, other) => (other.publicMs < first ? other.publicMs : first), claim.publicMs);
}

/** Dispute time until which rivals may commit, as claims stand now; 0 when none stands. */
export function joinableUntil(game: Game): bigint {
  const ends = distinctOutputs(aliveClaims(game)).map(
    (claim) => publicSince(game, claim) + game.dispute.rules.windowMs,
  );
  return ends.reduce((last, end) => (end > last ? end : last), 0n);
}

/** True while rivals may commit. */
export function isJoinable(game: Game, nowMs: bigint): boolean {
  return isOpen(game) && nowMs < joinableUntil(game);
}

/**
 * True when no further claim can arrive, as claims stand now. False again only when a claim falls whose output a later
 * claim had repeated: the later one is then owed its own window.
 */
export function isClosed(game: Game, nowMs: bigint): boolean {
  return !isJoinable(game, nowMs) && game.joins.length === 0;
}

/** How a dispute stands. */
export type Standing =
  | { readonly kind: "open" }
  /** One output is left and nobody can touch it any more; `survivors` in order of arrival. */
  | { readonly kind: "final"; readonly survivors: readonly [Claim, ...Claim[]] }
  | { readonly kind: "void" };

/**
 * The finality rule: exactly one output left among standing claims, no match open, nobody about to reveal, and that
 * output public and joinable for a whole window. No standing claim at all = void.
 */
export function standingOf(game: Game, nowMs: bigint): Standing {
  if (!isOpen(game) || openMatches(game).length > 0 || game.joins.length > 0) return { kind: "open" };
  const [first, ...others] = aliveClaims(game);
  if (first === undefined) return { kind: "void" };
  const oneOutput = others.every((claim) => equalBytes(claim.outputRoot, first.outputRoot));
  if (!oneOutput || nowMs < publicSince(game, first) + game.dispute.rules.windowMs) return { kind: "open" };
  return { kind: "final", survivors: [first, ...others] };
}

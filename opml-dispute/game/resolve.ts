/** What becomes of claims and their bonds when a match ends. */
import { equalBytes } from "../../common/index.ts";
import { ClaimStatus, MatchStatus } from "../../proto/index.ts";
import type { Verdicts } from "./descent.ts";
import { type ClaimMember, changeClaim, claimAt, type Draft, type Match, putMatch } from "./state.ts";

/** Burned of a loser's bond: half, and the odd unit. */
export function burnedOf(bondUaivm: bigint): bigint {
  return bondUaivm - bondUaivm / 2n;
}

/**
 * Ends a match: the sides in `out` lose their claims. Half of each loser's bond is burned; the other half, and what it
 * had won, goes to the side that stands, or to the pool when none does.
 */
export function processMatchEnd(draft: Draft, match: Match, out: Verdicts): void {
  const over = putMatch(draft, {
    ...match,
    status: MatchStatus.MATCH_STATUS_OVER,
    left: { ...match.left, opening: [], out: out.left !== undefined },
    right: { ...match.right, opening: [], out: out.right !== undefined },
  });
  let forfeited = 0n;
  for (const side of ["left", "right"] as const) {
    const loss = out[side];
    if (loss !== undefined) forfeited += processLoss(draft, match[side].claim, loss);
  }
  const winner = winnerOf(over);
  if (winner === undefined) draft.dispute = addToPool(draft, forfeited);
  else changeClaim(draft, winner, { wonUaivm: claimAt(draft, winner).wonUaivm + forfeited });
  draft.effects.push({ kind: "matchOver", match: over });
}

/** Claim that a finished match left standing, or undefined when both are out. */
export function winnerOf(match: Match): number | undefined {
  if (!match.left.out) return match.left.claim;
  return match.right.out ? undefined : match.right.claim;
}

/** Takes a claim out of the game. @returns what others now share */
function processLoss(draft: Draft, index: number, loss: number): bigint {
  const claim = claimAt(draft, index);
  let forfeited = claim.wonUaivm;
  const lost = changeClaim(draft, index, { status: ClaimStatus.CLAIM_STATUS_LOST, loss, wonUaivm: 0n });
  for (const member of claim.members) {
    const burnedUaivm = burnedOf(member.bondUaivm);
    forfeited += member.bondUaivm - burnedUaivm;
    processBurn(draft, burnedUaivm, "lost");
    draft.effects.push({ kind: "claimLost", claim: lost, member, burnedUaivm });
  }
  return forfeited;
}

/** Destroys part of what the dispute holds. */
export function processBurn(
  draft: Draft,
  amountUaivm: bigint,
  why: "unrevealed" | "lost" | "unclaimed",
): void {
  if (amountUaivm === 0n) return;
  draft.dispute = { ...draft.dispute, burnedUaivm: draft.dispute.burnedUaivm + amountUaivm };
  draft.effects.push({ kind: "burned", amountUaivm, why });
}

function addToPool(draft: Draft, amountUaivm: bigint): Draft["dispute"] {
  return { ...draft.dispute, poolUaivm: draft.dispute.poolUaivm + amountUaivm };
}

/**
 * Two claims of a match have turned out equal (claim 0 posted the trace root that a rival had shown): the later one's
 * members stand behind the earlier one from now on.
 */
export function processMerge(draft: Draft, match: Match): void {
  const into = claimAt(draft, match.left.claim);
  const from = claimAt(draft, match.right.claim);
  const members: readonly ClaimMember[] = [...into.members, ...from.members];
  changeClaim(draft, into.index, { members, wonUaivm: into.wonUaivm + from.wonUaivm });
  changeClaim(draft, from.index, { members: [], status: ClaimStatus.CLAIM_STATUS_MERGED, wonUaivm: 0n });
  putMatch(draft, { ...match, status: MatchStatus.MATCH_STATUS_OVER });
  draft.effects.push({ kind: "claimMerged", claim: from.index, into: into.index });
}

/** True when both sides of a match have posted one and the same trace root. */
export function isSameTrace(draft: Pick<Draft, "claims">, match: Match): boolean {
  const left = claimAt(draft, match.left.claim).traceRoot;
  return left.length > 0 && equalBytes(left, claimAt(draft, match.right.claim).traceRoot);
}

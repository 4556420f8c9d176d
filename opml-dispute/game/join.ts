/** Joining: a commitment with a bond, then within a few blocks the claim itself. */
import { equalBytes, verifyPath } from "../../common/index.ts";
import { ClaimStatus } from "../../proto/index.ts";
import { joinBond } from "./bonds.ts";
import { processBracket } from "./bracket.ts";
import { isJoinable } from "./joining.ts";
import { slotItem } from "./openings.ts";
import { processBurn } from "./resolve.ts";
import {
  aliveClaims,
  type ClaimMember,
  changeClaim,
  type Draft,
  draftOf,
  type Game,
  isOpen,
  type Join,
  type Moment,
  type Outcome,
  outcomeOf,
  refuse,
  type SlotOpening,
} from "./state.ts";

/** First half of joining. `feeUaivm`: the request's work fee, below which no challenger's bond may be. */
export interface JoinMove {
  readonly challenger: string;
  readonly commitment: Uint8Array;
  readonly feeUaivm: bigint;
}

/** Second half. `commitment` and `outputRoot` are computed by the host from what was revealed. */
export interface RevealMove {
  readonly challenger: string;
  readonly payee: Uint8Array;
  readonly commitment: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly traceRoot: Uint8Array;
  readonly inputSlot: SlotOpening;
  readonly outputSlot: SlotOpening;
}

/**
 * Takes a commitment. The host takes `bondUaivm` from the challenger.
 * Codes: GAME_OVER, GAME_WINDOW (closed to rivals), GAME_JOINED (this account has a claim or a commitment here),
 * GAME_RIVALS (the bond of one more rival exceeds a u64).
 */
export function joinGame(
  game: Game,
  move: JoinMove,
  moment: Moment,
): Outcome<{ readonly bondUaivm: bigint }> {
  if (!isOpen(game)) return refuse("GAME_OVER", "the dispute is settled");
  if (!isJoinable(game, moment.nowMs)) return refuse("GAME_WINDOW", "the window is over");
  if (hasStake(game, move.challenger)) return refuse("GAME_JOINED", move.challenger);
  const bondUaivm = joinBond(game.dispute, move.feeUaivm);
  if (bondUaivm >= 2n ** 63n) return refuse("GAME_RIVALS", `${game.dispute.joins} joins`);
  const draft = draftOf(game);
  draft.joins.push({
    challenger: move.challenger,
    commitment: move.commitment,
    bondUaivm,
    committedHeight: moment.height,
    number: game.dispute.joins,
  });
  draft.dispute = {
    ...draft.dispute,
    joins: draft.dispute.joins + 1,
    bondedUaivm: draft.dispute.bondedUaivm + bondUaivm,
  };
  draft.effects.push({ kind: "joined", challenger: move.challenger, bondUaivm });
  return outcomeOf(draft, { bondUaivm });
}

/**
 * Turns a commitment into a claim, or into a member of the standing claim with the same roots.
 * Codes: GAME_OVER, GAME_REVEALED (done before), GAME_NO_JOIN, GAME_TOO_SOON (same block), GAME_REVEAL_LATE,
 * GAME_COMMITMENT (opens to something else), GAME_SLOT (`at`: input or output).
 */
export function revealJoin(
  game: Game,
  move: RevealMove,
  moment: Moment,
): Outcome<{ readonly claim: number }> {
  if (!isOpen(game)) return refuse("GAME_OVER", "the dispute is settled");
  const join = game.joins.find(({ challenger }) => challenger === move.challenger);
  if (join === undefined) {
    const code = hasStake(game, move.challenger) ? "GAME_REVEALED" : "GAME_NO_JOIN";
    return refuse(code, move.challenger);
  }
  if (moment.height <= join.committedHeight) return refuse("GAME_TOO_SOON", `height ${moment.height}`);
  if (moment.height > join.committedHeight + game.dispute.rules.revealBlocks)
    return refuse("GAME_REVEAL_LATE", `height ${moment.height}`);
  if (!equalBytes(join.commitment, move.commitment)) return refuse("GAME_COMMITMENT", "the commitment");
  const wrongEnd = findWrongEnd(game, move);
  if (wrongEnd !== undefined) return refuse("GAME_SLOT", wrongEnd);
  const draft = draftOf(game);
  draft.joins = draft.joins.filter((other) => other !== join);
  const claim = enterClaim(draft, { join, move, moment });
  draft.effects.push({ kind: "revealed", claim, challenger: move.challenger });
  processBracket(draft, moment);
  return outcomeOf(draft, { claim });
}

/** Burns the bonds of commitments whose time to reveal ends with this block. */
export function processUnrevealed(draft: Draft, moment: Moment): void {
  const { revealBlocks } = draft.dispute.rules;
  const late = draft.joins.filter(({ committedHeight }) => moment.height >= committedHeight + revealBlocks);
  if (late.length === 0) return;
  draft.joins = draft.joins.filter((join) => !late.includes(join));
  for (const { challenger, bondUaivm } of late) {
    processBurn(draft, bondUaivm, "unrevealed");
    draft.effects.push({ kind: "joinExpired", challenger, bondUaivm });
  }
}

/** The ends of a trace that a claim must show: slot 0 is the chain's input root, the last slot its output root. */
export interface TraceEnds {
  readonly traceRoot: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly inputSlot: SlotOpening;
  readonly outputSlot: SlotOpening;
}

/** Which end is not proven: "input" or "output"; undefined when both are. */
export function findWrongEnd(game: Pick<Game, "dispute">, ends: TraceEnds): "input" | "output" | undefined {
  const { inputRoot, rules } = game.dispute;
  const { traceRoot, outputRoot, inputSlot, outputSlot } = ends;
  const last = rules.slots - 1;
  if (traceRoot.length !== 32) return "input";
  if (!isSlot(inputSlot, { traceRoot, slots: rules.slots, slot: 0, root: inputRoot })) return "input";
  return isSlot(outputSlot, { traceRoot, slots: rules.slots, slot: last, root: outputRoot })
    ? undefined
    : "output";
}

/** True when `opening` proves that `slot` of the trace holds `root`. */
export function isSlot(
  opening: SlotOpening,
  want: {
    readonly traceRoot: Uint8Array;
    readonly slots: number;
    readonly slot: number;
    readonly root: Uint8Array;
  },
): boolean {
  if (opening.slot !== want.slot || !equalBytes(opening.root, want.root)) return false;
  return verifyPath({
    root: want.traceRoot,
    item: slotItem(want.slot, want.root),
    index: want.slot,
    itemCount: want.slots,
    path: opening.path,
  });
}

function hasStake(game: Game, address: string): boolean {
  return (
    game.joins.some(({ challenger }) => challenger === address) ||
    game.claims.some(({ members }) => members.some((member) => member.address === address))
  );
}

function enterClaim(
  draft: Draft,
  entry: { readonly join: Join; readonly move: RevealMove; readonly moment: Moment },
): number {
  const { join, move, moment } = entry;
  const { outputRoot, traceRoot, payee } = move;
  const { challenger, bondUaivm, committedHeight } = join;
  const member: ClaimMember = { address: challenger, payee, bondUaivm, committedHeight };
  const equal = aliveClaims(draft).find(
    (claim) => equalBytes(claim.outputRoot, outputRoot) && equalBytes(claim.traceRoot, traceRoot),
  );
  if (equal !== undefined) {
    changeClaim(draft, equal.index, { members: [...equal.members, member] });
    return equal.index;
  }
  const index = draft.dispute.claims;
  draft.dispute = { ...draft.dispute, claims: index + 1 };
  draft.claims.push({
    index,
    members: [member],
    outputRoot,
    traceRoot,
    status: ClaimStatus.CLAIM_STATUS_ALIVE,
    loss: 0,
    publicMs: moment.nowMs,
    revealedHeight: moment.height,
    wonUaivm: 0n,
  });
  return index;
}

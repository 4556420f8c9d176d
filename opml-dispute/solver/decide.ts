/**
 * The honest player: a pure function of what the chain shows and of its own run. It remembers nothing, so it goes on
 * from any point, after a crash as well, and plays for every claim that has its own trace, whoever posted it.
 */
import { bytesToHex, equalBytes, treeHeight } from "../../common/index.ts";
import { ClaimStatus, MatchStage } from "../../proto/index.ts";
import { clockLeft, isOpeningStage } from "../game/clocks.ts";
import { type MoveTarget, openNode } from "../game/moves.ts";
import { claimAt, type Game, isOpen, type Match, openMatches, rivalOf } from "../game/state.ts";
import type { Referee } from "../referee/referee.ts";
import type { OpeningPoint, TraceProvider } from "../trace/provider.ts";
import type { GameAction } from "./actions.ts";
import { joinCommitmentOf } from "./reveal.ts";
import type { DisputeView } from "./view.ts";

/** The player's account and run. */
export interface Player {
  /** Bech32. */
  readonly address: string;
  /** Its 20 bytes. */
  readonly addressBytes: Uint8Array;
  readonly referee: Referee;
  readonly trace: TraceProvider;
  /** The opening of this account's join commitment, when there is one. */
  readonly join?: {
    readonly salt: Uint8Array;
    readonly output: Uint8Array;
    readonly payee: Uint8Array;
  };
}

/** Blocks that the right side waits for the left one's opening, so that it can answer with two levels at once. */
const COURTESY_BLOCKS = 10n;

/** True when something may be due: who has no run of the request need not make one otherwise. */
export function needsPlayer(view: DisputeView): boolean {
  const { game } = view;
  return isOpen(game) && (openMatches(game).length > 0 || game.joins.length > 0);
}

/** Everything that the player should send now, in order. Empty = wait. */
export function decideMoves(view: DisputeView, player: Player): GameAction[] {
  if (!isOpen(view.game)) return [];
  const reveal = decideReveal(view, player);
  const moves = openMatches(view.game).flatMap((match) => decideMatch(view, match, player) ?? []);
  return reveal === undefined ? moves : [reveal, ...moves];
}

function decideReveal(view: DisputeView, player: Player): GameAction | undefined {
  const { join, trace, address, referee } = player;
  const { dispute, joins } = view.game;
  const pending = joins.find(({ challenger }) => challenger === address);
  if (join === undefined || pending === undefined || view.moment.height < pending.committedHeight)
    return undefined;
  const { requestId } = dispute;
  const commitment = joinCommitmentOf(player, requestId);
  if (commitment === undefined || !equalBytes(commitment, pending.commitment)) return undefined;
  return {
    kind: "revealJoin",
    key: `reveal/${bytesToHex(requestId)}`,
    value: {
      requestId,
      output: join.output,
      traceRoot: trace.traceRoot,
      salt: join.salt,
      inputSlot: trace.slot(0),
      outputSlot: trace.slot(referee.slots - 1),
      payee: join.payee,
    },
  };
}

function decideMatch(view: DisputeView, match: Match, player: Player): GameAction | undefined {
  if (match.stage === MatchStage.MATCH_STAGE_TRACE_ROOT) return decideTraceRoot(view.game, player);
  const side = (["left", "right"] as const).find((name) => {
    const claim = claimAt(view.game, match[name].claim);
    return equalBytes(claim.traceRoot, player.trace.traceRoot);
  });
  if (side === undefined) return undefined;
  const { nowMs } = view.moment;
  if (clockLeft(match, rivalOf(side), nowMs) === 0n && clockLeft(match, side, nowMs) > 0n)
    return { kind: "timeout", key: `timeout/${bytesToHex(match.id)}`, value: { matchId: match.id } };
  if (isOpeningStage(match)) return decideOpening(view, { match, side, player });
  return decideProof(match, side, player);
}

/** Claim 0's author posts its trace root, with its first opening in the same move. */
function decideTraceRoot(game: Game, player: Player): GameAction | undefined {
  const { dispute } = game;
  const { trace, referee, address } = player;
  const claim = claimAt(game, 0);
  const mine = claim.members[0]?.address === address && equalBytes(claim.outputRoot, trace.outputRoot);
  if (!mine || claim.status !== ClaimStatus.CLAIM_STATUS_ALIVE) return undefined;
  const root = traceRootPoint(referee.slots);
  return {
    kind: "postTraceRoot",
    key: `root/${bytesToHex(dispute.requestId)}/${dispute.generation}`,
    value: {
      requestId: dispute.requestId,
      traceRoot: trace.traceRoot,
      inputSlot: trace.slot(0),
      outputSlot: trace.slot(referee.slots - 1),
      children: trace.children(root, dispute.rules.arityLog2),
    },
  };
}

interface Seat {
  readonly match: Match;
  readonly side: "left" | "right";
  readonly player: Player;
}

function decideOpening(view: DisputeView, seat: Seat): GameAction | undefined {
  const { match, side, player } = seat;
  if (match[side].opening.length > 0) return undefined;
  const answers = match[rivalOf(side)].opening.length > 0;
  if (!answers && side === "right" && isCourteous(view, match)) return undefined;
  const { arityLog2 } = view.game.dispute.rules;
  const { claim } = match[side];
  const value = {
    ...targetOf(match),
    claim,
    children: player.trace.children(match, arityLog2),
    nextChildren: [],
  };
  const nextChildren = answers ? nextOpening(view, seat, value) : [];
  return {
    kind: "openNode",
    key: `open/${bytesToHex(match.id)}/${match.level}/${claim}`,
    value: { ...value, nextChildren },
  };
}

/** Two players that open at once need a move a side and level; one that answers opens two levels with a move. */
function isCourteous(view: DisputeView, match: Match): boolean {
  const { nowMs } = view.moment;
  const hasTime = 2n * clockLeft(match, "right", nowMs) > view.game.dispute.rules.clockMs;
  return hasTime && nowMs - match.sinceMs < COURTESY_BLOCKS * view.blockIntervalMs;
}

/** Opening of the node that the game will go to once this move has completed the level. */
function nextOpening(view: DisputeView, seat: Seat, move: Parameters<typeof openNode>[1]): Uint8Array[] {
  const { referee, trace } = seat.player;
  const outcome = openNode(view.game, move, { referee, moment: view.moment });
  if (!outcome.ok) return [];
  const next = outcome.game.matches[seat.match.number];
  const goesOn = next !== undefined && openMatches(outcome.game).includes(next) && isOpeningStage(next);
  return goesOn ? trace.children(next, view.game.dispute.rules.arityLog2) : [];
}

function decideProof(match: Match, side: "left" | "right", player: Player): GameAction {
  const { trace, referee } = player;
  const { slot, element, stage } = match;
  const isElement = stage === MatchStage.MATCH_STAGE_ELEMENT;
  const shown = stage === MatchStage.MATCH_STAGE_OUTPUT ? referee.outputSlots : [slot - 1];
  return {
    kind: "proveElement",
    key: `prove/${bytesToHex(match.id)}`,
    value: {
      ...targetOf(match),
      claim: match[side].claim,
      witness: isElement ? trace.witness({ slot, element }) : new Uint8Array(),
      slots: isElement ? [] : shown.map((index) => trace.slot(index)),
    },
  };
}

function traceRootPoint(slots: number): OpeningPoint {
  return { stage: MatchStage.MATCH_STAGE_OPS, height: treeHeight(slots), node: 0, slot: 0, chunk: 0 };
}

function targetOf(match: Match): MoveTarget {
  const { id: matchId, level, left, right } = match;
  return { matchId, level, leftHash: left.hash, rightHash: right.hash };
}

/** Queries of module dispute. */
import {
  clockLeft,
  type Game,
  isJoinable,
  isOpen,
  isRunning,
  joinableUntil,
  joinBond,
  mostMoves,
  openMatches,
  WORST_CASE_FORMULA,
  worstCaseMs,
} from "../../../opml-dispute/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { QueryHandler } from "../../module.ts";
import { notFound } from "../../queryErrors.ts";
import { moduleQuery } from "../messages.ts";
import type { DisputePorts } from "./effects.ts";
import { gameSizes } from "./sizes.ts";
import { getClock, getGame, getMatch, getOutput, getParams } from "./view.ts";

type Deadline = Messages["aivm.dispute.v1.Deadline"];

/** Handlers of the module's queries. */
export function disputeQueries(ports: DisputePorts): QueryHandler[] {
  const module = "dispute";
  return [
    moduleQuery({ module, query: "Dispute" }, (ctx, { requestId }) => disputeAnswer(ctx, ports, requestId)),
    moduleQuery({ module, query: "Match" }, (ctx, { matchId }) => {
      const match = getMatch(ctx, matchId);
      if (match === undefined) throw notFound("match");
      return { match };
    }),
    moduleQuery({ module, query: "Bounds" }, (ctx, request) => boundsAnswer(ctx, ports, request)),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}

/** Everything a player needs: claims with outputs, matches with what was opened, clocks as deadlines. */
function disputeAnswer(
  ctx: Context,
  ports: DisputePorts,
  requestId: Uint8Array,
): Messages["aivm.dispute.v1.QueryDisputeResponse"] {
  const game = getGame(ctx, requestId);
  if (game === undefined) throw notFound("dispute of this request");
  const { nowMs } = getClock(ctx);
  const { blockIntervalMs } = getParams(ctx);
  const feeUaivm = ports.inference.request(ctx, requestId)?.feeUaivm ?? 0n;
  return {
    ...game,
    outputs: game.claims.map(({ index }) => getOutput(ctx, requestId, index)),
    nowMs,
    height: ctx.height,
    joinable: isJoinable(game, nowMs),
    joinableUntilMs: isOpen(game) ? joinableUntil(game) : 0n,
    // Beyond a u64 no rival can join any more.
    joinBondUaivm: BigInt.asUintN(64, joinBond(game.dispute, feeUaivm)),
    deadlines: deadlinesOf(game, { nowMs, blockIntervalMs }),
    blockIntervalMs,
  };
}

function deadlinesOf(
  game: Game,
  time: { readonly nowMs: bigint; readonly blockIntervalMs: bigint },
): Deadline[] {
  const { nowMs, blockIntervalMs } = time;
  return openMatches(game).flatMap((match) =>
    (["left", "right"] as const)
      .filter((side) => isRunning(match, side))
      .map((side) => {
        const leftMs = clockLeft(match, side, nowMs);
        const blocks = (leftMs + blockIntervalMs - 1n) / blockIntervalMs;
        return { matchId: match.id, claim: match[side].claim, atMs: nowMs + leftMs, blocks };
      }),
  );
}

function boundsAnswer(
  ctx: Context,
  ports: DisputePorts,
  request: Messages["aivm.dispute.v1.QueryBoundsRequest"],
): Messages["aivm.dispute.v1.QueryBoundsResponse"] {
  const sizes = gameSizes(ctx, ports, request.modelId);
  if (sizes === undefined) throw notFound("model");
  const { levels, times, replayMs, bondUaivm } = sizes;
  const rivals = request.rivals === 0 ? 1 : request.rivals;
  const { matchMs, longestMs } = times;
  return {
    ...levels,
    moves: mostMoves(levels),
    replayMs,
    matchMs,
    longestMatchMs: longestMs,
    claimBondUaivm: bondUaivm,
    worstCaseMs: worstCaseMs({ windowMs: request.windowMs, longestMs, rivals }, getParams(ctx)),
    formula: WORST_CASE_FORMULA,
  };
}

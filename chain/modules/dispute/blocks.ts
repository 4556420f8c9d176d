/** What blocks do: dispute time goes on, clocks run out, claim sets are settled. */
import {
  blockAdvanceMs,
  type Game,
  settleGame,
  standingOf,
  tickGame,
  voidGame,
} from "../../../opml-dispute/index.ts";
import type { Context } from "../../context.ts";
import { commitGame, type DisputePorts } from "./effects.ts";
import { emitSettled } from "./events.ts";
import { getClock, getGame, getOutput, getParams, openRequests, setClock, setOpen } from "./view.ts";

/** Advances dispute time by at most five block intervals, so that a halt expires nobody's clock. */
export function advanceClock(ctx: Context): void {
  const { nowMs, headerMs } = getClock(ctx);
  const passed = headerMs === 0n ? 0n : blockAdvanceMs(ctx.timeMs, headerMs, getParams(ctx).blockIntervalMs);
  setClock(ctx, { nowMs: nowMs + passed, headerMs: ctx.timeMs });
}

/** Looks at every claim set that is not settled. */
export function settleDue(ctx: Context, ports: DisputePorts): void {
  const { nowMs } = getClock(ctx);
  const moment = { nowMs, height: ctx.height };
  for (const requestId of openRequests(ctx)) {
    const before = getGame(ctx, requestId);
    if (before === undefined) continue;
    const ticked = tickGame(before, moment);
    if (ticked.game !== before && ticked.effects.length > 0) commitGame(ctx, ports, { before, ...ticked });
    const game = ticked.effects.length > 0 ? ticked.game : before;
    const standing = standingOf(game, nowMs);
    if (standing.kind === "final") finalize(ctx, ports, game);
    if (standing.kind === "void") annul(ctx, ports, game);
  }
}

/** The bond goes back even when the answer came too late to be paid. */
function finalize(ctx: Context, ports: DisputePorts, game: Game): void {
  const standing = standingOf(game, getClock(ctx).nowMs);
  if (standing.kind !== "final") return;
  const [survivor] = standing.survivors;
  const [author] = survivor.members;
  const { requestId } = game.dispute;
  const outcome = ports.inference.finalize(ctx, {
    requestId,
    claimant: author?.address ?? "",
    payee: author?.payee ?? new Uint8Array(),
    output: getOutput(ctx, requestId, survivor.index),
    outputRoot: survivor.outputRoot,
    ...(survivor.traceRoot.length === 0 ? {} : { traceRoot: survivor.traceRoot }),
  });
  if (outcome === "WAIT") return;
  const settled = settleGame(game);
  commitGame(ctx, ports, { before: game, ...settled });
  setOpen(ctx, requestId, false);
  emitSettled(ctx, settled.game, "FINAL");
}

function annul(ctx: Context, ports: DisputePorts, game: Game): void {
  const ended = voidGame(game);
  const { requestId } = game.dispute;
  commitGame(ctx, ports, { before: game, ...ended });
  setOpen(ctx, requestId, false);
  emitSettled(ctx, ended.game, "VOID");
  ports.inference.void(ctx, requestId);
}

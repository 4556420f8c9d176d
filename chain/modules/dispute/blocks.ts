/** What blocks do: dispute time goes on, clocks run out, claim sets are settled. */
import {
  blockAdvanceMs,
  type Claim,
  type Game,
  settleGame,
  standingOf,
  tickGame,
  voidGame,
} from "../../../opml-dispute/index.ts";
import type { Context } from "../../context.ts";
import { commitGame, type DisputePorts } from "./effects.ts";
import { emitSettled } from "./events.ts";
import { dueRequests, getClock, getGame, getOutput, getParams, setClock, setDue } from "./view.ts";

/** Advances dispute time by at most five block intervals, so that a halt expires nobody's clock. */
export function advanceClock(ctx: Context): void {
  const { nowMs, headerMs } = getClock(ctx);
  const passed = headerMs === 0n ? 0n : blockAdvanceMs(ctx.timeMs, headerMs, getParams(ctx).blockIntervalMs);
  setClock(ctx, { nowMs: nowMs + passed, headerMs: ctx.timeMs });
}

/** Looks at every claim set that is due. */
export function settleDue(ctx: Context, ports: DisputePorts): void {
  const { nowMs } = getClock(ctx);
  for (const requestId of dueRequests(ctx)) {
    const before = getGame(ctx, requestId);
    if (before === undefined) continue;
    const ticked = tickGame(before, { nowMs, height: ctx.height });
    const isChanged = ticked.effects.length > 0;
    const game = isChanged ? ticked.game : before;
    if (isChanged) commitGame(ctx, ports, { before, ...ticked });
    else setDue(ctx, game);
    const standing = standingOf(game, nowMs);
    if (standing.kind === "final") finalize(ctx, ports, game, standing.survivors[0]);
    if (standing.kind === "void") annul(ctx, ports, game);
  }
}

/** The bond goes back even when the answer came too late to be paid. */
function finalize(ctx: Context, ports: DisputePorts, game: Game, survivor: Claim): void {
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
  emitSettled(ctx, settled.game, "FINAL");
}

function annul(ctx: Context, ports: DisputePorts, game: Game): void {
  const ended = voidGame(game);
  const { requestId } = game.dispute;
  commitGame(ctx, ports, { before: game, ...ended });
  emitSettled(ctx, ended.game, "VOID");
  ports.inference.void(ctx, requestId);
}

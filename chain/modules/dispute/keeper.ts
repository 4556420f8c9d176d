/** What other modules may ask of dispute. */
import { openGame, worstCaseMs } from "../../../opml-dispute/index.ts";
import type { Context } from "../../context.ts";
import type { DisputePort, OpeningClaim } from "../ports.ts";
import type { DisputePorts } from "./effects.ts";
import { disputeError } from "./errors.ts";
import { emitOpened } from "./events.ts";
import { gameSizes, rulesOf } from "./sizes.ts";
import { dropGame, getClock, getGame, getParams, setGame, setOutput } from "./view.ts";

/** The keeper. */
export function createDisputeKeeper(ports: DisputePorts): DisputePort {
  return {
    openClaim0: (ctx, claim) => openClaim0(ctx, ports, claim),
    claimBond: (ctx, modelId) => gameSizes(ctx, ports, modelId)?.bondUaivm ?? 0n,
    worstCaseMs: (ctx, { modelId, windowMs }) => {
      const longestMs = gameSizes(ctx, ports, modelId)?.times.longestMs ?? 0n;
      return worstCaseMs({ windowMs, longestMs, rivals: 1 }, getParams(ctx));
    },
  };
}

function openClaim0(ctx: Context, ports: DisputePorts, claim: OpeningClaim): void {
  const { requestId, claimant, payee, outputRoot, bondUaivm, windowMs, output } = claim;
  const request = ports.inference.request(ctx, requestId);
  const sizes = request === undefined ? undefined : gameSizes(ctx, ports, request.modelId);
  if (request === undefined || sizes === undefined) {
    const facts = {
      what: "accepted result",
      want: "a request of a known model",
      got: "none",
      remedy: "This is a defect: report it.",
    };
    throw disputeError("unknownDispute", facts);
  }
  const before = getGame(ctx, requestId);
  if (before !== undefined) dropGame(ctx, before);
  const game = openGame(
    {
      requestId,
      modelId: request.modelId,
      inputRoot: request.inputRoot,
      generation: (before?.dispute.generation ?? 0) + 1,
      rules: rulesOf(ctx, sizes, windowMs),
      claimant,
      payee,
      outputRoot,
      // One that came with the result has no proof that it ends in this output: a true trace could stand for a false
      // output. Claim 0 posts its trace root with proofs when it is asked.
      traceRoot: new Uint8Array(),
      bondUaivm,
    },
    { nowMs: getClock(ctx).nowMs, height: ctx.height },
  );
  setGame(ctx, game, undefined);
  setOutput(ctx, { requestId, index: 0 }, output);
  emitOpened(ctx, game);
}

/** What a game's transitions mean for money, events and the request: the one place where effects are carried out. */
import {
  aliveClaims,
  distinctOutputs,
  type Effect,
  type Game,
  isOpen,
  openMatches,
} from "../../../opml-dispute/index.ts";
import { RequestStatus } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { ACCOUNTS, burn, payOut } from "../coins.ts";
import type { BondPort, InferencePort } from "../ports.ts";
import { emitEffect } from "./events.ts";
import { setGame } from "./view.ts";

/** The modules that dispute stands on. */
export interface DisputePorts {
  readonly inference: InferencePort;
  readonly bonds: BondPort;
}

/** Writes the next state of a game and carries out its effects, in order. */
export function commitGame(
  ctx: Context,
  ports: DisputePorts,
  change: { readonly before: Game; readonly game: Game; readonly effects: readonly Effect[] },
): void {
  const { before, game, effects } = change;
  setGame(ctx, game, before);
  for (const effect of effects) {
    moveMoney(ctx, ports, effect);
    emitEffect(ctx, game, effect);
  }
  if (isOpen(game)) markStatus(ctx, ports, game);
}

function moveMoney(ctx: Context, ports: DisputePorts, effect: Effect): void {
  const module = ACCOUNTS.dispute;
  if (effect.kind === "burned") burn(ctx, { module, amountUaivm: effect.amountUaivm });
  if (effect.kind === "paid") {
    const { to, amountUaivm, runnerBond } = effect;
    if (runnerBond) ports.bonds.returnClaimBond(ctx, { operator: to, amountUaivm });
    else payOut(ctx, { module, to, amountUaivm });
  }
  if (effect.kind === "claimLost") {
    const { claim, member } = effect;
    const isRunnersOwn = claim.index === 0 && claim.members[0]?.address === member.address;
    const claimBondUaivm = isRunnersOwn ? member.bondUaivm : 0n;
    ports.bonds.countLostDispute(ctx, { operator: member.address, claimBondUaivm });
  }
}

/** DISPUTED while several outputs stand or a match is open, ACCEPTED otherwise. */
function markStatus(ctx: Context, ports: DisputePorts, game: Game): void {
  const { requestId } = game.dispute;
  const disputed = openMatches(game).length > 0 || distinctOutputs(aliveClaims(game)).length > 1;
  const status = disputed ? "DISPUTED" : "ACCEPTED";
  const request = ports.inference.request(ctx, requestId);
  if (request === undefined || request.status === RequestStatus[`REQUEST_STATUS_${status}`]) return;
  ports.inference.setStatus(ctx, requestId, status);
}

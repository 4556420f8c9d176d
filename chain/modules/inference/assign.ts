/** Who answers: eligibility, and the draw by stake. */
import type { Context } from "../../context.ts";
import type { Request } from "../ports.ts";
import { emitAssigned } from "./events.ts";
import { assignmentSeed, type Candidate, drawByStake } from "./math.ts";
import { bondFor, type InferencePorts, openToAllFrom } from "./ports.ts";

/** Why a runner may not answer a request behind which `needUaivm` must stand, or undefined when it may. */
export function whyNotEligible(
  ctx: Context,
  ports: InferencePorts,
  at: { readonly request: Request; readonly runner: string; readonly needUaivm: bigint },
): string | undefined {
  const { request, runner, needUaivm } = at;
  if (request.excluded.includes(runner)) return "a runner that has failed this request before";
  const found = ports.runners.runner(ctx, runner);
  if (found === undefined) return "no registered runner";
  if (found.jailed) return "a jailed runner";
  if (!ports.models.hasProved(ctx, { modelId: request.modelId, runner }))
    return "a runner that has not proved in this epoch to hold the model's weights";
  const free = ports.runners.freeBond(ctx, runner);
  if (free >= needUaivm) return undefined;
  return `a runner with ${free}uaivm of free bond where ${needUaivm}uaivm must stand`;
}

/**
 * The request with a runner drawn for it by this block's hash, or as it is when nobody is eligible: then it is tried
 * again in every block. The proposer can bias a draw by withholding its block.
 */
export function assign(ctx: Context, ports: InferencePorts, request: Request): Request {
  const needUaivm = bondFor(ctx, ports, request);
  const candidates = ports.models
    .provedRunners(ctx, request.modelId)
    .filter((runner) => whyNotEligible(ctx, ports, { request, runner, needUaivm }) === undefined)
    .map((operator): Candidate => {
      return { operator, stakeUaivm: ports.runners.runner(ctx, operator)?.bondUaivm ?? 0n };
    });
  const seed = assignmentSeed({ requestId: request.id, height: ctx.height, blockHash: ctx.blockHash });
  const assigned = drawByStake(seed, candidates);
  if (assigned === undefined) return request;
  const next = { ...request, assigned, openToAllHeight: openToAllFrom(ctx) };
  emitAssigned(ctx, next);
  return next;
}

/** What time does to requests, at the end of each block. */
import { basisPointsOf } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import { assign } from "./assign.ts";
import type { InferencePorts } from "./ports.ts";
import { expire, reopen } from "./settle.ts";
import { expiredRequests, getParams, setRequest, unassignedRequests, unrevealedRequests } from "./view.ts";

/** Most draws that are tried again in one block. */
const DRAWS_PER_BLOCK = 64;

/** Punishes missing reveals, expires what is too late, draws for what has nobody. */
export function endBlock(ctx: Context, ports: InferencePorts): void {
  for (const request of unrevealedRequests(ctx)) {
    const { committer: operator, lockedUaivm: amountUaivm } = request;
    const burnUaivm = basisPointsOf(amountUaivm, getParams(ctx).unrevealedPenaltyBps);
    ports.runners.releaseBond(ctx, { operator, amountUaivm, burnUaivm });
    reopen(ctx, ports, { request, why: "the commitment was not revealed" });
  }
  for (const request of expiredRequests(ctx))
    expire(ctx, ports, { request, why: "nobody answered in time for the deadline" });
  for (const request of unassignedRequests(ctx, DRAWS_PER_BLOCK)) {
    const next = assign(ctx, ports, request);
    if (next.assigned !== "") setRequest(ctx, next);
  }
}

/** What the module's own files share: the other modules as they see them. */
import type { Context } from "../../context.ts";
import type { DisputePort, ModelPort, OraclePort, Request, RunnerPort } from "../ports.ts";
import { getParams } from "./view.ts";

/** The modules that inference stands on. */
export interface InferencePorts {
  readonly models: ModelPort;
  readonly runners: RunnerPort;
  readonly dispute: DisputePort;
  readonly oracle: OraclePort;
}

/** Bond that stands behind an answer to a request: max(claim bond of the game, value at risk). */
export function bondFor(
  ctx: Context,
  ports: InferencePorts,
  request: Pick<Request, "modelId" | "valueAtRiskUaivm">,
): bigint {
  const claimBond = ports.dispute.claimBond(ctx, request.modelId);
  return claimBond > request.valueAtRiskUaivm ? claimBond : request.valueAtRiskUaivm;
}

/** Height from which every eligible runner may take a request that is assigned now. */
export function openToAllFrom(ctx: Context): bigint {
  return ctx.height + getParams(ctx).assignBlocks;
}

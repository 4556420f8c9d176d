/** Disputes over the sdk: the claim set as the watcher sees it, and the ports of the honest player. */
import { ClaimStatus, DisputeStatus, type Messages } from "../../proto/index.ts";
import { type Client, getDispute } from "../../sdk/index.ts";
import type { ActionPool } from "../core/actionPool.ts";
import type { ClaimFacts } from "../core/decideWatch.ts";
import type { DisputeView, ReadDispute } from "../core/disputeView.ts";
import type { RunnerContext } from "./context.ts";

/** Reads claim sets from the chain. */
export function readDisputeOver(client: Client): ReadDispute {
  return async (requestId) => {
    const answer = await getDispute(client, requestId);
    return answer === undefined ? undefined : toView(answer);
  };
}

function toView(answer: Messages["aivm.dispute.v1.QueryDisputeResponse"]): DisputeView {
  return {
    claims: answer.claims.map(toClaimFacts),
    joinable: answer.joinable && answer.dispute?.status === DisputeStatus.DISPUTE_STATUS_OPEN,
    pendingJoins: answer.joins.map((join) => join.challenger),
  };
}

function toClaimFacts(claim: Messages["aivm.dispute.v1.Claim"]): ClaimFacts {
  return {
    claimants: claim.members.map((member) => member.address),
    outputRoot: claim.outputRoot,
    traceRoot: claim.traceRoot.length === 0 ? undefined : claim.traceRoot,
    alive: claim.status === ClaimStatus.CLAIM_STATUS_ALIVE,
  };
}

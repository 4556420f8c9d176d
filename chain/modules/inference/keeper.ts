/** What other modules may do with requests. */
import { evmOriginRequestId } from "../../../proto/hashes.ts";
import { RequestStatus } from "../../../proto/index.ts";
import { ChainError } from "../../codes.ts";
import type { Context } from "../../context.ts";
import type { EvmRequestFacts, InferencePort, IntakePort, Request } from "../ports.ts";
import { type Admission, type Asker, admit, blankRequest, type Job, openRequest } from "./intake.ts";
import type { InferencePorts } from "./ports.ts";
import { existingRequest, expire, finalize, voidResult } from "./settle.ts";
import { getRequest, getResult, setRequest } from "./view.ts";

/** The keeper. */
export function createInferenceKeeper(ports: InferencePorts): InferencePort & IntakePort {
  return {
    request: getRequest,
    program: (ctx, modelId) => ports.models.program(ctx, modelId),
    model: (ctx, modelId) => ports.models.model(ctx, modelId),
    setStatus: (ctx, requestId, status) => {
      const request = existingRequest(ctx, requestId);
      setRequest(ctx, { ...request, status: RequestStatus[`REQUEST_STATUS_${status}`] });
    },
    finalize: (ctx, survivor) => finalize(ctx, ports, survivor),
    void: (ctx, requestId) => voidResult(ctx, ports, requestId),
    output: (ctx, requestId) => getResult(ctx, requestId)?.output,
    openFromEvm: (ctx, facts) => openFromEvm(ctx, ports, facts),
  };
}

function openFromEvm(ctx: Context, ports: InferencePorts, facts: EvmRequestFacts): Request {
  const { evmChainId, oracle, evmRequestId, requestHash, evmDeadlineS } = facts;
  const { modelId, input, tier, windowMs, maxOutput } = facts;
  const job: Job = {
    modelId,
    input,
    seed: new Uint8Array(),
    maxTokens: 0,
    tier,
    windowMs,
    deadlineMs: evmDeadlineS * 1000n,
    isRelayed: true,
    maxOutput,
  };
  const asker: Asker = {
    id: evmOriginRequestId(facts),
    requester: "",
    origin: { evmChainId, oracle, evmRequestId, requestHash, evmDeadlineS },
    feeUaivm: 0n,
    valueAtRiskUaivm: 0n,
    eagerTrace: false,
  };
  const verdict = judge(ctx, ports, job);
  if (typeof verdict !== "string") return openRequest(ctx, ports, { job, asker, admission: verdict });
  return expire(ctx, ports, { request: blankRequest(ctx, job, asker), why: verdict });
}

/** The admission, or why there is none. */
function judge(ctx: Context, ports: InferencePorts, job: Job): Admission | string {
  try {
    return admit(ctx, ports, job);
  } catch (error) {
    // Running out of gas is the transaction's affair, not the request's.
    if (error instanceof ChainError && error.codespace === "inference") return error.message;
    throw error;
  }
}

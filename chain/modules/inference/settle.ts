/** How a request ends, or begins again: fee split, refund, reopening. */
import { keccak256 } from "../../../proto/evm.ts";
import { ModelStatus, RequestStatus } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { ACCOUNTS, payOut, shift } from "../coins.ts";
import type { FinalizeOutcome, Model, Request, SurvivingClaim } from "../ports.ts";
import { assign } from "./assign.ts";
import { unknownRequest } from "./errors.ts";
import { emitExpired, emitFinal, emitReopened } from "./events.ts";
import { splitFee } from "./math.ts";
import { type InferencePorts, openToAllFrom } from "./ports.ts";
import { deleteResult, getParams, getRequest, type Result, setRequest, setResult } from "./view.ts";

/** The request. @throws inference/unknownRequest */
export function existingRequest(ctx: Context, requestId: Uint8Array): Request {
  const request = getRequest(ctx, requestId);
  if (request === undefined) throw unknownRequest(requestId);
  return request;
}

/** Makes the surviving claim the final result; see InferencePort.finalize. */
export function finalize(ctx: Context, ports: InferencePorts, survivor: SurvivingClaim): FinalizeOutcome {
  const request = existingRequest(ctx, survivor.requestId);
  if (isEnded(request)) return request.status === RequestStatus.REQUEST_STATUS_FINAL ? "FINAL" : "EXPIRED";
  if (ctx.timeMs > request.deadlineMs) {
    expire(ctx, ports, { request, why: "the result came after the deadline" });
    return "EXPIRED";
  }
  const model = ports.models.model(ctx, request.modelId);
  if (model === undefined || model.status !== ModelStatus.MODEL_STATUS_ACTIVE) return "WAIT";
  payFee(ctx, { request, model, claimant: survivor.claimant });
  const result: Result = { ...resultOf(request, survivor), finalHeight: ctx.height };
  setResult(ctx, result);
  setRequest(ctx, { ...request, status: RequestStatus.REQUEST_STATUS_FINAL });
  ports.runners.countFinalJob(ctx, survivor.claimant);
  const { output, outputRoot, payee, tier } = result;
  if (request.origin !== undefined)
    ports.oracle.record(ctx, { request, result: { output, outputRoot, payee, tier } });
  emitFinal(ctx, result);
  return "FINAL";
}

/** No claim survived; see InferencePort.void. */
export function voidResult(ctx: Context, ports: InferencePorts, requestId: Uint8Array): void {
  const request = existingRequest(ctx, requestId);
  if (isEnded(request)) return;
  if (request.reopened >= getParams(ctx).maxReopened) {
    expire(ctx, ports, { request, why: `no claim survived, ${request.reopened + 1} times` });
    return;
  }
  reopen(ctx, ports, { request: { ...request, reopened: request.reopened + 1 }, why: "no claim survived" });
}

/** Opens a request again, without the runner that failed it. */
export function reopen(
  ctx: Context,
  ports: InferencePorts,
  reopening: { readonly request: Request; readonly why: string },
): void {
  const { request, why } = reopening;
  deleteResult(ctx, request.id);
  const open: Request = {
    ...request,
    status: RequestStatus.REQUEST_STATUS_OPEN,
    assigned: "",
    openToAllHeight: openToAllFrom(ctx),
    excluded: [...request.excluded, request.committer],
    committer: "",
    commitment: new Uint8Array(),
    committedHeight: 0n,
    acceptedHeight: 0n,
    acceptedTimeMs: 0n,
    lockedUaivm: 0n,
  };
  emitReopened(ctx, { request: open, why });
  setRequest(ctx, assign(ctx, ports, open));
}

/** Ends a request without a result: the fee goes back, a contract elsewhere is told. */
export function expire(
  ctx: Context,
  ports: InferencePorts,
  expiry: { readonly request: Request; readonly why: string },
): Request {
  const { request, why } = expiry;
  deleteResult(ctx, request.id);
  payOut(ctx, { module: ACCOUNTS.inference, to: request.requester, amountUaivm: request.feeUaivm });
  const ended: Request = { ...request, status: RequestStatus.REQUEST_STATUS_EXPIRED, expiredReason: why };
  setRequest(ctx, ended);
  if (ended.origin !== undefined) ports.oracle.record(ctx, { request: ended });
  emitExpired(ctx, ended);
  return ended;
}

/** A result as its request and its claim imply it, not final yet. */
export function resultOf(request: Request, claim: SurvivingClaim): Result {
  return {
    requestId: request.id,
    modelId: request.modelId,
    inputRoot: request.inputRoot,
    outputRoot: claim.outputRoot,
    output: claim.output,
    outputKeccak: keccak256(claim.output),
    traceRoot: claim.traceRoot ?? new Uint8Array(),
    runner: claim.claimant,
    payee: claim.payee,
    tier: request.tier,
    acceptedHeight: request.acceptedHeight,
    finalHeight: 0n,
  };
}

function isEnded(request: Request): boolean {
  const { REQUEST_STATUS_FINAL, REQUEST_STATUS_EXPIRED } = RequestStatus;
  return request.status === REQUEST_STATUS_FINAL || request.status === REQUEST_STATUS_EXPIRED;
}

function payFee(
  ctx: Context,
  settlement: { readonly request: Request; readonly model: Model; readonly claimant: string },
): void {
  const { request, model, claimant } = settlement;
  const { validatorsBps, auditBps } = getParams(ctx);
  const split = splitFee(request.feeUaivm, { royaltyBps: model.royaltyBps, validatorsBps, auditBps });
  const from = ACCOUNTS.inference;
  payOut(ctx, { module: from, to: claimant, amountUaivm: split.runnerUaivm });
  payOut(ctx, { module: from, to: model.registrar, amountUaivm: split.royaltyUaivm });
  shift(ctx, { from, to: ACCOUNTS.feeCollector, amountUaivm: split.validatorsUaivm });
  shift(ctx, { from, to: ACCOUNTS.auditPool, amountUaivm: split.auditUaivm });
}

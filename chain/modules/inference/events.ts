/** Events of module inference. */
import { bytesToHex } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import type { Request } from "../ports.ts";
import type { Result } from "./view.ts";

/** A request is there. */
export function emitOpened(ctx: Context, request: Request): void {
  ctx.emit("request_opened", [
    ["request_id", bytesToHex(request.id)],
    ["model_id", bytesToHex(request.modelId)],
    ["requester", request.requester],
    ["fee", `${request.feeUaivm}`],
  ]);
}

/** A runner was drawn. */
export function emitAssigned(ctx: Context, request: Request): void {
  ctx.emit("request_assigned", [
    ["request_id", bytesToHex(request.id)],
    ["runner", request.assigned],
  ]);
}

/** A runner committed to an output. */
export function emitCommitted(ctx: Context, request: Request): void {
  ctx.emit("result_committed", [
    ["request_id", bytesToHex(request.id)],
    ["runner", request.committer],
  ]);
}

/** A result was revealed; its window is open. */
export function emitAccepted(ctx: Context, result: Result): void {
  ctx.emit("result_accepted", [
    ["request_id", bytesToHex(result.requestId)],
    ["runner", result.runner],
    ["output_root", bytesToHex(result.outputRoot)],
  ]);
}

/** A result is final. */
export function emitFinal(ctx: Context, result: Result): void {
  ctx.emit("result_final", [
    ["request_id", bytesToHex(result.requestId)],
    ["runner", result.runner],
    ["output_root", bytesToHex(result.outputRoot)],
  ]);
}

/** A request lost its answer and is open again. */
export function emitReopened(
  ctx: Context,
  reopening: { readonly request: Request; readonly why: string },
): void {
  ctx.emit("request_reopened", [
    ["request_id", bytesToHex(reopening.request.id)],
    ["why", reopening.why],
  ]);
}

/** A request ended without a result. */
export function emitExpired(ctx: Context, request: Request): void {
  ctx.emit("request_expired", [
    ["request_id", bytesToHex(request.id)],
    ["why", request.expiredReason],
    ["refund", `${request.feeUaivm}`],
  ]);
}

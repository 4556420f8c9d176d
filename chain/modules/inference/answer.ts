/** Commit and reveal: how a runner answers. */
import { outputRoot, outputsFromBytes, type RegisteredModel } from "../../../aivm/index.ts";
import { bytesToHex, equalBytes, isAivmError } from "../../../common/index.ts";
import { resultCommitment } from "../../../proto/hashes.ts";
import { type Messages, RequestStatus } from "../../../proto/index.ts";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import type { Request } from "../ports.ts";
import { whyNotEligible } from "./assign.ts";
import { inferenceError } from "./errors.ts";
import { emitAccepted, emitCommitted } from "./events.ts";
import { bondFor, type InferencePorts } from "./ports.ts";
import { existingRequest, resultOf } from "./settle.ts";
import { getParams, lastCommitMs, setRequest, setResult } from "./view.ts";

/** Takes a runner's commitment and locks its bond. */
export function commitResult(
  ctx: Context,
  ports: InferencePorts,
  message: Messages["aivm.inference.v1.MsgCommitResult"],
): Messages["aivm.inference.v1.MsgCommitResultResponse"] {
  const { runner, commitment } = message;
  const request = existingRequest(ctx, message.requestId);
  assertOpen(ctx, request);
  const lockedUaivm = bondFor(ctx, ports, request);
  const why = whyNotEligible(ctx, ports, { request, runner, needUaivm: lockedUaivm });
  if (why !== undefined) {
    throw inferenceError("notEligible", {
      what: "runner",
      item: runner,
      want: "a bonded runner that serves the model and has failed this request never",
      got: why,
      remedy: "Register, add bond, or prove the model's weights with MsgServeModel and MsgProveModel.",
    });
  }
  assertTurn(ctx, { request, runner });
  ports.runners.lockBond(ctx, { operator: runner, amountUaivm: lockedUaivm });
  const next: Request = {
    ...request,
    status: RequestStatus.REQUEST_STATUS_COMMITTED,
    committer: runner,
    commitment,
    committedHeight: ctx.height,
    lockedUaivm,
  };
  setRequest(ctx, next);
  emitCommitted(ctx, next);
  return {};
}

/** Takes the output behind a commitment: the chain computes its root and hash, and the window opens. */
export function revealResult(
  ctx: Context,
  ports: InferencePorts,
  message: Messages["aivm.inference.v1.MsgRevealResult"],
): Messages["aivm.inference.v1.MsgRevealResultResponse"] {
  const { runner, salt, output } = message;
  const request = existingRequest(ctx, message.requestId);
  assertRevealable(ctx, request, runner);
  const program = ports.models.program(ctx, request.modelId);
  if (program === undefined) throw new RangeError("a request without its model");
  const root = rootOfOutput(program, output);
  const claimed = resultCommitment({
    requestId: request.id,
    runner: addressBytes(runner),
    salt,
    outputRoot: root,
  });
  if (!equalBytes(claimed, request.commitment)) {
    throw inferenceError("commitmentMismatch", {
      what: "reveal",
      want: `salt and output of commitment ${bytesToHex(request.commitment)}`,
      got: `those of ${bytesToHex(claimed)}`,
      remedy: "Reveal the salt and the output that were committed to.",
    });
  }
  accept(ctx, ports, { request, output, outputRoot: root });
  return { outputRoot: root };
}

function accept(
  ctx: Context,
  ports: InferencePorts,
  answer: { readonly request: Request; readonly output: Uint8Array; readonly outputRoot: Uint8Array },
): void {
  const { output, outputRoot: root } = answer;
  const request: Request = {
    ...answer.request,
    status: RequestStatus.REQUEST_STATUS_ACCEPTED,
    acceptedHeight: ctx.height,
    acceptedTimeMs: ctx.timeMs,
  };
  const { id: requestId, committer: claimant, lockedUaivm: bondUaivm, windowMs } = request;
  const payee = ports.runners.runner(ctx, claimant)?.payee ?? new Uint8Array();
  const claim = { requestId, claimant, payee, output, outputRoot: root };
  const result = resultOf(request, claim);
  setResult(ctx, result);
  setRequest(ctx, request);
  emitAccepted(ctx, result);
  ports.runners.moveToDispute(ctx, { operator: claimant, amountUaivm: bondUaivm });
  ports.dispute.openClaim0(ctx, { ...claim, bondUaivm, windowMs });
}

function assertOpen(ctx: Context, request: Request): void {
  if (request.status !== RequestStatus.REQUEST_STATUS_OPEN) {
    throw inferenceError("notOpen", {
      what: "request",
      item: bytesToHex(request.id),
      want: "one that is OPEN",
      got: `status ${request.status}${request.committer === "" ? "" : `, with ${request.committer}`}`,
      remedy: "Take another request.",
    });
  }
  if (ctx.timeMs <= lastCommitMs(request)) return;
  throw inferenceError("notOpen", {
    what: "request",
    item: bytesToHex(request.id),
    want: `a commitment by ${lastCommitMs(request)} (unix milliseconds), a window before its deadline`,
    got: `${ctx.timeMs}`,
    remedy: "Take another request: this one expires.",
  });
}

function assertTurn(ctx: Context, at: { readonly request: Request; readonly runner: string }): void {
  const { assigned, openToAllHeight } = at.request;
  if (assigned === "" || assigned === at.runner || ctx.height >= openToAllHeight) return;
  throw inferenceError("notAssigned", {
    what: "runner",
    item: at.runner,
    want: `${assigned}, which was drawn, or anybody eligible from height ${openToAllHeight} on`,
    got: `another one at height ${ctx.height}`,
    remedy: "Wait until the request is open to all.",
  });
}

function assertRevealable(ctx: Context, request: Request, runner: string): void {
  const item = bytesToHex(request.id);
  const { status } = request;
  if (status === RequestStatus.REQUEST_STATUS_OPEN) {
    throw inferenceError("noCommitment", {
      what: "reveal",
      item,
      want: "a standing commitment",
      got: "none",
      remedy: "Commit with MsgCommitResult first.",
    });
  }
  if (status !== RequestStatus.REQUEST_STATUS_COMMITTED) {
    throw inferenceError("alreadyRevealed", {
      what: "reveal",
      item,
      want: "the first one for a standing commitment",
      got: `a second one; status ${status}`,
      remedy: "Nothing is left to do: the result is on the chain.",
    });
  }
  if (request.committer !== runner) {
    throw inferenceError("notCommitter", {
      what: "reveal",
      item,
      want: `one by ${request.committer}`,
      got: runner,
      remedy: "Only the runner that committed may reveal.",
    });
  }
  if (ctx.height <= request.committedHeight) {
    throw inferenceError("sameBlock", {
      what: "reveal",
      item,
      want: `height ${request.committedHeight + 1n} or later`,
      got: `${ctx.height}`,
      remedy: "Reveal in a later block than the commitment's.",
    });
  }
  const last = request.committedHeight + getParams(ctx).revealBlocks;
  if (ctx.height <= last) return;
  throw inferenceError("revealTooLate", {
    what: "reveal",
    item,
    want: `height ${last} at the latest`,
    got: `${ctx.height}`,
    remedy: "Reveal sooner: the commitment's penalty is due.",
  });
}

function rootOfOutput(program: RegisteredModel, output: Uint8Array): Uint8Array {
  try {
    return outputRoot(outputsFromBytes(program.program, output));
  } catch (error) {
    if (!isAivmError(error)) throw error;
    const code = error.code === "AIVM_INPUT_LENGTH" ? "outputLength" : "outputRange";
    throw inferenceError(code, error.facts);
  }
}

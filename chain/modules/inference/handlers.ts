/** Messages of module inference. */
import { requestIdOf } from "../../../proto/hashes.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { MessageHandler } from "../../module.ts";
import { ACCOUNTS, pay } from "../coins.ts";
import { txMessage } from "../messages.ts";
import type { Model } from "../ports.ts";
import { commitResult, revealResult } from "./answer.ts";
import { inferenceError } from "./errors.ts";
import { admit, openRequest } from "./intake.ts";
import type { InferencePorts } from "./ports.ts";
import { validateCommit, validateRequest, validateReveal } from "./validate.ts";
import { getParams, peekSequence } from "./view.ts";

/** Handlers of the module. */
export function inferenceMessages(ports: InferencePorts): MessageHandler[] {
  return [
    txMessage("aivm.inference.v1.MsgRequestInference", {
      signer: (message) => message.requester,
      validate: validateRequest,
      handle: (ctx, message) => requestInference(ctx, ports, message),
    }),
    txMessage("aivm.inference.v1.MsgCommitResult", {
      signer: (message) => message.runner,
      validate: validateCommit,
      handle: (ctx, message) => commitResult(ctx, ports, message),
    }),
    txMessage("aivm.inference.v1.MsgRevealResult", {
      signer: (message) => message.runner,
      validate: validateReveal,
      handle: (ctx, message) => revealResult(ctx, ports, message),
    }),
  ];
}

function requestInference(
  ctx: Context,
  ports: InferencePorts,
  message: Messages["aivm.inference.v1.MsgRequestInference"],
): Messages["aivm.inference.v1.MsgRequestInferenceResponse"] {
  const { requester, feeUaivm, valueAtRiskUaivm, eagerTrace } = message;
  const job = { ...message, isRelayed: false, maxOutput: 0 };
  const admission = admit(ctx, ports, job);
  assertFee(ctx, { feeUaivm, model: admission.model });
  pay(ctx, { from: requester, module: ACCOUNTS.inference, amountUaivm: feeUaivm });
  const id = requestIdOf(ctx.chainId, peekSequence(ctx));
  const asker = { id, requester, origin: undefined, feeUaivm, valueAtRiskUaivm, eagerTrace };
  return { requestId: openRequest(ctx, ports, { job, asker, admission }).id };
}

function assertFee(ctx: Context, offer: { readonly feeUaivm: bigint; readonly model: Model }): void {
  const { minFeeUaivm } = getParams(ctx);
  const least = offer.model.feeUaivm > minFeeUaivm ? offer.model.feeUaivm : minFeeUaivm;
  if (offer.feeUaivm >= least) return;
  throw inferenceError("feeTooSmall", {
    what: "fee",
    want: `at least ${least}uaivm for ${offer.model.name}`,
    got: `${offer.feeUaivm}uaivm`,
    remedy: "Offer the model's fee.",
  });
}

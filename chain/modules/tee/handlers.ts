/** Messages of module tee. */
import type { MessageHandler } from "../../module.ts";
import { txMessage } from "../messages.ts";
import type { ModelPort } from "../ports.ts";
import { registerEnclave } from "./enclaves.ts";
import { openPrivateQuery, settlePrivateQuery } from "./privateQueries.ts";
import { validateOpen, validateRegister, validateSettle } from "./validate.ts";

/** Handlers of the module. */
export function teeMessages(models: ModelPort): MessageHandler[] {
  return [
    txMessage("aivm.tee.v1.MsgRegisterEnclave", {
      signer: (message) => message.node,
      validate: validateRegister,
      handle: registerEnclave,
    }),
    txMessage("aivm.tee.v1.MsgOpenPrivateQuery", {
      signer: (message) => message.sender,
      validate: validateOpen,
      handle: (ctx, message) => openPrivateQuery(ctx, models, message),
    }),
    txMessage("aivm.tee.v1.MsgSettlePrivateQuery", {
      signer: (message) => message.sender,
      validate: validateSettle,
      handle: (ctx, message) => settlePrivateQuery(ctx, models, message),
    }),
  ];
}

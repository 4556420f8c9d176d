/** Checks of the module's messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertLength } from "../failures.ts";
import { modelError } from "./errors.ts";

/** @throws sdk/invalidAddress, model/malformed */
export function validateRegister(message: Messages["aivm.model.v1.MsgRegisterModel"]): void {
  assertAddress(message.registrar);
  if (message.program !== undefined) return;
  throw modelError("malformed", {
    what: "program",
    want: "descriptors, constants and metadata",
    got: "nothing",
    remedy: "Send the registration that the compiler wrote.",
  });
}

/** @throws sdk/invalidAddress, model/malformed */
export function validateServing(message: { readonly runner: string; readonly modelId: Uint8Array }): void {
  assertAddress(message.runner);
  assertLength(modelError, "malformed", { what: "model id", bytes: message.modelId, want: [32] });
}

/** Checks of the module's messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertEndpoint, assertLength, assertPositive } from "../failures.ts";
import { runnerError } from "./errors.ts";

/** @throws sdk/invalidAddress, runner/malformed */
export function validateRegister(message: Messages["aivm.runner.v1.MsgRegisterRunner"]): void {
  assertAddress(message.operator);
  assertLength(runnerError, "malformed", { what: "payee", bytes: message.payee, want: [0, 20] });
  assertEndpoint(runnerError, "malformed", message.endpoint);
}

/** @throws sdk/invalidAddress, runner/malformed */
export function validateAmount(message: { readonly operator: string; readonly amountUaivm: bigint }): void {
  assertAddress(message.operator);
  assertPositive(runnerError, "malformed", { what: "amount", amount: message.amountUaivm });
}

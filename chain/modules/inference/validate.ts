/** Checks of the module's messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertLength } from "../failures.ts";
import { inferenceError } from "./errors.ts";

/** @throws sdk/invalidAddress, inference/malformed */
export function validateRequest(message: Messages["aivm.inference.v1.MsgRequestInference"]): void {
  assertAddress(message.requester);
  assertLength(inferenceError, "malformed", { what: "model id", bytes: message.modelId, want: [32] });
  assertLength(inferenceError, "malformed", { what: "seed", bytes: message.seed, want: [0, 32] });
}

/** @throws sdk/invalidAddress, inference/malformed */
export function validateCommit(message: Messages["aivm.inference.v1.MsgCommitResult"]): void {
  assertAddress(message.runner);
  assertLength(inferenceError, "malformed", { what: "request id", bytes: message.requestId, want: [32] });
  assertLength(inferenceError, "malformed", { what: "commitment", bytes: message.commitment, want: [32] });
}

/** @throws sdk/invalidAddress, inference/malformed */
export function validateReveal(message: Messages["aivm.inference.v1.MsgRevealResult"]): void {
  assertAddress(message.runner);
  assertLength(inferenceError, "malformed", { what: "request id", bytes: message.requestId, want: [32] });
  assertLength(inferenceError, "malformed", { what: "salt", bytes: message.salt, want: [32] });
}

/** Checks of the module's messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertEndpoint, assertLength } from "../failures.ts";
import { teeError } from "./errors.ts";

/** Longest evidence: a quote with its certificates. */
const MAX_EVIDENCE_BYTES = 65_536;
/** Enclaves that one query may be sealed to. */
const MAX_KEYS = 8;

/** @throws sdk/invalidAddress, tee/malformed */
export function validateRegister(message: Messages["aivm.tee.v1.MsgRegisterEnclave"]): void {
  assertAddress(message.node);
  assertEndpoint(teeError, "malformed", message.endpoint);
  if (message.evidence.length <= MAX_EVIDENCE_BYTES) return;
  throw teeError("malformed", {
    what: "evidence",
    want: `at most ${MAX_EVIDENCE_BYTES} bytes`,
    got: `${message.evidence.length} bytes`,
    remedy: "Leave out what the verifier does not need.",
  });
}

/** @throws sdk/invalidAddress, tee/malformed */
export function validateOpen(message: Messages["aivm.tee.v1.MsgOpenPrivateQuery"]): void {
  assertAddress(message.sender);
  const fields = [
    ["model id", message.modelId, 32],
    ["input commitment", message.inputCommit, 32],
    ["envelope hash", message.envelopeHash, 32],
    ...message.keyIds.map((keyId) => ["key id", keyId, 16] as const),
  ] as const;
  for (const [what, bytes, length] of fields)
    assertLength(teeError, "malformed", { what, bytes, want: [length] });
  if (message.keyIds.length >= 1 && message.keyIds.length <= MAX_KEYS) return;
  throw teeError("malformed", {
    what: "key ids",
    want: `1 to ${MAX_KEYS} of them`,
    got: `${message.keyIds.length}`,
    remedy: "Name the enclave that the query is sealed to.",
  });
}

/** @throws sdk/invalidAddress */
export function validateSettle(message: Messages["aivm.tee.v1.MsgSettlePrivateQuery"]): void {
  assertAddress(message.sender);
}

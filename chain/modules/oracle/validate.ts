/** Checks of the module's messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertLength } from "../failures.ts";
import { oracleError } from "./errors.ts";

/** @throws sdk/invalidAddress, oracle/malformed */
export function validateObserve(message: Messages["aivm.oracle.v1.MsgObserveRequest"]): void {
  assertAddress(message.observer);
  const fields = [
    ["oracle", message.oracle, 20],
    ["EVM request id", message.evmRequestId, 32],
    ["request hash", message.requestHash, 32],
    ["block hash", message.blockHash, 32],
    ["model id", message.modelId, 32],
  ] as const;
  for (const [what, bytes, length] of fields)
    assertLength(oracleError, "malformed", { what, bytes, want: [length] });
}

/** @throws sdk/invalidAddress, oracle/malformed */
export function validateDestination(message: Messages["aivm.oracle.v1.MsgAddDestination"]): void {
  assertAddress(message.authority);
  const oracle = message.destination?.oracle ?? new Uint8Array();
  assertLength(oracleError, "malformed", { what: "oracle", bytes: oracle, want: [20] });
}

/** @throws sdk/invalidAddress, oracle/malformed */
export function validateReattest(message: Messages["aivm.oracle.v1.MsgReattest"]): void {
  assertAddress(message.sender);
  assertLength(oracleError, "malformed", { what: "request id", bytes: message.requestId, want: [32] });
}

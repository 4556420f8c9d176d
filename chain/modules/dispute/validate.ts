/** Checks of messages that need no state. */
import type { Messages } from "../../../proto/index.ts";
import { assertAddress, assertLength } from "../failures.ts";
import { disputeError } from "./errors.ts";

/** Most parts of one opening: an item, and 2^6 descendants of the tensor root in it. */
const MAX_CHILDREN = 65;

/** @throws ChainError malformed */
export function validateJoin(message: Messages["aivm.dispute.v1.MsgJoin"]): void {
  assertAddress(message.challenger);
  fixed("request id", message.requestId, [32]);
  fixed("commitment", message.commitment, [32]);
}

/** @throws ChainError malformed */
export function validateReveal(message: Messages["aivm.dispute.v1.MsgRevealJoin"]): void {
  assertAddress(message.challenger);
  fixed("request id", message.requestId, [32]);
  fixed("trace root", message.traceRoot, [32]);
  fixed("salt", message.salt, [32]);
  fixed("payee", message.payee, [0, 20]);
}

/** @throws ChainError malformed */
export function validateTraceRoot(message: Messages["aivm.dispute.v1.MsgPostTraceRoot"]): void {
  assertAddress(message.signer);
  fixed("request id", message.requestId, [32]);
  fixed("trace root", message.traceRoot, [32]);
  bounded("children", message.children.length);
}

/** @throws ChainError malformed */
export function validateMatchMove(message: {
  readonly sender: string;
  readonly matchId: Uint8Array;
  readonly children?: readonly Uint8Array[];
  readonly nextChildren?: readonly Uint8Array[];
}): void {
  assertAddress(message.sender);
  fixed("match id", message.matchId, [32]);
  bounded("children", message.children?.length ?? 0);
  bounded("next children", message.nextChildren?.length ?? 0);
}

function fixed(what: string, bytes: Uint8Array, want: readonly number[]): void {
  assertLength(disputeError, "malformed", { what, bytes, want });
}

function bounded(what: string, count: number): void {
  if (count <= MAX_CHILDREN) return;
  throw disputeError("malformed", {
    what,
    want: `at most ${MAX_CHILDREN}`,
    got: `${count}`,
    remedy: "Open one node at a time.",
  });
}

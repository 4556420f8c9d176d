/** Messages of module oracle. */
import { bytesToHex } from "../../../common/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { MessageHandler } from "../../module.ts";
import { txMessage } from "../messages.ts";
import type { IntakePort } from "../ports.ts";
import { oracleError } from "./errors.ts";
import { emitDestination } from "./events.ts";
import { addLeaf } from "./keeper.ts";
import { observeRequest } from "./observe.ts";
import { validateDestination, validateObserve, validateReattest } from "./validate.ts";
import { getLeaf, getParams, pendingLeaves, setDestination } from "./view.ts";

/** Handlers of the module. */
export function oracleMessages(intake: IntakePort): MessageHandler[] {
  return [
    txMessage("aivm.oracle.v1.MsgObserveRequest", {
      signer: (message) => message.observer,
      validate: validateObserve,
      handle: (ctx, message) => observeRequest(ctx, intake, message),
    }),
    txMessage("aivm.oracle.v1.MsgAddDestination", {
      signer: (message) => message.authority,
      validate: validateDestination,
      handle: addDestination,
    }),
    txMessage("aivm.oracle.v1.MsgReattest", {
      signer: (message) => message.sender,
      validate: validateReattest,
      handle: reattest,
    }),
  ];
}

function addDestination(
  ctx: Context,
  { authority, destination }: Messages["aivm.oracle.v1.MsgAddDestination"],
): Messages["aivm.oracle.v1.MsgAddDestinationResponse"] {
  if (authority !== getParams(ctx).authority) {
    throw oracleError("notTheAuthority", {
      what: "authority",
      want: getParams(ctx).authority || "nobody: this chain's genesis names none",
      got: authority,
      remedy: "Ask the authority to add the contract.",
    });
  }
  if (destination === undefined) throw new RangeError("validated before");
  setDestination(ctx, destination);
  emitDestination(ctx, destination);
  return {};
}

/** A second wish in one block is fulfilled already. */
function reattest(
  ctx: Context,
  { requestId }: Messages["aivm.oracle.v1.MsgReattest"],
): Messages["aivm.oracle.v1.MsgReattestResponse"] {
  const leaf = getLeaf(ctx, requestId);
  if (leaf === undefined) {
    throw oracleError("noRecord", {
      what: "record",
      item: bytesToHex(requestId),
      want: "a request of an EVM chain that is FINAL or EXPIRED",
      got: "none",
      remedy: "Wait until the request has ended.",
    });
  }
  const waits = pendingLeaves(ctx).some((other) => bytesToHex(other.aivmRequestId) === bytesToHex(requestId));
  if (!waits) addLeaf(ctx, leaf);
  return {};
}

import type { EncodeObject } from "@cosmjs/proto-signing";
import { BASE_DENOM } from "../../common/index.ts";

/** A transfer of `amountUaivm` between two bech32 addresses. */
export function sendMessageOf(transfer: {
  readonly from: string;
  readonly to: string;
  readonly amountUaivm: bigint;
}): EncodeObject {
  return {
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    value: {
      fromAddress: transfer.from,
      toAddress: transfer.to,
      amount: [{ denom: BASE_DENOM, amount: transfer.amountUaivm.toString() }],
    },
  };
}

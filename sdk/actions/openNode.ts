import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgOpenNode";

/** A move: the children of the current node of one claim. Anyone may make it for any claim. @throws as `sendTx` */
export function openNode(
  client: Client,
  options: TxOptions & { readonly move: Omit<Messages[typeof NAME], "sender"> },
): Promise<Sent<typeof NAME>> {
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { sender: options.signer.address, ...options.move },
  });
}

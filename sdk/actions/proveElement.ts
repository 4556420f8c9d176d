import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgProveElement";

/** The last move: the witness of the disputed element, from which the chain recomputes it. @throws as `sendTx` */
export function proveElement(
  client: Client,
  options: TxOptions & { readonly move: Omit<Messages[typeof NAME], "sender"> },
): Promise<Sent<typeof NAME>> {
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { sender: options.signer.address, ...options.move },
  });
}

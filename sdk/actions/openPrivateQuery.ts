import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.tee.v1.MsgOpenPrivateQuery";

/** Escrows the fee of a private query; carries commitments only, never the input. @throws as `sendTx` */
export function openPrivateQuery(
  client: Client,
  options: TxOptions & { readonly query: Omit<Messages[typeof NAME], "sender"> },
): Promise<Sent<typeof NAME>> {
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { sender: options.signer.address, ...options.query },
  });
}

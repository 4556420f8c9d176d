import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.oracle.v1.MsgReattest";

/** Puts a final record into the next results root, so that the present signers sign it. @throws as `sendTx` */
export function reattest(
  client: Client,
  options: TxOptions & { readonly requestId: Uint8Array },
): Promise<Sent<typeof NAME>> {
  const value = { sender: options.signer.address, requestId: options.requestId };
  return sendMessage(client, { ...options, name: NAME, value });
}

import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.tee.v1.MsgSettlePrivateQuery";

/** Brings an enclave's receipt; anyone may. @throws as `sendTx` */
export function settlePrivateQuery(
  client: Client,
  options: TxOptions & { readonly receipt: Uint8Array },
): Promise<Sent<typeof NAME>> {
  const value = { sender: options.signer.address, receipt: options.receipt };
  return sendMessage(client, { ...options, name: NAME, value });
}

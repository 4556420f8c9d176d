import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgTimeout";

/** Ends a match in which a clock has run out. @throws as `sendTx` */
export function claimTimeout(
  client: Client,
  options: TxOptions & { readonly matchId: Uint8Array },
): Promise<Sent<typeof NAME>> {
  const value = { sender: options.signer.address, matchId: options.matchId };
  return sendMessage(client, { ...options, name: NAME, value });
}

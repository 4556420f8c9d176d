import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgRevealJoin";

/** Shows the rival claim: its output, and that its trace begins at the chain's input root and ends at that output.
 * @throws as `sendTx` */
export function revealJoin(
  client: Client,
  options: TxOptions & { readonly claim: Omit<Messages[typeof NAME], "challenger"> },
): Promise<Sent<typeof NAME>> {
  const value = { challenger: options.signer.address, ...options.claim };
  return sendMessage(client, { ...options, name: NAME, value });
}

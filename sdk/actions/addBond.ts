import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.runner.v1.MsgAddBond";

/** Adds to the bond of the signer, a registered runner. @throws as `sendTx` */
export function addBond(
  client: Client,
  options: TxOptions & { readonly amountUaivm: bigint },
): Promise<Sent<typeof NAME>> {
  const value = { operator: options.signer.address, amountUaivm: options.amountUaivm };
  return sendMessage(client, { ...options, name: NAME, value });
}

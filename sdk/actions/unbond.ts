import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.runner.v1.MsgUnbond";

/** Takes unlocked bond out; the answer says when it is paid. @throws as `sendTx` */
export function unbond(
  client: Client,
  options: TxOptions & { readonly amountUaivm: bigint },
): Promise<Sent<typeof NAME>> {
  const value = { operator: options.signer.address, amountUaivm: options.amountUaivm };
  return sendMessage(client, { ...options, name: NAME, value });
}

import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.oracle.v1.MsgObserveRequest";

/** States that an EVM chain holds a request; the signer is a validator's observer. @throws as `sendTx` */
export function observeRequest(
  client: Client,
  options: TxOptions & { readonly observation: Omit<Messages[typeof NAME], "observer"> },
): Promise<Sent<typeof NAME>> {
  const value = { observer: options.signer.address, ...options.observation };
  return sendMessage(client, { ...options, name: NAME, value });
}

import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgPostTraceRoot";

/** Posts the trace root of claim 0, whose author the signer is. @throws as `sendTx` */
export function postTraceRoot(
  client: Client,
  options: TxOptions & { readonly move: Omit<Messages[typeof NAME], "signer"> },
): Promise<Sent<typeof NAME>> {
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { signer: options.signer.address, ...options.move },
  });
}

import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.inference.v1.MsgRevealResult";

/** Shows the committed output, in a later block than the commitment. The answer has the output root that the chain
 * computed. @throws as `sendTx` */
export function revealResult(
  client: Client,
  options: TxOptions & {
    readonly requestId: Uint8Array;
    readonly salt: Uint8Array;
    readonly output: Uint8Array;
  },
): Promise<Sent<typeof NAME>> {
  const { requestId, salt, output } = options;
  const value = { runner: options.signer.address, requestId, salt, output };
  return sendMessage(client, { ...options, name: NAME, value });
}

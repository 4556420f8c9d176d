import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.model.v1.MsgServeModel";

/** Declares that the signer, a registered runner, serves the model; the chain then draws a chunk to open.
 * @throws as `sendTx` */
export function serveModel(
  client: Client,
  options: TxOptions & { readonly modelId: Uint8Array },
): Promise<Sent<typeof NAME>> {
  const value = { runner: options.signer.address, modelId: options.modelId };
  return sendMessage(client, { ...options, name: NAME, value });
}

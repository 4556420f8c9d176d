import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.model.v1.MsgProveModel";

/** Opens the weight chunk that the chain drew. `chunk` its bytes, `path` the siblings from the leaf up.
 * @throws as `sendTx` */
export function proveModel(
  client: Client,
  options: TxOptions & {
    readonly modelId: Uint8Array;
    readonly chunk: Uint8Array;
    readonly path: readonly Uint8Array[];
  },
): Promise<Sent<typeof NAME>> {
  const { modelId, chunk, path } = options;
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { runner: options.signer.address, modelId, chunk, path },
  });
}

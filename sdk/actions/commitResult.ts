import type { Client } from "../client.ts";
import { commitmentOf } from "../messages/inference.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.inference.v1.MsgCommitResult";

/** Commits the signer, a runner, to an output. Keep `salt` safe on disk before calling this: without it the result
 * can not be revealed and the bond is penalised. @throws as `sendTx` */
export function commitResult(
  client: Client,
  options: TxOptions & {
    readonly requestId: Uint8Array;
    readonly salt: Uint8Array;
    readonly outputRoot: Uint8Array;
  },
): Promise<Sent<typeof NAME>> {
  const { requestId, salt, outputRoot } = options;
  const runner = options.signer.address;
  const commitment = commitmentOf({ runner, requestId, salt, outputRoot });
  return sendMessage(client, { ...options, name: NAME, value: { runner, requestId, commitment } });
}

import type { Client } from "../client.ts";
import { joinCommitmentOf } from "../messages/dispute.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgJoin";

/** Commits the signer to a rival claim and takes its bond. Keep `salt` safe on disk before calling this.
 * @throws as `sendTx` */
export function joinDispute(
  client: Client,
  options: TxOptions & {
    readonly requestId: Uint8Array;
    readonly outputRoot: Uint8Array;
    readonly traceRoot: Uint8Array;
    readonly salt: Uint8Array;
  },
): Promise<Sent<typeof NAME>> {
  const { requestId, outputRoot, traceRoot, salt } = options;
  const challenger = options.signer.address;
  const commitment = joinCommitmentOf({ challenger, requestId, outputRoot, traceRoot, salt });
  return sendMessage(client, { ...options, name: NAME, value: { challenger, requestId, commitment } });
}

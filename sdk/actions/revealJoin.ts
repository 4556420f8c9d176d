import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgRevealJoin";
type SlotOpening = Messages["aivm.dispute.v1.SlotOpening"];

/** Shows the rival claim: its output, and that its trace begins at the chain's input root and ends at that output.
 * @throws as `sendTx` */
export function revealJoin(
  client: Client,
  options: TxOptions & {
    readonly requestId: Uint8Array;
    readonly output: Uint8Array;
    readonly traceRoot: Uint8Array;
    readonly salt: Uint8Array;
    readonly inputSlot: SlotOpening;
    readonly outputSlot: SlotOpening;
    readonly payee?: Uint8Array;
  },
): Promise<Sent<typeof NAME>> {
  const { requestId, output, traceRoot, salt, inputSlot, outputSlot, payee } = options;
  const challenger = options.signer.address;
  const value = { challenger, requestId, output, traceRoot, salt, inputSlot, outputSlot, payee };
  return sendMessage(client, { ...options, name: NAME, value });
}

import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.dispute.v1.MsgPostTraceRoot";
type SlotOpening = Messages["aivm.dispute.v1.SlotOpening"];

/** Posts the trace root of claim 0, whose author the signer is. @throws as `sendTx` */
export function postTraceRoot(
  client: Client,
  options: TxOptions & {
    readonly requestId: Uint8Array;
    readonly traceRoot: Uint8Array;
    readonly inputSlot: SlotOpening;
    readonly outputSlot: SlotOpening;
  },
): Promise<Sent<typeof NAME>> {
  const { requestId, traceRoot, inputSlot, outputSlot } = options;
  const value = { signer: options.signer.address, requestId, traceRoot, inputSlot, outputSlot };
  return sendMessage(client, { ...options, name: NAME, value });
}

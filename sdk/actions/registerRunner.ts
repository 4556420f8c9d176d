import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.runner.v1.MsgRegisterRunner";

/** Registers the signer as a runner with a bond. @throws as `sendTx` */
export function registerRunner(
  client: Client,
  options: TxOptions & {
    readonly bondUaivm: bigint;
    /** EVM address (20 bytes) for work fees of requests from EVM chains. */
    readonly payee?: Uint8Array;
    /** URL where artifacts and blobs are served. */
    readonly endpoint?: string;
  },
): Promise<Sent<typeof NAME>> {
  const { bondUaivm, payee, endpoint } = options;
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { operator: options.signer.address, bondUaivm, payee, endpoint },
  });
}

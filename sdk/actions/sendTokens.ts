import type { Client } from "../client.ts";
import { sendMessageOf } from "../messages/bank.ts";
import type { TxResult } from "../tx/result.ts";
import { sendTx, type TxOptions } from "../tx/sendTx.ts";

/** Transfers uaivm from the signer. @throws as `sendTx` */
export function sendTokens(
  client: Client,
  options: TxOptions & { readonly to: string; readonly amountUaivm: bigint },
): Promise<TxResult> {
  const { to, amountUaivm } = options;
  return sendTx(client, {
    ...options,
    messages: [sendMessageOf({ from: options.signer.address, to, amountUaivm })],
  });
}

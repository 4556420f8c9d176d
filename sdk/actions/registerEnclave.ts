import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.tee.v1.MsgRegisterEnclave";

/** Registers the attested keys of an enclave; the signer is its node. @throws as `sendTx` */
export function registerEnclave(
  client: Client,
  options: TxOptions & { readonly enclave: Omit<Messages[typeof NAME], "node"> },
): Promise<Sent<typeof NAME>> {
  return sendMessage(client, {
    ...options,
    name: NAME,
    value: { node: options.signer.address, ...options.enclave },
  });
}

/** One message of ours in one transaction, and its typed answer: what most actions are. */
import { decodeMessage, type Loose, type Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { sdkError } from "../errors/errors.ts";
import { message, type ResponseNameOf, responseNameOf, type TxMessageName } from "../messages/message.ts";
import type { TxResult } from "./result.ts";
import { sendTx, type TxOptions } from "./sendTx.ts";

/** A successful transaction of one message and what the chain answered to it. */
export interface Sent<N extends TxMessageName> {
  readonly tx: TxResult;
  readonly response: Messages[ResponseNameOf<N>];
}

/** Sends one message and waits for its block. @throws as `sendTx`, SDK_VERIFY when the answer is of another type */
export async function sendMessage<N extends TxMessageName>(
  client: Client,
  options: TxOptions & { readonly name: N; readonly value: Loose<Messages[N]> },
): Promise<Sent<N>> {
  const tx = await sendTx(client, { ...options, messages: [message(options.name, options.value)] });
  return { tx, response: responseOf(tx, options.name, 0) };
}

/** Answer to message `index` of a transaction, which is of type `name`. @throws SDK_VERIFY */
export function responseOf<N extends TxMessageName>(
  tx: TxResult,
  name: N,
  index: number,
): Messages[ResponseNameOf<N>] {
  const responseName = responseNameOf(name);
  const found = tx.responses[index];
  if (found?.typeUrl === `/${responseName}`) return decodeMessage(responseName, found.value);
  throw sdkError("SDK_VERIFY", {
    what: `answer ${index} of transaction ${tx.hash}`,
    want: responseName,
    got: found?.typeUrl ?? "none",
    remedy: "Use the client of the chain's version.",
  });
}

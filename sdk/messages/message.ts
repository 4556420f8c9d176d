/** Typed messages: a name of the schema and its value. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import { isMessageName, type Loose, type MessageName, type Messages } from "../../proto/index.ts";

/** Full names of the messages that a transaction can carry. */
export type TxMessageName = Exclude<
  Extract<MessageName, `aivm.${string}.v1.Msg${string}`>,
  `${string}Response`
>;

/** Full name of the answer to message `N`. */
export type ResponseNameOf<N extends TxMessageName> = `${N}Response` & MessageName;

/** Message `name` for a transaction; fields that are left out take their defaults. */
export function message<N extends TxMessageName>(name: N, value: Loose<Messages[N]>): EncodeObject {
  return { typeUrl: `/${name}`, value };
}

/** Full name of the answer to message `name`. @throws TypeError when the schema has none */
export function responseNameOf<N extends TxMessageName>(name: N): ResponseNameOf<N> {
  const response = `${name}Response`;
  if (!isMessageName(response)) throw new TypeError(`no message ${response}`);
  return response as ResponseNameOf<N>;
}

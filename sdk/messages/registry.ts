/** Our messages as CosmJS types, made from the schema: a message that is added to a .proto file is signable here. */
import { type GeneratedType, Registry } from "@cosmjs/proto-signing";
import { BinaryWriter } from "cosmjs-types/binary";
import { MsgMultiSend, MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { descriptor } from "../../proto/gen/descriptor.ts";
import {
  decodeMessage,
  encodeMessage,
  isMessageName,
  type Loose,
  type MessageName,
  type Messages,
} from "../../proto/index.ts";

/** The shape of a type that CosmJS' Registry takes, for one message of ours. */
export interface AivmGeneratedType<N extends MessageName> {
  readonly typeUrl: string;
  readonly encode: (message: Loose<Messages[N]>) => BinaryWriter;
  readonly decode: (bytes: Uint8Array) => Messages[N];
  readonly fromPartial: (message: Loose<Messages[N]>) => Loose<Messages[N]>;
}

/** CosmJS type of a message of ours; its encoding is the canonical one of proto/codec.ts. */
export function generatedTypeOf<N extends MessageName>(name: N): AivmGeneratedType<N> {
  return {
    typeUrl: `/${name}`,
    encode: (message) => {
      const bytes = encodeMessage(name, message);
      return Object.assign(new BinaryWriter(), { finish: () => bytes });
    },
    decode: (bytes) => decodeMessage(name, bytes),
    fromPartial: (message) => message,
  };
}

/** Every message of ours that a transaction can carry, by type URL. */
export function aivmTypes(): [string, GeneratedType][] {
  return messageNames(descriptor)
    .filter((name) => /^aivm\.[a-z]+\.v1\.Msg[A-Za-z]+$/.test(name) && !name.endsWith("Response"))
    .map((name) => [`/${name}`, generatedTypeOf(name)]);
}

/** A registry that knows our messages and bank transfers; hand it to any CosmJS signing client. */
export function createRegistry(): Registry {
  return new Registry([
    ["/cosmos.bank.v1beta1.MsgSend", MsgSend],
    ["/cosmos.bank.v1beta1.MsgMultiSend", MsgMultiSend],
    ...aivmTypes(),
  ]);
}

/** Full names of the messages in a protobufjs JSON descriptor, depth first. */
function messageNames(node: object, path = ""): MessageName[] {
  if (!("nested" in node) || typeof node.nested !== "object" || node.nested === null) return [];
  return Object.entries(node.nested).flatMap(([key, child]) => {
    const name = path === "" ? key : `${path}.${key}`;
    return [...(isMessageName(name) ? [name] : []), ...messageNames(child, name)];
  });
}

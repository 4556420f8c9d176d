/** Transactions as bytes: strict decoding (ADR-027, no unknown fields) into what the ante chain and the modules need. */

import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import { equalBytes } from "../../common/index.ts";
import { ChainError, SDK_CODES } from "../codes.ts";
import type { MessageHandler } from "../module.ts";

/** One message with its handler and decoded form. */
export interface DecodedMessage {
  readonly handler: MessageHandler;
  readonly message: unknown;
}

/** A decoded transaction. */
export interface DecodedTx {
  readonly raw: TxRaw;
  readonly body: TxBody;
  readonly authInfo: AuthInfo;
  readonly messages: readonly DecodedMessage[];
  /** Bech32, in signing order: the messages' signers by first appearance, then the fee payer. */
  readonly signers: readonly string[];
  readonly byteLength: number;
}

/** Finds the handler of a message type. */
export type FindHandler = (typeUrl: string) => MessageHandler | undefined;

/**
 * Decodes `bytes`.
 * @throws ChainError tx parse (sdk 2), unknown request (sdk 6: no handler), invalid address (sdk 7)
 */
export function decodeTx(bytes: Uint8Array, find: FindHandler): DecodedTx {
  const raw = canonical("TxRaw", TxRaw, bytes);
  const body = canonical("TxBody", TxBody, raw.bodyBytes);
  const authInfo = canonical("AuthInfo", AuthInfo, raw.authInfoBytes);
  if (body.messages.length === 0)
    throw invalidRequest("transaction", "at least one message", "none", "must contain at least one message");
  const messages = body.messages.map((any) => decodeMessageAny(any, find));
  const payer = authInfo.fee?.payer ?? "";
  const named = messages.flatMap(({ handler, message }) => handler.signers(message));
  const signers = [...new Set(payer === "" ? named : [...named, payer])];
  return { raw, body, authInfo, messages, signers, byteLength: bytes.length };
}

/** The account that pays: the fee's payer, or the first signer. */
export function feePayer(tx: DecodedTx): string {
  return tx.authInfo.fee?.payer || (tx.signers[0] ?? "");
}

/** A malformed request (sdk 18). */
export function invalidRequest(what: string, want: string, got: string, log: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.invalidRequest,
      code: "CHAIN_INVALID_REQUEST",
      log: `${log}: invalid request`,
    },
    { what, want, got, remedy: "Build the transaction with a Cosmos client." },
  );
}

function decodeMessageAny(any: Any, find: FindHandler): DecodedMessage {
  const handler = find(any.typeUrl);
  if (handler === undefined) {
    throw new ChainError(
      {
        codespace: "sdk",
        abciCode: SDK_CODES.unknownRequest,
        code: "CHAIN_UNKNOWN_MESSAGE",
        log: `no message handler found for ${any.typeUrl}: unknown request`,
      },
      {
        what: "message type",
        want: "one that the chain has a handler for",
        got: any.typeUrl,
        remedy: "Check the type URL.",
      },
    );
  }
  try {
    return { handler, message: handler.decode(any.value) };
  } catch (error) {
    if (error instanceof ChainError) throw error;
    throw parseError(any.typeUrl, error);
  }
}

function canonical<T>(
  name: string,
  codec: { decode(bytes: Uint8Array): T; encode(value: T): { finish(): Uint8Array } },
  bytes: Uint8Array,
): T {
  let value: T;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    throw parseError(name, error);
  }
  if (!equalBytes(codec.encode(value).finish(), bytes))
    throw parseError(name, new Error("not the canonical encoding"));
  return value;
}

function parseError(name: string, error: unknown): ChainError {
  const reason = error instanceof Error ? error.message : "malformed";
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.txDecode,
      code: "CHAIN_TX_DECODE",
      log: `${name}: ${reason}: tx parse error`,
    },
    {
      what: name,
      want: "canonical protobuf without unknown fields",
      got: reason,
      remedy: "Build the transaction with a Cosmos client.",
    },
  );
}

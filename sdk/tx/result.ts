/** What became of a transaction that is in a block. */
import type { comet38 } from "@cosmjs/tendermint-rpc";
import { TxMsgData } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import { bytesToHex } from "../../common/index.ts";
import { ChainAnswerError } from "../errors/errors.ts";

/** An event as the chain emitted it: its type and its attributes in order. */
export interface ChainEvent {
  readonly type: string;
  readonly attributes: readonly { readonly key: string; readonly value: string }[];
}

/** A transaction in a block. */
export interface TxResult {
  /** Upper-case hex. */
  readonly hash: string;
  readonly height: bigint;
  /** 0 = success. */
  readonly code: number;
  readonly codespace: string;
  readonly log: string;
  readonly gasUsed: bigint;
  readonly gasWanted: bigint;
  readonly events: readonly ChainEvent[];
  /** Answers of its messages, in order. */
  readonly responses: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];
  /** The signed bytes. */
  readonly bytes: Uint8Array;
}

/** The node's answer as a result, whether or not the transaction succeeded. */
export function toTxResult(tx: comet38.TxResponse): TxResult {
  const { result } = tx;
  return {
    hash: bytesToHex(tx.hash).toUpperCase(),
    height: BigInt(tx.height),
    code: result.code,
    codespace: result.codespace ?? "",
    log: result.log ?? "",
    gasUsed: result.gasUsed,
    gasWanted: result.gasWanted,
    events: result.events,
    responses: result.code === 0 ? TxMsgData.decode(result.data ?? new Uint8Array()).msgResponses : [],
    bytes: tx.tx,
  };
}

/** The result. @throws SDK_TX_FAILED when the transaction failed in its block */
export function requireSuccess(tx: TxResult): TxResult {
  if (tx.code === 0) return tx;
  throw new ChainAnswerError("SDK_TX_FAILED", `transaction ${tx.hash} in block ${tx.height}`, {
    chainCode: tx.code,
    codespace: tx.codespace,
    log: tx.log,
    txHash: tx.hash,
  });
}

/** Value of the first attribute `key` of the first event `type`, or undefined. */
export function eventAttribute(tx: TxResult, type: string, key: string): string | undefined {
  for (const event of tx.events) {
    if (event.type !== type) continue;
    const found = event.attributes.find((attribute) => attribute.key === key);
    if (found !== undefined) return found.value;
  }
  return undefined;
}

/** Handing signed bytes to the node, in such a way that handing them over twice is the same as once. */

import { hexToBytes } from "../../common/index.ts";
import type { Client } from "../client.ts";
import { CODE_TX_IN_MEMPOOL, CODE_WRONG_SEQUENCE, ROOT_CODESPACE } from "../errors/chainCodes.ts";
import { ChainAnswerError, isChainAnswer } from "../errors/errors.ts";
import { whileUnreachable } from "../poll.ts";
import { RpcAnswerError } from "../transport.ts";
import { type TxResult, toTxResult } from "./result.ts";
import type { SignedTx } from "./sign.ts";

/**
 * Hands `tx` over once. Bytes that the node already holds, or that are already in a block, count as taken.
 * @throws SDK_TX_REJECTED, SDK_UNREACHABLE, SDK_RPC
 */
export async function broadcastOnce(client: Client, tx: SignedTx): Promise<void> {
  try {
    const answer = await client.comet.broadcastTxSync({ tx: tx.bytes });
    if (answer.code === 0) return;
    if (answer.code === CODE_TX_IN_MEMPOOL && answer.codespace === ROOT_CODESPACE) return;
    throw new ChainAnswerError("SDK_TX_REJECTED", `transaction ${tx.hash}`, {
      chainCode: answer.code,
      codespace: answer.codespace ?? "",
      log: answer.log ?? "",
      txHash: tx.hash,
    });
  } catch (error) {
    if (error instanceof RpcAnswerError && /already exists in cache/.test(error.data)) return;
    if (isWrongSequence(error) && (await lookUpTx(client, tx.hash)) !== undefined) return;
    throw error;
  }
}

/** Like `broadcastOnce`, patient with a node that can not be reached. @throws as it does */
export function broadcast(client: Client, tx: SignedTx, deadlineMs: number): Promise<void> {
  return whileUnreachable(client, {
    what: `node to take transaction ${tx.hash}`,
    deadlineMs,
    call: () => broadcastOnce(client, tx),
  });
}

/** The transaction with that hash (hex) if it is in a block, successful or not. @throws SDK_UNREACHABLE, SDK_RPC */
export async function lookUpTx(client: Client, hash: string): Promise<TxResult | undefined> {
  try {
    return toTxResult(await client.comet.tx({ hash: hexToBytes(hash) }));
  } catch (error) {
    if (error instanceof RpcAnswerError && /not found/.test(error.data)) return undefined;
    throw error;
  }
}

/** True when the chain said that the sequence was not the account's next one. */
export function isWrongSequence(error: unknown): error is ChainAnswerError {
  return isChainAnswer(error, ROOT_CODESPACE, CODE_WRONG_SEQUENCE);
}

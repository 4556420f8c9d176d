import type { Client } from "../client.ts";
import { lookUpTx } from "../tx/broadcast.ts";
import type { TxResult } from "../tx/result.ts";

/** The transaction with that hash (hex), successful or not, or undefined when no block has it. @throws SDK_UNREACHABLE */
export function findTx(client: Client, hash: string): Promise<TxResult | undefined> {
  return lookUpTx(client, hash);
}

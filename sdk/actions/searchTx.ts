import type { Client } from "../client.ts";
import { type TxResult, toTxResult } from "../tx/result.ts";

/** Results per page of `searchTx`. */
const PER_PAGE = 100;

/** Transactions whose events match a CometBFT query such as `message.action='...' AND tx.height>5`, oldest first.
 * @throws SDK_RPC for a query that does not parse */
export async function searchTx(client: Client, query: string): Promise<TxResult[]> {
  const found: TxResult[] = [];
  for (let page = 1; ; page++) {
    const { txs, totalCount } = await client.comet.txSearch({
      query,
      page,
      per_page: PER_PAGE,
      order_by: "asc",
    });
    found.push(...txs.map(toTxResult));
    if (txs.length === 0 || found.length >= totalCount) return found;
  }
}

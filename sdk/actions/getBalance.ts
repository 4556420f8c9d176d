import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { BASE_DENOM } from "../../common/index.ts";
import type { Client } from "../client.ts";
import { queryRaw } from "../query.ts";

/** Balance of a bech32 address in uaivm; 0 for an account that does not exist. @throws SDK_UNREACHABLE */
export async function getBalance(client: Client, address: string): Promise<bigint> {
  const request = QueryBalanceRequest.fromPartial({ address, denom: BASE_DENOM });
  const answer = await queryRaw(
    client,
    "/cosmos.bank.v1beta1.Query/Balance",
    QueryBalanceRequest.encode(request).finish(),
  );
  return BigInt(QueryBalanceResponse.decode(answer).balance?.amount ?? "0");
}

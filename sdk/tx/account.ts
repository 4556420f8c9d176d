/** The account state that signing needs. */
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { QueryAccountRequest, QueryAccountResponse } from "cosmjs-types/cosmos/auth/v1beta1/query";
import type { Client } from "../client.ts";
import { sdkError } from "../errors/errors.ts";
import { isNotFound, queryRaw } from "../query.ts";
import type { AccountState } from "./sequencer.ts";

/** The account at `address`, or undefined when it has never received coins. @throws SDK_UNREACHABLE */
export async function readAccount(client: Client, address: string): Promise<AccountState | undefined> {
  const request = QueryAccountRequest.encode(QueryAccountRequest.fromPartial({ address })).finish();
  try {
    const answer = await queryRaw(client, "/cosmos.auth.v1beta1.Query/Account", request);
    const { account } = QueryAccountResponse.decode(answer);
    if (account?.typeUrl !== "/cosmos.auth.v1beta1.BaseAccount") return undefined;
    const { accountNumber, sequence } = BaseAccount.decode(account.value);
    return { accountNumber, sequence };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The account at `address`. @throws SDK_NOT_FOUND, SDK_UNREACHABLE */
export async function requireAccount(client: Client, address: string): Promise<AccountState> {
  const account = await readAccount(client, address);
  if (account !== undefined) return account;
  throw sdkError("SDK_NOT_FOUND", {
    what: "account",
    item: address,
    want: "an account on this chain",
    got: "none",
    remedy: "Send it some uaivm first; an account exists once it has received coins.",
  });
}

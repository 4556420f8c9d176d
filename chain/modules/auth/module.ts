/** Module `auth`: accounts. */
import {
  QueryAccountRequest,
  QueryAccountResponse,
  QueryAccountsRequest,
  QueryAccountsResponse,
  QueryParamsRequest,
  QueryParamsResponse,
} from "cosmjs-types/cosmos/auth/v1beta1/query";
import { ChainError, SDK_CODES } from "../../codes.ts";
import type { Module } from "../../module.ts";
import { AUTH_STORE, accountToAny, getAccount, listAccounts } from "./keeper.ts";

const PAGE = 100;

/** The module. Accounts are made by receiving money; genesis makes them through bank. */
export function createAuthModule(): Module {
  return {
    name: "auth",
    stores: [AUTH_STORE],
    messages: [],
    queries: [
      {
        path: "/cosmos.auth.v1beta1.Query/Account",
        handle: (ctx, request) => {
          const { address } = QueryAccountRequest.decode(request);
          const account = getAccount(ctx, address);
          if (account === undefined) throw notFound(`account ${address} not found`);
          return QueryAccountResponse.encode({ account: accountToAny(account) }).finish();
        },
      },
      {
        path: "/cosmos.auth.v1beta1.Query/Accounts",
        handle: (ctx, request) => {
          QueryAccountsRequest.decode(request);
          return QueryAccountsResponse.encode({ accounts: listAccounts(ctx, { limit: PAGE }) }).finish();
        },
      },
      {
        path: "/cosmos.auth.v1beta1.Query/Params",
        handle: (_ctx, request) => {
          QueryParamsRequest.decode(request);
          const params = {
            maxMemoCharacters: 256n,
            txSigLimit: 7n,
            txSizeCostPerByte: 10n,
            sigVerifyCostEd25519: 590n,
            sigVerifyCostSecp256k1: 1000n,
          };
          return QueryParamsResponse.encode({ params }).finish();
        },
      },
    ],
  };
}

/** "rpc error: code = NotFound desc = ...: key not found", as clients match on it. */
export function notFound(text: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.keyNotFound,
      code: "CHAIN_NOT_FOUND",
      log: `rpc error: code = NotFound desc = ${text}: key not found`,
    },
    { what: "query", want: "something that exists", got: text, remedy: "Check the key." },
  );
}

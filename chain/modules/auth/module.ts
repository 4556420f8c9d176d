/** Module `auth`: accounts. */
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import {
  Bech32PrefixResponse,
  QueryAccountInfoRequest,
  QueryAccountInfoResponse,
  QueryAccountRequest,
  QueryAccountResponse,
  QueryAccountsRequest,
  QueryAccountsResponse,
  QueryModuleAccountByNameRequest,
  QueryModuleAccountByNameResponse,
  QueryParamsRequest,
  QueryParamsResponse,
} from "cosmjs-types/cosmos/auth/v1beta1/query";
import { Any } from "cosmjs-types/google/protobuf/any";
import { ADDRESS_PREFIX } from "../../../common/index.ts";
import { addressText, moduleAddress } from "../../address.ts";
import type { Context } from "../../context.ts";
import type { Module, QueryHandler } from "../../module.ts";
import { pageOf } from "../../pagination.ts";
import { notFound, queryAddress } from "../../queryErrors.ts";
import { ACCOUNT_PREFIX, type Account, AUTH_STORE, accountToAny, baseAccount, getAccount } from "./keeper.ts";

/** The module. Accounts are made by receiving money; genesis makes them through bank. */
export function createAuthModule(): Module {
  return { name: "auth", stores: [AUTH_STORE], messages: [], queries: authQueries() };
}

function query(name: string, handle: QueryHandler["handle"]): QueryHandler {
  return { path: `/cosmos.auth.v1beta1.Query/${name}`, handle };
}

function authQueries(): QueryHandler[] {
  return [
    query("Account", (ctx, request) => {
      const account = existing(ctx, QueryAccountRequest.decode(request).address);
      return QueryAccountResponse.encode({ account: accountToAny(account) }).finish();
    }),
    query("AccountInfo", (ctx, request) => {
      const account = existing(ctx, QueryAccountInfoRequest.decode(request).address);
      const info = BaseAccount.fromPartial(baseAccount(account));
      return QueryAccountInfoResponse.encode({ info }).finish();
    }),
    query("Accounts", (ctx, request) => {
      const { pagination: page } = QueryAccountsRequest.decode(request);
      const { entries, pagination } = pageOf(ctx.store(AUTH_STORE), ACCOUNT_PREFIX, page);
      const accounts = entries.map(([, value]) => Any.decode(value));
      return QueryAccountsResponse.encode({ accounts, pagination }).finish();
    }),
    query("ModuleAccountByName", (ctx, request) => {
      const { name } = QueryModuleAccountByNameRequest.decode(request);
      const account = getAccount(ctx, addressText(moduleAddress(name)));
      if (account === undefined) throw notFound(`account ${name} not found`);
      return QueryModuleAccountByNameResponse.encode({ account: accountToAny(account) }).finish();
    }),
    query("Bech32Prefix", () => Bech32PrefixResponse.encode({ bech32Prefix: ADDRESS_PREFIX }).finish()),
    query("Params", (_ctx, request) => {
      QueryParamsRequest.decode(request);
      const params = {
        maxMemoCharacters: 256n,
        txSigLimit: 7n,
        txSizeCostPerByte: 10n,
        sigVerifyCostEd25519: 590n,
        sigVerifyCostSecp256k1: 1000n,
      };
      return QueryParamsResponse.encode({ params }).finish();
    }),
  ];
}

function existing(ctx: Context, address: string): Account {
  queryAddress(address);
  const account = getAccount(ctx, address);
  if (account === undefined) throw notFound(`account ${address} not found`);
  return account;
}

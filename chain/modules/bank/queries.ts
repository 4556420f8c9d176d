/** Queries of the bank. */
import { Metadata } from "cosmjs-types/cosmos/bank/v1beta1/bank";
import {
  QueryAllBalancesRequest,
  QueryAllBalancesResponse,
  QueryBalanceRequest,
  QueryBalanceResponse,
  QueryDenomMetadataRequest,
  QueryDenomMetadataResponse,
  QueryDenomsMetadataRequest,
  QueryDenomsMetadataResponse,
  QueryParamsRequest,
  QueryParamsResponse,
  QuerySpendableBalanceByDenomRequest,
  QuerySpendableBalanceByDenomResponse,
  QuerySpendableBalancesRequest,
  QuerySpendableBalancesResponse,
  QuerySupplyOfRequest,
  QuerySupplyOfResponse,
  QueryTotalSupplyRequest,
  QueryTotalSupplyResponse,
} from "cosmjs-types/cosmos/bank/v1beta1/query";
import type { Coin } from "cosmjs-types/cosmos/base/v1beta1/coin";
import { utf8ToText } from "../../../common/index.ts";
import type { Context, KvEntry } from "../../context.ts";
import type { QueryHandler } from "../../module.ts";
import { type Page, pageOf } from "../../pagination.ts";
import { invalidArgument, notFound, queryAddress } from "../../queryErrors.ts";
import {
  BANK_STORE,
  balanceOf,
  balancePrefix,
  isDenom,
  METADATA_PREFIX,
  metadataOf,
  SUPPLY_PREFIX,
  supplyOf,
} from "./keeper.ts";

type PageRequest = QueryAllBalancesRequest["pagination"];

/** All of them. */
export function bankQueries(): QueryHandler[] {
  return [...balanceQueries(), ...supplyQueries(), ...metadataQueries()];
}

function query(name: string, handle: QueryHandler["handle"]): QueryHandler {
  return { path: `/cosmos.bank.v1beta1.Query/${name}`, handle };
}

function balanceQueries(): QueryHandler[] {
  return [
    query("Balance", (ctx, request) => {
      const balance = oneBalance(ctx, QueryBalanceRequest.decode(request));
      return QueryBalanceResponse.encode({ balance }).finish();
    }),
    query("SpendableBalanceByDenom", (ctx, request) => {
      const balance = oneBalance(ctx, QuerySpendableBalanceByDenomRequest.decode(request));
      return QuerySpendableBalanceByDenomResponse.encode({ balance }).finish();
    }),
    query("AllBalances", (ctx, request) => {
      const { address, pagination } = QueryAllBalancesRequest.decode(request);
      const page = balancePage(ctx, address, pagination);
      return QueryAllBalancesResponse.encode({
        balances: page.entries.map(coinOf),
        pagination: page.pagination,
      }).finish();
    }),
    query("SpendableBalances", (ctx, request) => {
      const { address, pagination } = QuerySpendableBalancesRequest.decode(request);
      const page = balancePage(ctx, address, pagination);
      return QuerySpendableBalancesResponse.encode({
        balances: page.entries.map(coinOf),
        pagination: page.pagination,
      }).finish();
    }),
  ];
}

function supplyQueries(): QueryHandler[] {
  return [
    query("TotalSupply", (ctx, request) => {
      const { pagination: asked } = QueryTotalSupplyRequest.decode(request);
      const { entries, pagination } = pageOf(ctx.store(BANK_STORE), SUPPLY_PREFIX, asked);
      return QueryTotalSupplyResponse.encode({ supply: entries.map(coinOf), pagination }).finish();
    }),
    query("SupplyOf", (ctx, request) => {
      const { denom } = QuerySupplyOfRequest.decode(request);
      assertDenom(denom);
      const amount = { denom, amount: supplyOf(ctx, denom).toString() };
      return QuerySupplyOfResponse.encode({ amount }).finish();
    }),
    query("Params", (_ctx, request) => {
      QueryParamsRequest.decode(request);
      return QueryParamsResponse.encode({ params: { sendEnabled: [], defaultSendEnabled: true } }).finish();
    }),
  ];
}

function metadataQueries(): QueryHandler[] {
  return [
    query("DenomMetadata", (ctx, request) => {
      const { denom } = QueryDenomMetadataRequest.decode(request);
      assertDenom(denom);
      const metadata = metadataOf(ctx, denom);
      if (metadata === undefined) throw notFound(`client metadata for denom ${denom}`);
      return QueryDenomMetadataResponse.encode({ metadata }).finish();
    }),
    query("DenomsMetadata", (ctx, request) => {
      const { pagination: asked } = QueryDenomsMetadataRequest.decode(request);
      const { entries, pagination } = pageOf(ctx.store(BANK_STORE), METADATA_PREFIX, asked);
      const metadatas = entries.map(([, value]) => Metadata.decode(value));
      return QueryDenomsMetadataResponse.encode({ metadatas, pagination }).finish();
    }),
  ];
}

function oneBalance(ctx: Context, of: { readonly address: string; readonly denom: string }): Coin {
  queryAddress(of.address);
  assertDenom(of.denom);
  return { denom: of.denom, amount: balanceOf(ctx, of.address, of.denom).toString() };
}

function balancePage(ctx: Context, address: string, page: PageRequest): Page {
  queryAddress(address);
  return pageOf(ctx.store(BANK_STORE), balancePrefix(address), page);
}

function coinOf([denom, amount]: KvEntry): Coin {
  return { denom: utf8ToText(denom), amount: utf8ToText(amount) };
}

function assertDenom(denom: string): void {
  if (!isDenom(denom)) throw invalidArgument(denom === "" ? "empty denom" : `invalid denom: ${denom}`);
}

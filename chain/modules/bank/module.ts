/** Module `bank`: balances and transfers, with the messages and queries that Cosmos clients use. */
import {
  QueryAllBalancesRequest,
  QueryAllBalancesResponse,
  QueryBalanceRequest,
  QueryBalanceResponse,
  QueryParamsRequest,
  QueryParamsResponse,
  QuerySpendableBalancesRequest,
  QuerySpendableBalancesResponse,
  QuerySupplyOfRequest,
  QuerySupplyOfResponse,
  QueryTotalSupplyRequest,
  QueryTotalSupplyResponse,
} from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgSend, MsgSendResponse } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import type { Coin } from "cosmjs-types/cosmos/base/v1beta1/coin";
import { equalBytes } from "../../../common/index.ts";
import { addressBytes } from "../../address.ts";
import { ChainError, SDK_CODES } from "../../codes.ts";
import { type Module, messageHandler, type QueryHandler } from "../../module.ts";
import {
  assertCoins,
  BANK_STORE,
  balanceOf,
  balancesOf,
  type CoinAmount,
  mintAtGenesis,
  sendCoins,
  supplies,
  supplyOf,
} from "./keeper.ts";

/** Genesis: [{address, coins: [{denom, amount: decimal string}]}]. */
export interface BankGenesis {
  readonly balances: readonly {
    readonly address: string;
    readonly coins: readonly { readonly denom: string; readonly amount: string }[];
  }[];
}

/** The module. `blocked` accounts (those of modules) take no transfers from users. */
export function createBankModule(options: { readonly blocked: readonly string[] }): Module {
  return {
    name: "bank",
    stores: [BANK_STORE],
    messages: [sendHandler(options.blocked)],
    queries: bankQueries(),
    initGenesis: (ctx, state) => {
      for (const { address, coins } of (state as BankGenesis | undefined)?.balances ?? []) {
        mintAtGenesis(ctx, {
          to: address,
          coins: coins.map((coin) => ({ denom: coin.denom, amount: BigInt(coin.amount) })),
        });
      }
    },
  };
}

function sendHandler(blocked: readonly string[]) {
  return messageHandler<MsgSend>({
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    decode: (bytes) => {
      const message = MsgSend.decode(bytes);
      if (!equalBytes(MsgSend.encode(message).finish(), bytes))
        throw new RangeError("not the canonical encoding");
      return message;
    },
    signers: ({ fromAddress }) => [fromAddress],
    validateBasic: (message) => {
      addressBytes(message.fromAddress);
      addressBytes(message.toAddress);
      assertCoins(amountsOf(message.amount));
    },
    handle: (ctx, message) => {
      if (blocked.includes(message.toAddress)) throw blockedAddress(message.toAddress);
      sendCoins(ctx, { from: message.fromAddress, to: message.toAddress, coins: amountsOf(message.amount) });
      return { typeUrl: "/cosmos.bank.v1beta1.MsgSendResponse", value: MsgSendResponse.encode({}).finish() };
    },
  });
}

function blockedAddress(address: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.unauthorized,
      code: "CHAIN_BLOCKED_ADDRESS",
      log: `${address} is not allowed to receive funds: unauthorized`,
    },
    {
      what: "receiver",
      want: "an account that is not a module's",
      got: address,
      remedy: "Use the module's own message.",
    },
  );
}

function amountsOf(coins: readonly Coin[]): CoinAmount[] {
  return coins.map(({ denom, amount }) => ({
    denom,
    amount: /^[0-9]{1,77}$/.test(amount) ? BigInt(amount) : 0n,
  }));
}

function coin({ denom, amount }: CoinAmount): Coin {
  return { denom, amount: amount.toString() };
}

function query(name: string, handle: QueryHandler["handle"]): QueryHandler {
  return { path: `/cosmos.bank.v1beta1.Query/${name}`, handle };
}

function bankQueries(): QueryHandler[] {
  return [
    query("Balance", (ctx, request) => {
      const { address, denom } = QueryBalanceRequest.decode(request);
      return QueryBalanceResponse.encode({
        balance: coin({ denom, amount: balanceOf(ctx, address, denom) }),
      }).finish();
    }),
    query("AllBalances", (ctx, request) => {
      const { address } = QueryAllBalancesRequest.decode(request);
      return QueryAllBalancesResponse.encode({ balances: balancesOf(ctx, address).map(coin) }).finish();
    }),
    query("SpendableBalances", (ctx, request) => {
      const { address } = QuerySpendableBalancesRequest.decode(request);
      return QuerySpendableBalancesResponse.encode({ balances: balancesOf(ctx, address).map(coin) }).finish();
    }),
    query("TotalSupply", (ctx, request) => {
      QueryTotalSupplyRequest.decode(request);
      return QueryTotalSupplyResponse.encode({ supply: supplies(ctx).map(coin) }).finish();
    }),
    query("SupplyOf", (ctx, request) => {
      const { denom } = QuerySupplyOfRequest.decode(request);
      return QuerySupplyOfResponse.encode({ amount: coin({ denom, amount: supplyOf(ctx, denom) }) }).finish();
    }),
    query("Params", (_ctx, request) => {
      QueryParamsRequest.decode(request);
      return QueryParamsResponse.encode({ params: { sendEnabled: [], defaultSendEnabled: true } }).finish();
    }),
  ];
}

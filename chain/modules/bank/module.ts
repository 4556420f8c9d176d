/** Module `bank`: balances and transfers, with the messages and queries that Cosmos clients use. */
import type { Module } from "../../module.ts";
import { initBankGenesis } from "./genesis.ts";
import { BANK_STORE } from "./keeper.ts";
import { multiSendHandler, sendHandler } from "./messages.ts";
import { bankQueries } from "./queries.ts";

/** The module. `blocked` accounts (those of modules) take no transfers from users. */
export function createBankModule(options: { readonly blocked: readonly string[] }): Module {
  const { blocked } = options;
  return {
    name: "bank",
    stores: [BANK_STORE],
    messages: [sendHandler(blocked), multiSendHandler(blocked)],
    queries: bankQueries(),
    initGenesis: initBankGenesis,
  };
}

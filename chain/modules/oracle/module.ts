/** Module `oracle`: requests from EVM chains come in by observation, results go out under validators' signatures. */
import type { Module } from "../../module.ts";
import type { IntakePort } from "../ports.ts";
import { initOracle } from "./genesis.ts";
import { oracleMessages } from "./handlers.ts";
import { sealResults } from "./keeper.ts";
import { ORACLE_STORE } from "./keys.ts";
import { oracleQueries } from "./queries.ts";

/** The module. Its EndBlock must come after every module's that ends requests. */
export function createOracleModule(intake: IntakePort): Module {
  return {
    name: "oracle",
    stores: [ORACLE_STORE],
    messages: oracleMessages(intake),
    queries: oracleQueries(intake),
    initGenesis: initOracle,
    endBlock: sealResults,
  };
}

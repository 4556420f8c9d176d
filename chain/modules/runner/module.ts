/** Module `runner`: who runs models, and the bonds behind the answers. */
import type { Module } from "../../module.ts";
import { objectOf, recordFromJson } from "../genesisJson.ts";
import { runnerMessages } from "./handlers.ts";
import { payUnbondings } from "./keeper.ts";
import { RUNNER_STORE } from "./keys.ts";
import { DEVNET_RUNNER_PARAMS } from "./params.ts";
import { runnerQueries } from "./queries.ts";
import { setParams } from "./view.ts";

/** The module. Genesis: {params}. */
export function createRunnerModule(): Module {
  return {
    name: "runner",
    stores: [RUNNER_STORE],
    messages: runnerMessages(),
    queries: runnerQueries(),
    initGenesis: (ctx, state) => {
      const { params } = objectOf(state, "runner");
      setParams(ctx, recordFromJson(params, DEVNET_RUNNER_PARAMS, "runner.params"));
    },
    endBlock: payUnbondings,
  };
}

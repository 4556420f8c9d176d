/** Module `model`: programs without their weights, what a run of them costs, and who has shown to hold the weights. */
import type { Module } from "../../module.ts";
import { objectOf, recordFromJson } from "../genesisJson.ts";
import { type ModelPorts, modelMessages } from "./handlers.ts";
import { MODEL_STORE, PROGRAM_STORE } from "./keys.ts";
import { DEVNET_MODEL_PARAMS } from "./params.ts";
import { modelQueries } from "./queries.ts";
import { setParams } from "./view.ts";

/** The module. Genesis: {params}. */
export function createModelModule(ports: ModelPorts): Module {
  return {
    name: "model",
    stores: [MODEL_STORE],
    bulkStores: [PROGRAM_STORE],
    messages: modelMessages(ports),
    queries: modelQueries(ports.models),
    initGenesis: (ctx, state) => {
      const { params } = objectOf(state, "model");
      setParams(ctx, recordFromJson(params, DEVNET_MODEL_PARAMS, "model.params"));
    },
  };
}

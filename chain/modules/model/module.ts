/** Module `model`: programs without their weights, what a run of them costs, and who has shown to hold the weights. */
import type { Module } from "../../module.ts";
import { badGenesis, objectOf, recordFromJson } from "../genesisJson.ts";
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
      const given = objectOf(state, "model").params;
      const params = recordFromJson(given, DEVNET_MODEL_PARAMS, "model.params");
      for (const key of ["rRef", "bRef", "epochBlocks"] as const)
        if (params[key] === 0n) throw badGenesis(`model.params.${key}`, "more than 0", "0");
      // With the most that inference may take for validators and audits, the runner keeps at least nothing.
      if (params.maxRoyaltyBps > 5_000)
        throw badGenesis("model.params.maxRoyaltyBps", "at most 5000", params.maxRoyaltyBps);
      setParams(ctx, params);
    },
  };
}

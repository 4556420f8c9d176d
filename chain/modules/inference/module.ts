/** Module `inference`: requests, who answers them, what they pay. Dispute owns when an answer is final. */

import type { Module } from "../../module.ts";
import { badGenesis, objectOf, recordFromJson } from "../genesisJson.ts";
import { endBlock } from "./blocks.ts";
import { inferenceMessages } from "./handlers.ts";
import { INFERENCE_STORE, INPUT_STORE, OUTPUT_STORE } from "./keys.ts";
import { DEVNET_INFERENCE_PARAMS } from "./params.ts";
import type { InferencePorts } from "./ports.ts";
import { inferenceQueries } from "./queries.ts";
import { setParams } from "./view.ts";

/** The module. Genesis: {params}. */
export function createInferenceModule(ports: InferencePorts): Module {
  return {
    name: "inference",
    stores: [INFERENCE_STORE],
    bulkStores: [INPUT_STORE, OUTPUT_STORE],
    messages: inferenceMessages(ports),
    queries: inferenceQueries(),
    initGenesis: (ctx, state) => {
      const given = objectOf(state, "inference").params;
      const params = recordFromJson(given, DEVNET_INFERENCE_PARAMS, "inference.params");
      const shares = params.validatorsBps + params.auditBps;
      if (shares > 5_000) throw badGenesis("inference.params", "shares of at most 5000 together", shares);
      setParams(ctx, params);
    },
    endBlock: (ctx) => endBlock(ctx, ports),
  };
}

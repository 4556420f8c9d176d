/** Module `tee`: attested keys of enclaves, and the public side of private queries. */
import type { Module } from "../../module.ts";
import { badGenesis, objectOf, recordFromJson } from "../genesisJson.ts";
import type { ModelPort } from "../ports.ts";
import { teeMessages } from "./handlers.ts";
import { TEE_STORE } from "./keys.ts";
import { DEFAULT_TEE_PARAMS } from "./params.ts";
import { refundExpired } from "./privateQueries.ts";
import { teeQueries } from "./queries.ts";
import { rememberBlock, setParams } from "./view.ts";

/** The module. Genesis: {params}. */
export function createTeeModule(models: ModelPort): Module {
  return {
    name: "tee",
    stores: [TEE_STORE],
    messages: teeMessages(models),
    queries: teeQueries(),
    initGenesis: (ctx, state) => {
      const given = objectOf(state, "tee").params;
      const params = recordFromJson(given, DEFAULT_TEE_PARAMS, "tee.params");
      if (params.allowMock && params.mockRoot.length !== 32)
        throw badGenesis("tee.params.mockRoot", "32 bytes, since allowMock is set", params.mockRoot.length);
      setParams(ctx, params);
    },
    beginBlock: rememberBlock,
    endBlock: refundExpired,
  };
}

/** Module `dispute`: claims, matches and the finality of every result, the undisputed one included. */
import { objectOf, recordFromJson } from "../genesisJson.ts";
import type { CreateDisputeModule } from "../ports.ts";
import { advanceClock, settleDue } from "./blocks.ts";
import { disputeMessages } from "./handlers.ts";
import { createDisputeKeeper } from "./keeper.ts";
import { DISPUTE_STORE, OUTPUT_STORE } from "./keys.ts";
import { assertParams, DEVNET_DISPUTE_PARAMS } from "./params.ts";
import { disputeQueries } from "./queries.ts";
import { setParams } from "./view.ts";

/** The module and its port. Genesis: {params}. */
export const createDisputeModule: CreateDisputeModule = (ports) => ({
  port: createDisputeKeeper(ports),
  module: {
    name: "dispute",
    stores: [DISPUTE_STORE],
    bulkStores: [OUTPUT_STORE],
    messages: disputeMessages(ports),
    queries: disputeQueries(ports),
    initGenesis: (ctx, state) => {
      const params = recordFromJson(
        objectOf(state, "dispute").params,
        DEVNET_DISPUTE_PARAMS,
        "dispute.params",
      );
      assertParams(params);
      setParams(ctx, params);
    },
    beginBlock: advanceClock,
    endBlock: (ctx) => settleDue(ctx, ports),
  },
});

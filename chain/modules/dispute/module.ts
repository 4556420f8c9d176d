/** Module `dispute`: claims, matches and the finality of every result, the undisputed one included. */
import { badGenesis, objectOf, recordFromJson } from "../genesisJson.ts";
import type { CreateDisputeModule } from "../ports.ts";
import { advanceClock, settleDue } from "./blocks.ts";
import { disputeMessages } from "./handlers.ts";
import { createDisputeKeeper } from "./keeper.ts";
import { DISPUTE_STORE, OUTPUT_STORE } from "./keys.ts";
import { DEVNET_DISPUTE_PARAMS } from "./params.ts";
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
      if (params.arityLog2 < 1 || params.arityLog2 > 6)
        throw badGenesis("dispute.params.arityLog2", "1 to 6", params.arityLog2);
      if (params.blockIntervalMs === 0n)
        throw badGenesis("dispute.params.blockIntervalMs", "more than 0", "0");
      setParams(ctx, params);
    },
    beginBlock: advanceClock,
    endBlock: (ctx) => settleDue(ctx, ports),
  },
});

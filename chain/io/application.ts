/** The chain's own application on its database in a node's home. */

import { BASE_DENOM } from "../../common/units.ts";
import type { AbciApplication } from "../abci.ts";
import { createApp } from "../app.ts";
import { createAuthModule } from "../modules/auth/module.ts";
import { createBankModule } from "../modules/bank/module.ts";
import { openDatabase } from "./databaseError.ts";
import { homePaths } from "./home.ts";
import { openLevelStore } from "./levelStore.ts";
import { createNodeVerifier } from "./nodeVerifier.ts";

/** An open application; `close` releases its database. */
export interface OpenApplication {
  readonly app: AbciApplication;
  close(): Promise<void>;
}

/** Opens or creates the application of the home. `version` is what it reports of itself. */
export async function openApplication(
  home: string,
  options: { readonly version: string },
): Promise<OpenApplication> {
  const kv = await openDatabase(homePaths(home).appDb, openLevelStore);
  const app = createApp({
    kv,
    modules: [createAuthModule(), createBankModule({ blocked: [] })],
    feeDenom: BASE_DENOM,
    minGasPriceMicro: 0n,
    verify: createNodeVerifier(),
    version: options.version,
  });
  return { app, close: () => kv.close() };
}

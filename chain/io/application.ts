/** The chain's own application on its database in a node's home. */

import { BASE_DENOM } from "../../common/units.ts";
import type { AbciApplication } from "../abci.ts";
import { createApp } from "../app.ts";

import { createModules } from "../modules/index.ts";
import type { AppLog } from "../runTx.ts";
import { ensureAttestationKey } from "./attestationKey.ts";
import { openDatabase } from "./databaseError.ts";
import { homePaths } from "./home.ts";
import { openLevelStore } from "./levelStore.ts";
import { createNodeVerifier } from "./nodeVerifier.ts";

/** Lowest price of a unit of gas that this node takes, in millionths of uaivm: 0.025. */
const MIN_GAS_PRICE_MICRO = 25_000n;

/** An open application; `close` releases its database. */
export interface OpenApplication {
  readonly app: AbciApplication;
  close(): Promise<void>;
}

/** Opens or creates the application of the home. `version` is what it reports of itself. */
export async function openApplication(
  home: string,
  options: { readonly version: string; readonly log: AppLog },
): Promise<OpenApplication> {
  const kv = await openDatabase(homePaths(home).appDb, openLevelStore);
  const signer = ensureAttestationKey(homePaths(home).attestationKey);
  const { modules, voteExtensions } = createModules({ signer });
  const app = createApp({
    kv,
    modules,
    voteExtensions,
    feeDenom: BASE_DENOM,
    minGasPriceMicro: MIN_GAS_PRICE_MICRO,
    verify: createNodeVerifier(),
    version: options.version,
    log: options.log,
  });
  return { app, close: () => kv.close() };
}

/** Parameters of module runner. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type RunnerParams = Messages["aivm.runner.v1.Params"];

/** Those of a devnet. */
export const DEVNET_RUNNER_PARAMS: RunnerParams = { minBondUaivm: 1_000_000n, unbondingMs: 30_000n };

/** Those of a public network: three weeks of unbonding. */
export const DEFAULT_RUNNER_PARAMS: RunnerParams = {
  minBondUaivm: 100_000_000n,
  unbondingMs: 21n * 86_400_000n,
};

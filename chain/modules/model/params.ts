/** Parameters of module model. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type ModelParams = Messages["aivm.model.v1.Params"];

/** Those of a devnet. */
export const DEVNET_MODEL_PARAMS: ModelParams = {
  attestersRequired: 1,
  minBondUaivm: 1_000_000n,
  epochBlocks: 7_200n,
  rRef: 2_000_000_000n,
  bRef: 25_000_000n,
  maxProgramBytes: 1_048_576n,
  maxRoyaltyBps: 3_000,
};

/** Those of a public test network. */
export const DEFAULT_MODEL_PARAMS: ModelParams = {
  ...DEVNET_MODEL_PARAMS,
  attestersRequired: 3,
  minBondUaivm: 100_000_000n,
  epochBlocks: 21_600n,
};

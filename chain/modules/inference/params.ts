/** Parameters of module inference. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type InferenceParams = Messages["aivm.inference.v1.Params"];

/** Those of a devnet. */
export const DEVNET_INFERENCE_PARAMS: InferenceParams = {
  windowMs: 10_000n,
  assignBlocks: 10n,
  revealBlocks: 20n,
  unrevealedPenaltyBps: 1_000,
  minFeeUaivm: 1_000n,
  maxInputBytes: 65_536,
  maxOutputBytes: 8_192,
  maxReopened: 2,
  validatorsBps: 500,
  auditBps: 500,
  maxOpenMs: 86_400_000n,
  blockIntervalMs: 500n,
};

/** Those of a public test network. */
export const DEFAULT_INFERENCE_PARAMS: InferenceParams = {
  ...DEVNET_INFERENCE_PARAMS,
  windowMs: 300_000n,
  assignBlocks: 20n,
  blockIntervalMs: 1_000n,
};

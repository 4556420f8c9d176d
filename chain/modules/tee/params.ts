/** Parameters of module tee. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type TeeParams = Messages["aivm.tee.v1.Params"];

/** Those of any network: no simulated enclave, and no measurement, until genesis names them. */
export const DEFAULT_TEE_PARAMS: TeeParams = {
  allowMock: false,
  mockRoot: new Uint8Array(),
  allowedMeasurements: [],
  maxAnchorAgeBlocks: 50n,
  minFeeUaivm: 1_000n,
  maxExpiryBlocks: 10_000n,
  maxEvidenceAgeS: 600n,
};

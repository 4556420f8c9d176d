/** Parameters of module dispute. */
import type { Messages } from "../../../proto/index.ts";

/** Parameters. */
export type DisputeParams = Messages["aivm.dispute.v1.Params"];

/** Those of a devnet. */
export const DEVNET_DISPUTE_PARAMS: DisputeParams = {
  clockMs: 20_000n,
  levelMs: 2_000n,
  revealBlocks: 5n,
  arityLog2: 4,
  blockIntervalMs: 500n,
  bondFactor: 4,
  gasPerMove: 150_000n,
  witnessGas: 1_000_000n,
  gasPriceMicro: 25_000n,
  gigaVmGasUaivm: 1_000_000n,
  minBondUaivm: 1_000_000n,
  flatRivals: 63,
};

/** Parameters of module dispute. */
import type { Messages } from "../../../proto/index.ts";
import { badGenesis } from "../genesisJson.ts";

/** Parameters. */
export type DisputeParams = Messages["aivm.dispute.v1.Params"];

/** Refuses parameters under which the game does not work. @throws CHAIN_GENESIS */
export function assertParams(params: DisputeParams): void {
  const { arityLog2, clockMs, blockIntervalMs, revealBlocks, bondFactor, minBondUaivm } = params;
  const rules: readonly (readonly [member: string, want: string, holds: boolean])[] = [
    ["arityLog2", "1 to 6", arityLog2 >= 1 && arityLog2 <= 6],
    ["blockIntervalMs", "more than 0", blockIntervalMs > 0n],
    ["clockMs", "at least 20 block intervals", clockMs >= 20n * blockIntervalMs],
    ["revealBlocks", "at least 1", revealBlocks >= 1n],
    ["bondFactor", "at least 1", bondFactor >= 1],
    ["minBondUaivm", "at least 2, so that half can be burned", minBondUaivm >= 2n],
  ];
  for (const [member, want, holds] of rules) {
    if (!holds) throw badGenesis(`dispute.params.${member}`, want, "less or more");
  }
}

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

/** Those of a public test network. */
export const DEFAULT_DISPUTE_PARAMS: DisputeParams = {
  ...DEVNET_DISPUTE_PARAMS,
  clockMs: 600_000n,
  levelMs: 10_000n,
  blockIntervalMs: 1_000n,
  minBondUaivm: 100_000_000n,
};

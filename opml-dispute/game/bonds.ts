/** Bonds: what a claim must put up, and what a game holds. */

import { type LevelCounts, mostMoves } from "./levels.ts";
import { aliveClaims, type Dispute, type Game, isOpen } from "./state.ts";

/** Prices that bonds are made of. */
export interface BondPrices {
  readonly bondFactor: number;
  readonly gasPerMove: bigint;
  readonly witnessGas: bigint;
  /** Millionths of uaivm a unit of gas. */
  readonly gasPriceMicro: bigint;
  /** uaivm for 10^9 vmGas. */
  readonly gigaVmGasUaivm: bigint;
  readonly minBondUaivm: bigint;
}

/** Bond B of a claim: factor x (moves x gas x price + cost of two executions + final witness), at least the minimum. */
export function claimBond(model: LevelCounts & { readonly vmGas: bigint }, prices: BondPrices): bigint {
  const gas = BigInt(mostMoves(model)) * prices.gasPerMove + prices.witnessGas;
  const moves = ceilDivide(gas * prices.gasPriceMicro, 1_000_000n);
  const executions = ceilDivide(2n * model.vmGas * prices.gigaVmGasUaivm, 1_000_000_000n);
  const bond = BigInt(prices.bondFactor) * (moves + executions);
  return bond > prices.minBondUaivm ? bond : prices.minBondUaivm;
}

/** Bond of the next rival: max(B, work fee), flat for the first rivals of a request, doubling with each after that. */
export function joinBond(dispute: Pick<Dispute, "rules" | "joins">, feeUaivm: bigint): bigint {
  const { rules, joins } = dispute;
  const base = rules.bondUaivm > feeUaivm ? rules.bondUaivm : feeUaivm;
  const doublings = joins < rules.flatRivals ? 0 : joins - rules.flatRivals + 1;
  return base << BigInt(Math.min(doublings, 64));
}

/** What the game holds: bonds of standing claims and of commitments, winnings, and the pool. */
export function heldUaivm(game: Game): bigint {
  if (!isOpen(game)) return 0n;
  let held = game.dispute.poolUaivm;
  for (const { bondUaivm } of game.joins) held += bondUaivm;
  for (const { members, wonUaivm } of aliveClaims(game)) {
    held += wonUaivm;
    for (const { bondUaivm } of members) held += bondUaivm;
  }
  return held;
}

/** Division rounded up. */
export function ceilDivide(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}

/** Fees of a transaction that has to get in, within bounds. */
import type { Fees } from "../ports.ts";

/** Bounds. */
export interface FeePolicy {
  /** Never more per gas than this, in wei. */
  readonly maxFeePerGasCap: bigint;
  /** Blocks without inclusion after which the fee is raised. */
  readonly bumpAfterBlocks: bigint;
}

/** Nodes want a replacement to pay 10 % more, in both fields; 12.5 % leaves room for rounding. */
const BUMP_NUMERATOR = 9n;
const BUMP_DENOMINATOR = 8n;
/** A replacement pays at most this many times what a fresh transaction would. */
const CAP_OVER_FRESH = 3n;

/** First fees: what the node suggests, capped. */
export function firstFees(fresh: Fees, policy: FeePolicy): Fees {
  const maxFeePerGas = least(fresh.maxFeePerGas, policy.maxFeePerGasCap);
  return { maxFeePerGas, maxPriorityFeePerGas: least(fresh.maxPriorityFeePerGas, maxFeePerGas) };
}

/** Fees of the replacement of a transaction that paid `old`, or undefined when the bounds leave no room: then wait. */
export function bumpedFees(old: Fees, fresh: Fees, policy: FeePolicy): Fees | undefined {
  const cap = least(policy.maxFeePerGasCap, most(fresh.maxFeePerGas * CAP_OVER_FRESH, old.maxFeePerGas));
  const maxFeePerGas = most(raised(old.maxFeePerGas), fresh.maxFeePerGas);
  const maxPriorityFeePerGas = most(raised(old.maxPriorityFeePerGas), fresh.maxPriorityFeePerGas);
  if (maxFeePerGas > cap || maxPriorityFeePerGas > maxFeePerGas) return undefined;
  return { maxFeePerGas, maxPriorityFeePerGas };
}

function raised(fee: bigint): bigint {
  return (fee * BUMP_NUMERATOR) / BUMP_DENOMINATOR + 1n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

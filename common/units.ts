/** Amounts of money in core: always bigint, always in the base denomination. */

/** Base denomination of the chain. */
export const BASE_DENOM = "uaivm";

/** Bech32 prefix of account addresses. */
export const ADDRESS_PREFIX = "aivm";

/** Share of `amount` at `basisPoints` of 10,000, rounded down. */
export function basisPointsOf(amount: bigint, basisPoints: number): bigint {
  return (amount * BigInt(basisPoints)) / 10_000n;
}

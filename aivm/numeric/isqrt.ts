/** Integer square roots. A root is never halfway between two integers, so rounding to the nearest needs no rule for ties. */

/**
 * Nearest integer to the square root of `value`.
 * @param value integer in [0, 2^53]
 */
export function isqrt(value: number): number {
  // The start is within one of the root however the host computes it; exact integers decide.
  let root = Math.floor(Math.sqrt(value));
  while (root * root > value) root--;
  while ((root + 1) * (root + 1) <= value) root++;
  // (root + 1/2)^2 = root^2 + root + 1/4.
  return value - root * root > root ? root + 1 : root;
}

/** The same for any bigint of at least 0, by Newton's method from above. */
export function isqrtBig(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  return value - root * root > root ? root + 1n : root;
}

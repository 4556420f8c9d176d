/** Integer square roots. A root is never halfway between two integers, so rounding to the nearest needs no rule for ties. */

/**
 * Nearest integer to the square root of `value`.
 * @param value integer in [0, 2^53]
 */
export function isqrt(value: number): number {
  if (value < 2) return value;
  // Newton's method in integers, from above: each step is the floor of the mean of root and value / root.
  let root = 2;
  while (root * root < value) root *= 2;
  for (;;) {
    const quotient = (value - (value % root)) / root;
    const next = Math.floor((root + quotient) / 2);
    if (next >= root) break;
    root = next;
  }
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

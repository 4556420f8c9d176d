/**
 * Philox-4x32-10, a counter-based generator: 128 bits of counter and 64 of key give 128 random bits, and any block can
 * be computed on its own. Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */

const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n] as const;
/** Added to the key between rounds: golden ratio and sqrt(3) - 1, as the paper has them. */
const WEYL = [0x9e3779b9n, 0xbb67ae85n] as const;
const ROUNDS = 10;
const MASK = 0xffffffffn;

/** Four unsigned 32-bit words. */
export type PhiloxBlock = readonly [number, number, number, number];

/**
 * One block.
 * @param counter four 32-bit words, lowest first, signed or unsigned
 * @param key two 32-bit words
 */
export function philox(counter: PhiloxBlock, key: readonly [number, number]): PhiloxBlock {
  let [c0, c1, c2, c3] = counter.map((word) => BigInt.asUintN(32, BigInt(word))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let [k0, k1] = key.map((word) => BigInt.asUintN(32, BigInt(word))) as [bigint, bigint];
  for (let round = 0; round < ROUNDS; round++) {
    const left = MULTIPLIERS[0] * c0;
    const right = MULTIPLIERS[1] * c2;
    [c0, c1, c2, c3] = [(right >> 32n) ^ c1 ^ k0, right & MASK, (left >> 32n) ^ c3 ^ k1, left & MASK];
    k0 = (k0 + WEYL[0]) & MASK;
    k1 = (k1 + WEYL[1]) & MASK;
  }
  return [Number(c0), Number(c1), Number(c2), Number(c3)];
}

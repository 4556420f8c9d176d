/** SHA-256 (FIPS 180-4), its constants computed: fractional parts of roots of the first primes. */

const WORD = 0xffffffffn;

/** Bytes. */
export type Bytes = readonly number[];

/** Hash of byte strings joined; 32 bytes. */
export function sha256(...parts: readonly Bytes[]): number[] {
  const message = parts.flat();
  const length = BigInt(message.length * 8);
  const padded = [...message, 0x80];
  while (padded.length % 64 !== 56) padded.push(0);
  for (let shift = 56n; shift >= 0n; shift -= 8n) padded.push(Number((length >> shift) & 0xffn));
  let state = START;
  for (let block = 0; block < padded.length; block += 64)
    state = compress(state, padded.slice(block, block + 64));
  return state.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

function compress(state: readonly number[], block: readonly number[]): number[] {
  const w: number[] = [];
  for (let t = 0; t < 16; t++) {
    const [a = 0, b = 0, c = 0, d = 0] = block.slice(4 * t, 4 * t + 4);
    w.push(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  }
  for (let t = 16; t < 64; t++) {
    const [x = 0, y = 0, p = 0, q = 0] = [w[t - 15], w[t - 2], w[t - 16], w[t - 7]];
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w.push((p + s0 + q + s1) >>> 0);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[t] ?? 0) + (w[t] ?? 0)) >>> 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) >>> 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) >>> 0, c, b, a, (t1 + t2) >>> 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => (word + (state[i] ?? 0)) >>> 0);
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p !== 0n)) found.push(n);
  return found;
}

/** First 32 bits of the fractional part of the `power`-th root of n: floor(root(n * 2^(32 * power))) mod 2^32. */
function fraction(n: bigint, power: bigint): number {
  const target = n << (32n * power);
  let [low, high] = [0n, 1n << 40n];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (middle ** power <= target) low = middle;
    else high = middle - 1n;
  }
  return Number(low & WORD);
}

const START: readonly number[] = primes(8).map((p) => fraction(p, 2n));
const ROUND: readonly number[] = primes(64).map((p) => fraction(p, 3n));

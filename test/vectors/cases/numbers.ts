/** Cases of requantisation. */
import { requantise } from "../oracle/numbers.ts";
import { stream } from "./build.ts";

/** One requantisation with its result. */
export interface RequantVector {
  readonly acc: bigint;
  readonly multiplier: bigint;
  readonly shift: bigint;
  readonly zero: bigint;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly result: bigint;
}

type Given = Omit<RequantVector, "result">;

const I8 = { lo: -128n, hi: 127n };
const I16 = { lo: -32768n, hi: 32767n };
const I32 = { lo: -2147483648n, hi: 2147483647n };
const LIMIT = 1n << 53n;
const M = 2097151n;

/** All of them. */
export function requantVectors(): RequantVector[] {
  return [...ties(), ...ends(), ...clamped(), ...wide(), ...besideTies(), ...random()]
    .filter(({ acc }) => acc < LIMIT && acc > -LIMIT)
    .map((given) => ({ ...given, result: requantise(given.acc, given, given) }));
}

/** q * 2^s + half and its neighbours, both signs. */
function ties(): Given[] {
  return [1n, 2n, 3n, 8n, 20n, 31n, 40n, 50n].flatMap((shift) =>
    [-4n, -3n, -2n, -1n, 0n, 1n, 2n, 3n].flatMap((q) =>
      (shift < 3n ? [0n] : [-1n, 0n, 1n]).map((off) => ({
        acc: (q << shift) + (1n << (shift - 1n)) + off,
        multiplier: 1n,
        shift,
        zero: 0n,
        ...I16,
      })),
    ),
  );
}

/** Results at, just inside and just outside the ends of each range, with zero points. */
function ends(): Given[] {
  return [I8, I16, I32].flatMap((range) =>
    [range.lo - 1n, range.lo, range.lo + 1n, range.hi - 1n, range.hi, range.hi + 1n].flatMap((value) =>
      [-32768n, -1n, 0n, 32767n].map((zero) => ({
        acc: (value - zero) * 2n,
        multiplier: 3n,
        shift: 1n,
        zero,
        ...range,
      })),
    ),
  );
}

/** Multipliers and shifts out of range, and at the ends of it. */
function clamped(): Given[] {
  return [
    [-1n, 0n],
    [-2147483648n, 5n],
    [0n, 0n],
    [M, 21n],
    [M + 1n, 21n],
    [2147483647n, 21n],
    [5n, -1n],
    [5n, -128n],
    [M, 62n],
    [M, 63n],
    [M, 127n],
    [1n, 62n],
  ].flatMap(([multiplier = 0n, shift = 0n]) =>
    [-1000n, 7n, 12345n].map((acc) => ({ acc, multiplier, shift, zero: 2n, ...I16 })),
  );
}

/** Products around and beyond 2^53, and accumulators up to it: what a referee may meet. */
function wide(): Given[] {
  const accs = [(1n << 32n) + 1n, (1n << 42n) - 1n, (1n << 45n) + 3n, LIMIT - 1n, LIMIT - 2n];
  return accs.flatMap((acc) =>
    [acc, -acc].flatMap((signed) => [
      { acc: signed, multiplier: M, shift: 62n, zero: 0n, ...I32 },
      { acc: signed, multiplier: M, shift: 45n, zero: -7n, ...I32 },
      { acc: signed, multiplier: M, shift: 0n, zero: 0n, ...I32 },
      { acc: signed, multiplier: 1n, shift: 30n, zero: 9n, ...I16 },
      { acc: signed, multiplier: 1n << 20n, shift: 62n, zero: 0n, ...I16 },
    ]),
  );
}

/** Products beyond 2^53 that lie next to a tie: a product rounded to a 64-bit float would fall on it. */
function besideTies(): Given[] {
  return [
    [M, 40n],
    [M - 2n, 40n],
    [1048575n, 38n],
    [1999999n, 41n],
  ].flatMap(([multiplier = 1n, shift = 1n]) =>
    [1n, -1n].flatMap((off) =>
      [0n, 3n, 4n].flatMap((more) => {
        const size = 1n << shift;
        const wanted = (size / 2n + off) * inverse(multiplier, size);
        const acc = (wanted % size) + more * size;
        return [acc, -acc].map((signed) => ({ acc: signed, multiplier, shift, zero: 0n, ...I32 }));
      }),
    ),
  );
}

/** The number whose product with an odd one is 1 mod 2^n. */
function inverse(odd: bigint, size: bigint): bigint {
  let guess = 1n;
  for (let bits = 1; bits < 64; bits *= 2) guess = (guess * (2n - odd * guess)) % size;
  return ((guess % size) + size) % size;
}

function random(): Given[] {
  const next = stream(9);
  return Array.from({ length: 60 }, () => {
    const acc = next(-(1n << 32n), 1n << 32n);
    return { acc, multiplier: next(0n, M), shift: next(20n, 45n), zero: next(-300n, 300n), ...I16 };
  });
}

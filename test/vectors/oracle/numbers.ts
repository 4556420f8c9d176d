/** docs/spec/numbers.md in integers of unlimited size. */
import type { DType, Tensor } from "./types.ts";

/** Largest multiplier and shift of a requantisation. */
export const MOST_MULTIPLIER: bigint = (1n << 21n) - 1n;
export const MOST_SHIFT = 62n;

/** Range of a dtype. */
export function rangeOf(dtype: DType): readonly [bigint, bigint] {
  const half = 1n << (8n * BigInt(widthOf(dtype)) - 1n);
  return [-half, half - 1n];
}

/** Bytes of an element. */
export function widthOf(dtype: DType): number {
  return dtype === "i8" ? 1 : dtype === "i16" ? 2 : 4;
}

/** n / 2^s to the nearest integer, ties to even. */
export function rne(n: bigint, s: bigint): bigint {
  const divisor = 1n << s;
  let q = n / divisor;
  let r = n % divisor;
  if (r < 0n) {
    q -= 1n;
    r += divisor;
  }
  const twice = 2n * r;
  if (twice < divisor) return q;
  if (twice > divisor) return q + 1n;
  return q % 2n === 0n ? q : q + 1n;
}

/** v moved into [lo, hi]. */
export function clampTo(v: bigint, lo: bigint, hi: bigint): bigint {
  return v < lo ? lo : v > hi ? hi : v;
}

/** Accumulator to element. */
export function requantise(
  acc: bigint,
  by: { readonly multiplier: bigint; readonly shift: bigint; readonly zero: bigint },
  range: { readonly lo: bigint; readonly hi: bigint },
): bigint {
  const m = clampTo(by.multiplier, 0n, MOST_MULTIPLIER);
  const s = clampTo(by.shift, 0n, MOST_SHIFT);
  return clampTo(by.zero + rne(acc * m, s), range.lo, range.hi);
}

/** Magnitude. */
export function abs(n: bigint): bigint {
  return n < 0n ? -n : n;
}

/** Larger of two. */
export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Smaller of two. */
export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Largest magnitude of x - zero over a type's range. */
export function maxAbsFrom(type: Tensor, zero: bigint): bigint {
  return larger(abs(type.lo - zero), abs(type.hi - zero));
}

/** Parameters of a division. */
export interface DivisionBy {
  readonly multiplier: bigint;
  readonly shift: bigint;
  readonly zero: bigint;
  /** 0 half to even, 1 toward zero, 2 floor. */
  readonly rounding: bigint;
}

/** A rounded quotient, defined for a divisor of 0. */
export function divide(
  a: bigint,
  b: bigint,
  by: DivisionBy,
  range: { readonly lo: bigint; readonly hi: bigint },
): bigint {
  const n = a * by.multiplier * (by.shift < 0n ? 1n << -by.shift : 1n);
  const d = b * (by.shift > 0n ? 1n << by.shift : 1n);
  if (d === 0n && n !== 0n) return n > 0n ? range.hi : range.lo;
  const quotient =
    d === 0n ? 0n : d < 0n ? roundedQuotient(-n, -d, by.rounding) : roundedQuotient(n, d, by.rounding);
  return clampTo(by.zero + quotient, range.lo, range.hi);
}

/** floor(n / d) for d > 0. */
export function floorDiv(n: bigint, d: bigint): bigint {
  return n % d < 0n ? n / d - 1n : n / d;
}

/** n / d, d > 0, as an integer. */
function roundedQuotient(n: bigint, d: bigint, rounding: bigint): bigint {
  const floor = floorDiv(n, d);
  const rest = n - floor * d;
  if (rounding === 2n || rest === 0n) return floor;
  if (rounding === 1n) return n < 0n ? floor + 1n : floor;
  if (2n * rest === d) return floor % 2n === 0n ? floor : floor + 1n;
  return 2n * rest > d ? floor + 1n : floor;
}

/** Integer nearest to the square root of v >= 0: bits of the floor from the highest down. */
export function nearestRoot(v: bigint): bigint {
  let floor = 0n;
  for (let bit = 1n << 64n; bit > 0n; bit >>= 1n) if ((floor + bit) ** 2n <= v) floor += bit;
  return v - floor * floor > floor ? floor + 1n : floor;
}

/**
 * Requantisation: y = clamp(zero + RNE(acc x multiplier / 2^shift)), round half to even. Numbers here are exact
 * integers held in f64 (below 2^53) or their quotient by a power of two, which f64 holds exactly; what does not fit
 * goes through BigInt. So the result is the same on every machine, and the same as integer code, f64x2 SIMD or the EVM.
 */
import { clamp } from "./clamp.ts";

/** Largest multiplier: 21 bits. */
export const MAX_MULTIPLIER: number = 2 ** 21 - 1;

/** Largest shift. */
export const MAX_SHIFT = 62;

/** Bound on |accumulator x multiplier| that the compiler proves and loading checks: 2^53. */
export const MAX_PRODUCT: bigint = 2n ** 53n;

/** Bound on |accumulator| of an i64 accumulator: below 2^42. */
export const MAX_ACCUMULATOR: bigint = 2n ** 42n;

/** 2^0 .. 2^62, made by doubling: `**` is not exact on every engine. */
const POWERS: readonly number[] = powersOfTwo();

/** Parameters of one requantisation. lo <= hi; the others are clamped into their ranges when used. */
export interface Requant {
  /** In [0, 2^21). */
  readonly multiplier: number;
  /** In [0, 62]. */
  readonly shift: number;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * value / 2^shift rounded half to even, exactly.
 * @param value integer, |value| < 2^53
 * @param shift integer in [0, 62]
 */
export function roundShift(value: number, shift: number): number {
  const quotient = value / (POWERS[shift] ?? 1);
  const floor = Math.floor(quotient);
  const rest = quotient - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)) return floor + 1;
  return floor;
}

/** The same for any bigint. */
export function roundShiftBig(value: bigint, shift: number): bigint {
  const bits = BigInt(shift);
  const floor = value >> bits;
  const twiceRest = (value - (floor << bits)) * 2n;
  const one = 1n << bits;
  if (twiceRest > one || (twiceRest === one && (floor & 1n) === 1n)) return floor + 1n;
  return floor;
}

/**
 * clamp(zero + RNE(acc x multiplier / 2^shift), lo, hi), exact for every integer |acc| < 2^53 and any parameters
 * (multiplier and shift are clamped into their ranges first).
 */
export function requantize(acc: number, params: Requant): number {
  const multiplier = clamp(params.multiplier, 0, MAX_MULTIPLIER);
  const shift = clamp(params.shift, 0, MAX_SHIFT);
  const product = acc * multiplier;
  // Rounding is monotone: a product computed below 2^53 is the exact one.
  if (Math.abs(product) < Number.MAX_SAFE_INTEGER) {
    return clamp(params.zero + roundShift(product, shift), params.lo, params.hi);
  }
  return requantizeBig(BigInt(acc), { ...params, multiplier, shift });
}

/** The same of the product a x b of any integers |a|, |b| < 2^53. */
export function requantizeProduct(a: number, b: number, params: Requant): number {
  const product = a * b;
  if (Math.abs(product) < Number.MAX_SAFE_INTEGER) return requantize(product, params);
  const multiplier = clamp(params.multiplier, 0, MAX_MULTIPLIER);
  return requantizeBig(BigInt(a) * BigInt(b), {
    ...params,
    multiplier,
    shift: clamp(params.shift, 0, MAX_SHIFT),
  });
}

function requantizeBig(acc: bigint, params: Requant): number {
  const exact = BigInt(params.zero) + roundShiftBig(acc * BigInt(params.multiplier), params.shift);
  if (exact < BigInt(params.lo)) return params.lo;
  return exact > BigInt(params.hi) ? params.hi : Number(exact);
}

/** 2^exponent, exactly; exponent an integer in [0, 62]. */
export function powerOfTwo(exponent: number): number {
  return POWERS[exponent] ?? 1;
}

function powersOfTwo(): number[] {
  const powers = [1];
  while (powers.length <= MAX_SHIFT) powers.push((powers.at(-1) ?? 1) * 2);
  return powers;
}

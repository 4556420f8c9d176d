/**
 * The quantisation scheme (vm.md section 1): from float ranges to scales and zero points, and from real factors to
 * integer multipliers and shifts. Floats end here: what leaves are the integers of the program and metadata.
 */
import { clamp } from "../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT } from "../numeric/requant.ts";
import type { DType } from "../tensor/tensor.ts";

/** How activations are stored: 8 bits with a zero point, or 16 bits symmetric. */
export type Precision = "a8" | "a16";

/** A float interval. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Largest magnitude in a range of real numbers. */
export function largestReal({ min, max }: Range): number {
  return Math.max(Math.abs(min), Math.abs(max));
}

/** real = scale x (q - zero), q in [lo, hi]. */
export interface Quantization {
  readonly dtype: DType;
  readonly scale: number;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/** Scale of a tensor that is 0 everywhere: anything positive does. */
const SCALE_OF_ZERO = 2 ** -15;
/** Smallest scale, so that ratios of scales stay finite. */
const MIN_SCALE = 2 ** -100;

/** Quantisation of integers as they are. */
export function integerQuantization(
  dtype: DType,
  range: { readonly lo: number; readonly hi: number },
): Quantization {
  return { dtype, scale: 1, zero: 0, lo: range.lo, hi: range.hi };
}

/** Activations of one tensor, from the range that calibration saw (min-max; 0 is always representable). */
export function activationQuantization(precision: Precision, range: Range): Quantization {
  return precision === "a8" ? asymmetric8(range) : symmetric16(range);
}

/** 16 bits, zero point 0: [-32767, 32767]; a tensor that is 0 everywhere stays so. */
export function symmetric16(range: Range): Quantization {
  const largest = largestReal(range);
  if (largest === 0) return { dtype: "i16", scale: SCALE_OF_ZERO, zero: 0, lo: 0, hi: 0 };
  const scale = positive(largest / 32767);
  return { dtype: "i16", scale, zero: 0, lo: -32767, hi: 32767 };
}

/** 8 bits with a zero point: the range, widened to contain 0, over [-128, 127]. */
export function asymmetric8(range: Range): Quantization {
  const min = Math.min(range.min, 0);
  const max = Math.max(range.max, 0);
  if (min === max) return { dtype: "i8", scale: SCALE_OF_ZERO, zero: 0, lo: 0, hi: 0 };
  const scale = positive((max - min) / 255);
  const zero = clamp(Math.round(-128 - min / scale), -128, 127);
  return { dtype: "i8", scale, zero, lo: -128, hi: 127 };
}

/** The same numbers with values below `min` or above `max` clamped away (Relu, Clip folded into the producer). */
export function clampedQuantization(base: Quantization, range: Range): Quantization {
  const lo = range.min === Number.NEGATIVE_INFINITY ? base.lo : quantizeReal(range.min, base);
  const hi = range.max === Number.POSITIVE_INFINITY ? base.hi : quantizeReal(range.max, base);
  return { ...base, lo: Math.min(lo, hi), hi };
}

/** Nearest integer of a real value (half to even), clamped into [lo, hi]. Infinities go to the ends; NaN to zero. */
export function quantizeReal(value: number, q: Quantization): number {
  if (Number.isNaN(value)) return clamp(q.zero, q.lo, q.hi);
  return clamp(roundHalfEven(value / q.scale) + q.zero, q.lo, q.hi);
}

/**
 * Integer of a program input's real value. A scale that is a float32 may come from a file, and is then divided by as
 * QuantizeLinear of ONNX says: in float32, before rounding half to even.
 */
export function quantizeInputValue(value: number, q: Quantization): number {
  const isFloat32 = Math.fround(q.scale) === q.scale;
  if (!isFloat32 || !Number.isFinite(value)) return quantizeReal(value, q);
  return clamp(roundHalfEven(Math.fround(Math.fround(value) / q.scale)) + q.zero, q.lo, q.hi);
}

/** Real values of quantised ones. */
export function dequantize(
  data: ArrayLike<number>,
  q: { readonly scale: number; readonly zero: number },
): Float64Array {
  return Float64Array.from(data, (v) => q.scale * (v - q.zero));
}

/** Nearest integer, ties to the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)) return floor + 1;
  return floor;
}

/** multiplier / 2^shift close to `factor`, such that bound x multiplier stays below 2^53. */
export interface Multiplier {
  readonly multiplier: number;
  readonly shift: number;
}

/**
 * Multiplier and shift for a real factor.
 * @param factor positive; one of 2^21 or more has no multiplier and gives undefined
 * @param bound largest |accumulator|
 */
export function multiplierFor(factor: number, bound: number = 2 ** 31): Multiplier | undefined {
  const widest = Math.min(MAX_MULTIPLIER, Math.floor(2 ** 53 / Math.max(bound, 1)));
  if (!(factor >= 0) || factor > widest) return undefined;
  if (factor === 0) return { multiplier: 0, shift: 0 };
  let shift = clamp(Math.floor(Math.log2(widest / factor)), 0, MAX_SHIFT);
  while (shift > 0 && Math.round(factor * 2 ** shift) > widest) shift--;
  let multiplier = Math.round(factor * 2 ** shift);
  while (shift > 0 && multiplier % 2 === 0) {
    multiplier /= 2;
    shift--;
  }
  return { multiplier, shift };
}

function positive(scale: number): number {
  return scale > MIN_SCALE ? scale : SCALE_OF_ZERO;
}

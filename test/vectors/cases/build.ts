/** Building blocks of vector cases: types, values that look for trouble, and cases. */
import { abs, clampTo, larger, MOST_MULTIPLIER, maxAbsFrom, rangeOf } from "../oracle/numbers.ts";
import { sizeOf } from "../oracle/shapes.ts";
import type { DType, Tensor } from "../oracle/types.ts";

/** A tensor of a case; `repeat` is its values' period, where it has a short one. */
export interface CaseTensor extends Tensor {
  readonly repeat?: readonly bigint[];
}

/** One vector to be: the generator fails when the oracle does not judge it as announced. */
export interface Case {
  readonly name: string;
  readonly attrs: readonly bigint[];
  readonly operands: readonly CaseTensor[];
  readonly output: Tensor;
  /** Code of the rule that it breaks. */
  readonly refused?: string;
}

/** Dtypes. */
export const NARROW: readonly DType[] = ["i8", "i16"];
export const ALL: readonly DType[] = ["i8", "i16", "i32"];

/** Type with the whole range of its dtype, or the range given. */
export function type(dtype: DType, shape: readonly number[], range?: readonly [number, number]): Tensor {
  const [least, most] = rangeOf(dtype);
  return { dtype, shape, lo: range ? BigInt(range[0]) : least, hi: range ? BigInt(range[1]) : most };
}

/** A stream of numbers in [lo, hi], the same on every machine. */
export function stream(seed: number): (lo: bigint, hi: bigint) => bigint {
  let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
  return (lo, hi) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
    return lo + (((state >> 11n) * (hi - lo + 1n)) >> 53n);
  };
}

/** Values of a type: every other one an end of the range, a neighbour of it or of 0, the others anywhere. */
export function mixed(of: Tensor, seed: number): CaseTensor {
  const next = stream(seed);
  const menu = [of.lo, of.hi, of.lo + 1n, of.hi - 1n, 0n, 1n, -1n].filter((v) => v >= of.lo && v <= of.hi);
  const data = Array.from({ length: sizeOf(of.shape) }, (_, i) =>
    i % 2 === 0 ? (menu[Number(next(0n, BigInt(menu.length - 1)))] ?? 0n) : next(of.lo, of.hi),
  );
  return { ...of, data };
}

/** The given values over and over. */
export function cycle(of: Tensor, values: readonly number[]): CaseTensor {
  const repeat = values.map(BigInt);
  const data = Array.from({ length: sizeOf(of.shape) }, (_, i) => repeat[i % repeat.length] ?? 0n);
  return repeat.length < data.length ? { ...of, data, repeat } : { ...of, data };
}

/** As a constant of the program. */
export function constant(tensor: CaseTensor): CaseTensor {
  return { ...tensor, constant: true };
}

/** Numbers as attributes. */
export function big(...values: readonly number[]): bigint[] {
  return values.map(BigInt);
}

/** Largest multiplier that the product bound allows beside accumulators up to `a`. */
export function multiplierFor(a: bigint): bigint {
  return clampTo((1n << 53n) / larger(a, 1n), 0n, MOST_MULTIPLIER);
}

/** Largest magnitude of a type. */
export function reach(of: Tensor, zero = 0): bigint {
  return maxAbsFrom(of, BigInt(zero));
}

/** Smallest shift by which values up to `from` come down to values up to `to`. */
export function shiftFor(from: bigint, to: bigint): number {
  let shift = 0;
  while (abs(from) >> BigInt(shift) > to && shift < 62) shift++;
  return shift;
}

/** Requantisations to try on an op whose accumulators reach up to `a`: [name, multiplier, shift, zero, output]. */
export function requants(a: bigint): (readonly [string, bigint, number, number, Tensor])[] {
  const most = multiplierFor(a);
  const down = (dtype: DType): number => shiftFor(a * most, rangeOf(dtype)[1] * 2n);
  return [
    ["multiplier 1, shift 0, saturates", 1n, 0, 0, type("i8", [])],
    ["shift 1: ties", 1n, 1, 0, type("i16", [])],
    ["shift 2, multiplier 3", 3n <= most ? 3n : most, 2, -1, type("i16", [])],
    ["multiplier 0", 0n, 5, 7, type("i8", [])],
    ["shift 62", most, 62, 0, type("i8", [])],
    ["largest multiplier to i8", most, down("i8"), 0, type("i8", [])],
    ["largest multiplier to i16", most, down("i16"), -5, type("i16", [])],
    ["largest multiplier to i32", most, down("i32"), 9, type("i32", [])],
    ["zero point at its lower end", most, down("i16"), -32768, type("i16", [])],
    ["zero point at its upper end", most, down("i16"), 32767, type("i32", [])],
    ["zero point far outside i8", most, down("i8"), 32767, type("i8", [])],
    ["range of one value", most, down("i8"), 3, type("i8", [], [5, 5])],
    ["range above zero: relu", most, down("i8"), 0, type("i8", [], [0, 127])],
    ["raw accumulators in i32", 1n, 0, 0, type("i32", [])],
  ];
}

/** The same type under another shape. */
export function shaped(of: Tensor, shape: readonly number[]): Tensor {
  return { dtype: of.dtype, shape, lo: of.lo, hi: of.hi };
}

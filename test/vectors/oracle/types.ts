/** Plain data of the oracle: what a vector says, with every number as a bigint. */

/** Element type. */
export type DType = "i8" | "i16" | "i32";

/** A tensor type, and its values where they matter. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly lo: bigint;
  readonly hi: bigint;
  /** Row-major. */
  readonly data?: readonly bigint[];
  /** A constant of the program; otherwise a program input. */
  readonly constant?: boolean;
}

/** One op applied to operands, with the output type that its descriptor declares. */
export interface Call {
  readonly attrs: readonly bigint[];
  readonly operands: readonly Tensor[];
  readonly output: Tensor;
}

/** Largest magnitudes of an op: accumulator and product. */
export interface Bound {
  readonly a: bigint;
  readonly p: bigint;
}

/** (runs, length, stride) of one operand, and the elements read where they are fewer; undefined where it is not counted. */
export type Reads = readonly [runs: number, length: number, stride: number, elements?: number] | undefined;

/** One op, as its page in docs/spec/ops says. */
export interface OracleOp {
  readonly opcode: number;
  /** Number of operands; 0: one or more. */
  readonly operands: number;
  /** Number of attributes; -1: as the shape rule says. */
  readonly attributes: number;
  /** Dtype, attribute and shape rule: the output's shape. @throws Refusal. */
  shape(call: Call): readonly number[];
  /** The range that the output must contain, for ops that do not clamp. */
  passes?(call: Call): readonly [bigint, bigint];
  bound?(call: Call): Bound;
  /** Gas of one element. */
  gas(call: Call): bigint;
  reads(call: Call): readonly Reads[];
  /** The whole output, before the last clamp. */
  evaluate(call: Call): bigint[];
}

/** A rule is broken. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Requires a rule. @throws Refusal. */
export function rule(holds: boolean, code: string): void {
  if (!holds) throw new Refusal(code);
}

/** Operand `index` of a call. */
export function operand(call: Call, index: number): Tensor {
  const found = call.operands[index];
  if (found === undefined) throw new RangeError(`no operand ${index}`);
  return found;
}

/** Item `index` of a list. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`no item ${index} of ${list.length}`);
  return found;
}

/** Values of operand `index`. */
export function dataOf(call: Call, index: number): readonly bigint[] {
  const { data } = operand(call, index);
  if (data === undefined) throw new RangeError(`operand ${index} has no values`);
  return data;
}

/** Attribute `index` as a small number. */
export function attr(call: Call, index: number): number {
  return Number(at(call.attrs, index));
}

/**
 * What an op is. Semantics are written once, in `prepare`: the exact value of one output element, reading operands
 * only through `read`. The reference engine evaluates whole tensors through it, the witness recorder records its
 * reads, and the referee replays it over opened chunks, so prover and judge can not drift.
 */
import { AivmError } from "../../common/errors.ts";
import type { OpDescriptor } from "../program/program.ts";
import { equalShapes, shapeText } from "../tensor/shape.ts";
import type { DType, Tensor, TensorType } from "../tensor/tensor.ts";

/** One op of a program with the types of its operands. */
export interface OpNode {
  readonly descriptor: OpDescriptor;
  readonly operands: readonly TensorType[];
}

/** Value of element `element` (row-major) of operand number `operand`. */
export type Read = (operand: number, element: number) => number;

/** Value of output element `element`: exact, total for any operand values, inside the output's [lo, hi]. */
export type ElementFunction = (element: number, read: Read) => number;

/**
 * Elements of one operand that one output element reads, at most: `runs` pieces of `length` neighbours each.
 * An operand that is not read has runs 0.
 */
export interface ReadBound {
  readonly runs: number;
  readonly length: number;
  /** Elements from the start of one run to the start of the next, when that is fixed; 0 when it is not. */
  readonly stride: number;
  /** Elements read of the runs, where the op skips some in between. Default: all of them. */
  readonly elements?: number;
}

/** Elements of an operand that one output element reads, at most. */
export function elementsRead(read: ReadBound): number {
  return read.elements ?? read.runs * read.length;
}

/** Largest magnitudes that an op can meet, proven from operand ranges and, where given, the actual constants. */
export interface ArithmeticBound {
  /** max |accumulator|. */
  readonly accumulator: bigint;
  /** max |accumulator x multiplier|. */
  readonly product: bigint;
}

/** Values of the operands that are constants, by operand number; undefined for the others (or all, without weights). */
export type ConstantOperands = readonly (ConstantOperand | undefined)[];

/** A constant's values, and, from someone who shows it to several ops, the sums of |value| along its rows. */
export interface ConstantOperand extends Tensor {
  /** One sum for each index of the first axis; below 2^43. */
  readonly rowSums?: () => readonly number[];
}

/** A constant whose row sums are worked out once, when first asked for. */
export function constantOperand(tensor: Tensor): ConstantOperand {
  let sums: readonly number[] | undefined;
  return { ...tensor, rowSums: () => (sums ??= rowSumsOf(tensor)) };
}

/** Sums of |value| along the rows of a tensor, a row for each index of its first axis. */
export function rowSumsOf({ shape, data }: Tensor): readonly number[] {
  const rows = shape[0] ?? 1;
  const length = data.length / rows;
  const sums = new Array<number>(rows).fill(0);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * length; i < (row + 1) * length; i++) sum += Math.abs(data[i] ?? 0);
    sums[row] = sum;
  }
  return sums;
}

/** An op: metadata, rules and semantics. */
export interface Op {
  /** Stable number in descriptors. Never reused. */
  readonly opcode: number;
  readonly name: string;
  /** Operand names in order; a last name ending in `...` takes one or more. */
  readonly operands: readonly string[];
  /** Attribute names in order; a last name ending in `...` takes any number (its rule is in `infer`). */
  readonly attributes: readonly string[];
  /**
   * Shape rule, dtype rule and attribute ranges: the output shape that this node must have.
   * @throws AIVM_SHAPE, AIVM_DTYPE, AIVM_ATTRIBUTE.
   */
  infer(node: OpNode): readonly number[];
  /** Range rule of ops that do no arithmetic: the range that the output type must contain. Undefined: the op clamps. */
  passedRange?(node: OpNode): { readonly lo: number; readonly hi: number };
  /** Accumulator bound of ops that do arithmetic. */
  bound?(node: OpNode, constants: ConstantOperands): ArithmeticBound;
  /** Steps that `bound` takes beyond one pass over each constant. Undefined: a few, whatever the sizes. */
  boundSteps?(node: OpNode): number;
  /** Cost of one output element in vmGas: one MAC or one element operation = 1. */
  elementGas(node: OpNode): number;
  /** What one output element reads of each operand, at most. */
  reads(node: OpNode): readonly ReadBound[];
  /** Prepares a validated node (geometry is worked out once) and returns its element function. */
  prepare(node: OpNode): ElementFunction;
}

/** Attribute number `index`, 0 when absent (validation has fixed their number). */
export function attrAt(descriptor: OpDescriptor, index: number): number {
  return descriptor.attrs[index] ?? 0;
}

/**
 * Positional attributes of named ones; for ops whose attributes all have names of their own.
 * @throws AIVM_ATTRIBUTE when one is missing.
 */
export function attrsOf(op: Op, values: Readonly<Record<string, number>>): number[] {
  return op.attributes.map((name) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new AivmError("AIVM_ATTRIBUTE", {
      what: `attribute ${name} of ${op.name}`,
      want: "a number",
      got: "nothing",
      remedy: "give every attribute of the op",
    });
  });
}

/** Operand type number `index`. @throws AIVM_OPERANDS when there is none. */
export function operandAt(node: OpNode, index: number): TensorType {
  const type = node.operands[index];
  if (type !== undefined) return type;
  throw new AivmError("AIVM_OPERANDS", {
    what: "operands",
    want: `an operand number ${index}`,
    got: `${node.operands.length} operands`,
    remedy: "give the op all of its operands",
  });
}

/** Requires an operand's element type to be one of `allowed`. @throws AIVM_DTYPE. */
export function assertDType(node: OpNode, index: number, ...allowed: readonly DType[]): void {
  const { dtype } = operandAt(node, index);
  if (allowed.includes(dtype)) return;
  throw new AivmError("AIVM_DTYPE", {
    what: `operand ${index}`,
    want: allowed.join(" or "),
    got: dtype,
    remedy: "insert a rescale that changes the element type",
  });
}

/** Requires the output's element type to be one of `allowed`. @throws AIVM_DTYPE. */
export function assertOutputDType(node: OpNode, ...allowed: readonly DType[]): void {
  const { dtype } = node.descriptor.output;
  if (allowed.includes(dtype)) return;
  throw new AivmError("AIVM_DTYPE", {
    what: "output",
    want: allowed.join(" or "),
    got: dtype,
    remedy: "declare the output type that the op has",
  });
}

/** Requires an operand's shape. @throws AIVM_SHAPE. */
export function assertShape(node: OpNode, index: number, want: readonly number[]): void {
  const { shape } = operandAt(node, index);
  if (equalShapes(shape, want)) return;
  throw shapeError(`operand ${index}`, shapeText(want), shape);
}

/** Requires an operand's rank. @throws AIVM_SHAPE. */
export function assertRank(node: OpNode, index: number, rank: number): void {
  const { shape } = operandAt(node, index);
  if (shape.length !== rank) throw shapeError(`operand ${index}`, `rank ${rank}`, shape);
}

/** A shape that breaks a rule. */
export function shapeError(what: string, want: string, got: readonly number[]): AivmError {
  return new AivmError("AIVM_SHAPE", {
    what,
    want,
    got: shapeText(got),
    remedy: "correct the shapes of the program's tensors",
  });
}

/** Requires attribute `index` to be in [lo, hi]. @throws AIVM_ATTRIBUTE naming `name`. */
export function assertAttr(
  node: OpNode,
  index: number,
  rule: { readonly name: string; readonly lo: number; readonly hi: number },
): void {
  const value = attrAt(node.descriptor, index);
  if (value >= rule.lo && value <= rule.hi) return;
  throw new AivmError("AIVM_ATTRIBUTE", {
    what: `attribute ${rule.name}`,
    want: `an integer in [${rule.lo}, ${rule.hi}]`,
    got: `${value}`,
    remedy: "correct the attribute",
  });
}

/** Largest magnitude of a type's values. */
export function maxAbs(type: { readonly lo: number; readonly hi: number }): number {
  return Math.max(Math.abs(type.lo), Math.abs(type.hi));
}

/** One element read, wherever it lies. */
export const READ_ONE: ReadBound = { runs: 1, length: 1, stride: 0 };

/** Nothing read. */
export const READ_NONE: ReadBound = { runs: 0, length: 0, stride: 0 };

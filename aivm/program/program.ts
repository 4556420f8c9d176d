/** The program as data: a list of ops in a fixed order over inputs, constants and earlier outputs. */
import type { TensorType } from "../tensor/tensor.ts";

/** Version of the rules in aivm/ops that a program was compiled for. */
export const SPEC_VERSION = 1;

/** Where an operand comes from: a program input, the output of an earlier op, or a constant. */
export interface Ref {
  readonly kind: "input" | "op" | "const";
  readonly index: number;
}

/** One op, one output tensor. `attrs` are int32, positional, named by the op's `attributes`. */
export interface OpDescriptor {
  readonly opcode: number;
  readonly operands: readonly Ref[];
  readonly output: TensorType;
  readonly attrs: readonly number[];
}

/** An input of the program. real = scale x (q - zero). */
export interface InputPort {
  readonly name: string;
  readonly type: TensorType;
  /** A positive finite float: metadata for the ends, never read by an op. */
  readonly scale: number;
  readonly zero: number;
  /** How raw bytes become the tensor. */
  readonly ingest: "tensor";
}

/** An output of the program: which tensor it is, and real = scale x (q - zero). */
export interface OutputPort {
  readonly name: string;
  readonly source: Ref;
  readonly scale: number;
  readonly zero: number;
}

/** A whole program. Everything but `ops` travels in the meta bytes, which the model id binds as well. */
export interface Program {
  readonly specVersion: number;
  readonly name: string;
  readonly inputs: readonly InputPort[];
  /** Type of each constant; its range [lo, hi] is a claim that loading checks against the values. */
  readonly constants: readonly TensorType[];
  readonly ops: readonly OpDescriptor[];
  readonly outputs: readonly OutputPort[];
  /** Quantisation scheme, for example "a8". */
  readonly precision: string;
  /** Measured card, JSON text; "" when there is none. */
  readonly card: string;
}

/** Type of what a reference points at, or undefined when it points at nothing. */
export function typeOfRef(program: Program, ref: Ref): TensorType | undefined {
  if (ref.kind === "input") return program.inputs[ref.index]?.type;
  if (ref.kind === "op") return program.ops[ref.index]?.output;
  return program.constants[ref.index];
}

/** Types of an op's operands, in order. @throws RangeError on a dangling reference (validation excludes them). */
export function operandTypes(program: Program, descriptor: OpDescriptor): TensorType[] {
  return descriptor.operands.map((ref) => {
    const type = typeOfRef(program, ref);
    if (type === undefined) throw new RangeError(`no ${ref.kind} ${ref.index} in program ${program.name}`);
    return type;
  });
}

/** Types of the program's outputs, in order. */
export function outputTypes(program: Program): TensorType[] {
  return program.outputs.map((port) => {
    const type = typeOfRef(program, port.source);
    if (type === undefined) throw new RangeError(`output ${port.name} of ${program.name} has no source`);
    return type;
  });
}

/** Vectors of ops, as another implementation would read them, and as programs of many ops. No host is needed. */
import {
  type DType,
  elementCount,
  LIMITS,
  type LoadedModel,
  type OpDescriptor,
  type OpNode,
  type Ref,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";
import { loaded, programOf } from "./models.ts";

/** Elements as a file gives them. */
type Values = readonly number[] | { readonly repeat: readonly number[] };

/** A tensor of a file. */
export interface VectorTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly lo: number;
  readonly hi: number;
  readonly data?: Values;
  readonly constant?: boolean;
}

/** One vector of an op. */
export interface OpVector {
  readonly name: string;
  readonly attrs: readonly number[];
  readonly operands: readonly VectorTensor[];
  readonly output: VectorTensor;
  readonly gas?: number;
  readonly error?: string;
}

/** The vectors of one op. */
export interface OpFile {
  readonly spec: number;
  readonly op: string;
  readonly opcode: number;
  readonly operands: readonly string[];
  readonly attributes: readonly string[];
  readonly vectors: readonly OpVector[];
}

/** Several vectors as one program: one op each. */
export interface Batch {
  readonly vectors: readonly OpVector[];
  readonly model: LoadedModel;
  readonly inputs: readonly Tensor[];
}

/** Type of a file's tensor. */
export function typeOfVector({ dtype, shape, lo, hi }: VectorTensor): TensorType {
  return tensorType(dtype, shape, { lo, hi });
}

/** Values of a file's tensor. @throws RangeError when it has none. */
export function tensorOfVector({ dtype, shape, data }: Omit<VectorTensor, "lo" | "hi">): Tensor {
  if (data === undefined) throw new RangeError("a tensor without values");
  if (!("repeat" in data)) return tensorOf(dtype, shape, data);
  const { repeat } = data;
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: elementCount(shape) }, (_, i) => repeat[i % repeat.length] ?? 0),
  );
}

/** Node of a vector, its operands as inputs. */
export function nodeOfVector(opcode: number, { operands, output, attrs }: OpVector): OpNode {
  const refs = operands.map((_, index) => ({ kind: "input" as const, index }));
  return {
    descriptor: { opcode, operands: refs, output: typeOfVector(output), attrs },
    operands: operands.map(typeOfVector),
  };
}

/** Descriptors, inputs and constants of vectors placed into one program. */
export function placed(
  opcode: number,
  vectors: readonly OpVector[],
): Parameters<typeof programOf>[0] & {
  readonly inputs: TensorType[];
  readonly constants: TensorType[];
  readonly ops: OpDescriptor[];
} {
  const inputs: TensorType[] = [];
  const constants: TensorType[] = [];
  const ops = vectors.map((vector): OpDescriptor => {
    const operands = vector.operands.map((operand): Ref => {
      const list = operand.constant === true ? constants : inputs;
      list.push(typeOfVector(operand));
      return { kind: operand.constant === true ? "const" : "input", index: list.length - 1 };
    });
    return { opcode, operands, output: typeOfVector(vector.output), attrs: vector.attrs };
  });
  return { inputs, constants, ops };
}

/** Values of the operands that are constants, in order. */
export function constantsOf(vectors: readonly OpVector[]): Tensor[] {
  return vectors.flatMap((vector) => vector.operands.filter((o) => o.constant === true).map(tensorOfVector));
}

/** Values of the other operands, in order. */
function inputsOf(vectors: readonly OpVector[]): Tensor[] {
  return vectors.flatMap((vector) => vector.operands.filter((o) => o.constant !== true).map(tensorOfVector));
}

/** The vectors that have a result, every op an output, in programs of up to so many inputs (more where one vector needs more). */
export function batchesOf(file: OpFile, maxInputs: number): Batch[] {
  const groups: OpVector[][] = [];
  let room = 0;
  for (const vector of file.vectors.filter((item) => item.error === undefined)) {
    const needs = vector.operands.filter((operand) => operand.constant !== true).length;
    if (needs > room || groups.at(-1)?.length === LIMITS.ports) {
      groups.push([]);
      room = Math.max(needs, maxInputs);
    }
    room -= needs;
    groups.at(-1)?.push(vector);
  }
  return groups.map((vectors) => batchOf(file.opcode, vectors));
}

function batchOf(opcode: number, vectors: readonly OpVector[]): Batch {
  const outputs = vectors.map((_, op) => op);
  const model = loaded(programOf({ ...placed(opcode, vectors), outputs }), constantsOf(vectors));
  return { vectors, model, inputs: inputsOf(vectors) };
}

/** Values that a vector must give. */
export function wantedData(vector: OpVector): number[] {
  return Array.from(tensorOfVector(vector.output).data);
}

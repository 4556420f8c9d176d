/** The vector files under test/vectors, read as another implementation would read them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DType,
  elementCount,
  type OpNode,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";

/** Where they lie. */
export const VECTORS: string = join(import.meta.dirname, "..", "..", "vectors");

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

/** Paths of all JSON files, relative to VECTORS, sorted. */
export function vectorPaths(): string[] {
  return readdirSync(VECTORS, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .sort();
}

/** A file's content. */
export function readVectors<T>(path: string): T {
  return JSON.parse(readFileSync(join(VECTORS, path), "utf8")) as T;
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

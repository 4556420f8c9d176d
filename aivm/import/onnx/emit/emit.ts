/**
 * A growing program, and the ways to add to it. A `Value` is a tensor of the program together with what its integers mean.
 * One function per VM op works out types, ranges and requantisation from its operands: see the files beside this one.
 */
import { bytesToHex } from "../../../../common/bytes.ts";
import { sha256 } from "../../../../common/sha256.ts";
import { opNamed } from "../../../ops/registry.ts";
import type { OpDescriptor, Ref } from "../../../program/program.ts";
import {
  integerQuantization,
  type Multiplier,
  multiplierFor,
  type Quantization,
} from "../../../quantize/scheme.ts";
import {
  DTYPE_RANGE,
  type DType,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorToBytes,
} from "../../../tensor/tensor.ts";
import { precisionError } from "../errors.ts";

/** A tensor of the program: where it is, its shape, and real = scale x (q - zero) with q in [lo, hi]. */
export interface Value {
  readonly ref: Ref;
  readonly shape: readonly number[];
  readonly q: Quantization;
}

/** A program under construction. */
export interface Emitter {
  readonly ops: OpDescriptor[];
  readonly constants: Tensor[];
  readonly constantTypes: TensorType[];
  /** Index of each constant by the hash of its type and bytes: equal constants are stored once. */
  readonly constantIndex: Map<string, number>;
}

/** An empty program. */
export function createEmitter(): Emitter {
  return { ops: [], constants: [], constantTypes: [], constantIndex: new Map() };
}

/** Type of a value as the program declares it. */
export function typeOf(value: Value): TensorType {
  return { dtype: value.q.dtype, shape: value.shape, lo: value.q.lo, hi: value.q.hi };
}

/** A constant tensor of `values` (integers) with meaning `q`; its range is that of the values. */
export function constant(
  e: Emitter,
  facts: { readonly shape: readonly number[]; readonly values: ArrayLike<number>; readonly q: Quantization },
): Value {
  const tensor = tensorOf(facts.q.dtype, facts.shape, facts.values);
  const key = bytesToHex(
    sha256(new TextEncoder().encode(`${tensor.dtype}[${tensor.shape.join(",")}]`), tensorToBytes(tensor)),
  );
  let index = e.constantIndex.get(key);
  const { lo, hi } = extent(tensor.data);
  if (index === undefined) {
    index = e.constants.length;
    e.constants.push(tensor);
    e.constantTypes.push({ dtype: tensor.dtype, shape: tensor.shape, lo, hi });
    e.constantIndex.set(key, index);
  }
  return { ref: { kind: "const", index }, shape: facts.shape, q: { ...facts.q, lo, hi } };
}

/** Integers as they are (indices, masks, tables): scale 1, zero 0. */
export function integerConstant(
  e: Emitter,
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): Value {
  return constant(e, { shape, values, q: integerQuantization(dtype, DTYPE_RANGE[dtype]) });
}

/** One op; the output's shape and range are given, its meaning is `q`. */
export function emit(
  e: Emitter,
  name: string,
  parts: {
    readonly operands: readonly Value[];
    readonly shape: readonly number[];
    readonly q: Quantization;
    readonly attrs?: readonly number[];
  },
): Value {
  const { shape, q } = parts;
  e.ops.push({
    opcode: opNamed(name).opcode,
    operands: parts.operands.map((value) => value.ref),
    output: { dtype: q.dtype, shape, lo: q.lo, hi: q.hi },
    attrs: (parts.attrs ?? []).map((v) => (v === 0 ? 0 : v)), // no negative zero
  });
  return { ref: { kind: "op", index: e.ops.length - 1 }, shape, q };
}

/** Shape of all of them broadcast together (sizes were checked by the runtime that ran the model). */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[i - rank + shape.length] ?? 1)),
  );
}

/** Largest |q| of a range of integers. */
export function largestInteger({ lo, hi }: { readonly lo: number; readonly hi: number }): number {
  return Math.max(Math.abs(lo), Math.abs(hi));
}

/** Largest |q - zero| of a quantisation. */
export function largestFrom(q: Quantization): number {
  return Math.max(Math.abs(q.lo - q.zero), Math.abs(q.hi - q.zero));
}

/** Multiplier and shift for a factor. @throws AIVM_ONNX_PRECISION when no 21-bit multiplier reaches it. */
export function multiplier(factor: number, bound: number, what: string): Multiplier {
  const found = bound === 0 ? { multiplier: 0, shift: 0 } : multiplierFor(factor, bound);
  if (found !== undefined) return found;
  throw precisionError(what, "a scale ratio below 2^21", `${factor} with accumulators up to ${bound}`);
}

function extent(data: ArrayLike<number>): { readonly lo: number; readonly hi: number } {
  let lo = data[0] ?? 0;
  let hi = lo;
  for (let i = 1; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return { lo, hi };
}

/** A program being written anew: its ops so far, and how to add to them. Integers only; meaning stays with the caller. */
import { maxAbs, type OpNode } from "../../ops/op.ts";
import { opNamed } from "../../ops/registry.ts";
import type { OpDescriptor, Program, Ref } from "../../program/program.ts";
import {
  type Commitments,
  MAX_WITNESS_BYTES,
  operandsBound,
  witnessBytesBound,
} from "../../program/witnessBound.ts";
import { elementCount, equalShapes } from "../../tensor/shape.ts";
import { DTYPE_RANGE, type DType, type Tensor, type TensorType, tensorOf } from "../../tensor/tensor.ts";

/** A tensor of the new program. */
export interface Piece {
  readonly ref: Ref;
  readonly type: TensorType;
}

/** The new program. `limit` is the most operands of one element, `trees` what the paths of a witness are counted for. */
export interface Rewrite {
  readonly ops: OpDescriptor[];
  readonly constants: Tensor[];
  readonly constantTypes: TensorType[];
  readonly limit: number;
  readonly trees: Commitments;
}

/** An inclusive range of integers. */
export interface Extent {
  readonly lo: number;
  readonly hi: number;
}

/** One requantisation. */
export interface Scaling {
  readonly multiplier: number;
  readonly shift: number;
  readonly zero: number;
}

/** A rewrite of `program` with nothing written yet but its constants. Room is left for four times as many ops. */
export function createRewrite(program: Program, constants: readonly Tensor[], limit: number): Rewrite {
  return {
    ops: [],
    constants: [...constants],
    constantTypes: [...program.constants],
    limit,
    trees: {
      ops: { length: 4 * program.ops.length + 64 },
      inputs: program.inputs,
      constants: { length: 4 * program.constants.length + 64 },
    },
  };
}

/** True when one element of a node can be disputed: few enough operands, a small enough witness. */
export function fits(r: Rewrite, node: OpNode): boolean {
  return operandsBound(node) <= r.limit && witnessBytesBound(r.trees, node) <= MAX_WITNESS_BYTES;
}

/** An op as a node, without writing it. */
export function nodeFor(
  name: string,
  parts: {
    readonly operands: readonly Piece[];
    readonly output: TensorType;
    readonly attrs?: readonly number[];
  },
): OpNode {
  const { operands, output, attrs = [] } = parts;
  const descriptor = { opcode: opNamed(name).opcode, operands: operands.map((p) => p.ref), output, attrs };
  return { descriptor, operands: operands.map((p) => p.type) };
}

/** Writes a node. */
export function write(r: Rewrite, node: OpNode): Piece {
  r.ops.push(node.descriptor);
  return { ref: { kind: "op", index: r.ops.length - 1 }, type: node.descriptor.output };
}

/** Writes an op. */
export function put(r: Rewrite, name: string, parts: Parameters<typeof nodeFor>[1]): Piece {
  return write(r, nodeFor(name, parts));
}

/** A new constant; its range is that of its values. */
export function putConstant(
  r: Rewrite,
  facts: { readonly dtype: DType; readonly shape: readonly number[]; readonly values: ArrayLike<number> },
): Piece {
  const tensor = tensorOf(facts.dtype, facts.shape, facts.values);
  let [lo, hi] = [tensor.data[0] ?? 0, tensor.data[0] ?? 0];
  for (const value of tensor.data) {
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  const type = { dtype: facts.dtype, shape: facts.shape, lo, hi };
  r.constants.push(tensor);
  r.constantTypes.push(type);
  return { ref: { kind: "const", index: r.constants.length - 1 }, type };
}

/** The same elements under another shape. */
export function reshaped(r: Rewrite, x: Piece, shape: readonly number[]): Piece {
  if (equalShapes(x.type.shape, shape)) return x;
  return put(r, "reshape", { operands: [x], output: { ...x.type, shape } });
}

/** x [outer, size, inner] around `axis` as rows [outer x inner, size]: what one reduction reads lies side by side. */
export function rowsAlong(r: Rewrite, x: Piece, axis: number): Piece {
  const { shape } = x.type;
  const size = shape[axis] ?? 1;
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  if (inner === 1) return reshaped(r, x, [outer, size]);
  const seen = reshaped(r, x, [outer, size, inner]);
  const output = { ...x.type, shape: [outer, inner, size] };
  return reshaped(r, put(r, "transpose", { operands: [seen], output, attrs: [0, 2, 1] }), [
    outer * inner,
    size,
  ]);
}

/** x with `before` and `after` elements of `value` around it; undefined when the element type does not hold the value. */
export function padded(
  r: Rewrite,
  x: Piece,
  at: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number },
): Piece | undefined {
  const { value } = at;
  if ([...at.before, ...at.after].every((count) => count === 0)) return x;
  const whole = DTYPE_RANGE[x.type.dtype];
  if (value < whole.lo || value > whole.hi) return undefined;
  const shape = x.type.shape.map((size, axis) => size + (at.before[axis] ?? 0) + (at.after[axis] ?? 0));
  const output = { ...x.type, shape, lo: Math.min(x.type.lo, value), hi: Math.max(x.type.hi, value) };
  return put(r, "pad", { operands: [x], output, attrs: [...at.before, value] });
}

/** A box of x. */
export function sliced(
  r: Rewrite,
  x: Piece,
  box: { readonly starts: readonly number[]; readonly sizes: readonly number[] },
): Piece {
  if (equalShapes(box.sizes, x.type.shape)) return x;
  const attrs = [...box.starts, ...box.sizes.map(() => 1)];
  return put(r, "slice", { operands: [x], output: { ...x.type, shape: box.sizes }, attrs });
}

/** Tensors of one element count as the columns of a matrix [elements, tensors]: what combines them lies side by side. */
export function columnsOf(r: Rewrite, pieces: readonly Piece[]): Piece {
  const elements = elementCount(pieces[0]?.type.shape ?? []);
  const operands = pieces.map((piece) => reshaped(r, piece, [elements, 1]));
  const [first] = operands;
  if (first === undefined) throw new RangeError("no pieces");
  if (operands.length === 1) return first;
  const lo = Math.min(...operands.map((piece) => piece.type.lo));
  const hi = Math.max(...operands.map((piece) => piece.type.hi));
  const output = { ...first.type, shape: [elements, operands.length], lo, hi };
  return put(r, "concat", { operands, output, attrs: [1] });
}

/** Longest run that `nodeOfLength` can have and fit, among `length` halved again and again; 0 when none of 2 or more does. */
export function longestFitting(r: Rewrite, length: number, nodeOfLength: (length: number) => OpNode): number {
  for (let size = Math.min(length, r.limit); size >= 2; size = Math.floor(size / 2)) {
    if (fits(r, nodeOfLength(size))) return size;
  }
  return 0;
}

/** Largest |x - zero| of a piece. */
export function spreadFrom(type: Extent, zero: number): number {
  return maxAbs({ lo: type.lo - zero, hi: type.hi - zero });
}

/** i32 range of a sum in [lo, hi], shifted right by `shift` and rounded. */
export function shiftedExtent(sum: Extent, shift: number): Extent {
  const unit = 2 ** shift;
  const whole = DTYPE_RANGE.i32;
  return {
    lo: Math.max(whole.lo, Math.floor(sum.lo / unit)),
    hi: Math.min(whole.hi, Math.ceil(sum.hi / unit)),
  };
}

/** Least shift that brings sums of this magnitude into an i32. */
export function shiftInto32(magnitude: number): number {
  let shift = 0;
  while (Math.ceil(magnitude / 2 ** shift) > DTYPE_RANGE.i32.hi) shift++;
  return shift;
}

/** Indices of ONNX as positions of the VM: negative ones counted from the end, tuples of coordinates as one number. */
import { integerQuantization } from "../../../quantize/scheme.ts";
import { elementCount, stridesOf } from "../../../tensor/shape.ts";
import { addScaled, compare } from "../emit/compute.ts";
import { emit, integerConstant, type Value } from "../emit/emit.ts";
import { reshape, slice, where } from "../emit/move.ts";
import type { Lowering } from "../lowering/lowering.ts";
import { constantOf, positiveAxis } from "../lowering/tensors.ts";
import { getValue } from "../lowering/values.ts";

const I32 = integerQuantization("i32", { lo: -2147483648, hi: 2147483647 });

/** Indices into an axis of `size` elements as i32, negative ones counted from the end. */
export function wrapNegative(ctx: Lowering, name: string, size: number): Value {
  const { e } = ctx;
  const tensor = constantOf(ctx, name);
  const indices = getValue(ctx, name);
  if (tensor !== undefined) {
    const known = Array.from(tensor.data as ArrayLike<number | bigint>, (i) => positiveAxis(Number(i), size));
    return integerConstant(e, "i32", indices.shape, known);
  }
  const zero = integerConstant(e, "i32", [], [0]);
  const plain = addScaled(e, { a: indices, b: indices, factorB: 0 }, I32);
  const wrapped = addScaled(e, { a: indices, b: indices, factorB: 0, term: size }, I32);
  return where(e, compare(e, indices, "<", zero), wrapped, plain);
}

/**
 * Tuples of coordinates [..., q] of a tensor's first axes (behind `batchDims` leading ones that both share) as the number
 * of the slice that they name, [...]. A coordinate outside its axis counts as the nearest one inside.
 */
export function positionsOfTuples(
  ctx: Lowering,
  name: string,
  of: { readonly shape: readonly number[]; readonly batchDims: number },
): Value {
  const { e } = ctx;
  const indices = getValue(ctx, name);
  const depth = indices.shape.at(-1) ?? 1;
  const tuples = indices.shape.slice(0, -1);
  const count = elementCount(tuples);
  const sizes = of.shape.slice(of.batchDims, of.batchDims + depth);
  const strides = stridesOf(sizes);
  const slices = elementCount(sizes);
  const batches = elementCount(of.shape.slice(0, of.batchDims));
  const perBatch = count / batches;
  const starts = Array.from({ length: count }, (_, i) => Math.floor(i / perBatch) * slices);
  const q = integerQuantization("i32", { lo: 0, hi: batches * slices - 1 });
  const constantIndices = constantOf(ctx, name);
  if (constantIndices !== undefined) {
    const given = Array.from(constantIndices.data as ArrayLike<number | bigint>, Number);
    const positions = starts.map((start, i) =>
      sizes.reduce((sum, size, k) => {
        const at = positiveAxis(given[i * depth + k] ?? 0, size);
        return sum + Math.min(Math.max(at, 0), size - 1) * (strides[k] ?? 1);
      }, start),
    );
    return integerConstant(e, "i32", tuples, positions);
  }
  const rows = reshape(e, indices, [count, depth]);
  const wide = emit(e, "add", { operands: [rows, rows], shape: rows.shape, q: I32, attrs: [1, 0, 0, 0, 0] });
  const behind = integerConstant(e, "i32", [depth], sizes);
  const moved = emit(e, "add", {
    operands: [wide, behind],
    shape: rows.shape,
    q: I32,
    attrs: [1, 1, 0, 0, 0],
  });
  const whole = where(e, compare(e, wide, "<", integerConstant(e, "i32", [], [0])), moved, wide);
  let positions = integerConstant(e, "i32", [count, 1], starts);
  for (const [k, size] of sizes.entries()) {
    const column = slice(e, whole, { starts: [0, k], steps: [1, 1], sizes: [count, 1] });
    const inside = integerQuantization("i32", { lo: 0, hi: size - 1 });
    const clamped = emit(e, "add", {
      operands: [column, column],
      shape: column.shape,
      q: inside,
      attrs: [1, 0, 0, 0, 0],
    });
    positions = addScaled(e, { a: positions, b: clamped, factorB: strides[k] ?? 1 }, q);
  }
  return reshape(e, positions, tuples);
}

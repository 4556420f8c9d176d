/**
 * Reductions along rows in blocks: partial sums, partial maxima, partial winners, then the same over the blocks.
 * Maxima and their indices are exact. A sum is exact while a block's sum fits an i32, for which blocks are made smaller
 * where that costs no further level; else each block is rounded to the bits that an i32 keeps.
 */
import { MAX_MULTIPLIER, MAX_PRODUCT } from "../../numeric/requant.ts";
import { attrAt, type OpNode } from "../../ops/op.ts";
import type { TensorType } from "../../tensor/tensor.ts";
import {
  fits,
  longestFitting,
  nodeFor,
  type Piece,
  padded,
  put,
  putConstant,
  type Rewrite,
  reshaped,
  rowsAlong,
  type Scaling,
  shiftedExtent,
  shiftInto32,
  spreadFrom,
  write,
} from "./rewrite.ts";

/** Writes what a node does in ops that fit; undefined when it can not. */
export type Splitter = (r: Rewrite, node: OpNode, operands: readonly Piece[]) => Piece | undefined;

/** sumReduce: axis zeroX multiplier shift zero. */
export const splitSum: Splitter = (r, { descriptor }, [x]) => {
  if (x === undefined) return undefined;
  const [axis = 0, zeroX = 0, multiplier = 0, shift = 0, zero = 0] = descriptor.attrs;
  const rows = rowsAlong(r, x, axis);
  const sum = sumRows(r, rows, { zeroX, scaling: { multiplier, shift, zero }, output: descriptor.output });
  return sum && reshaped(r, sum, descriptor.output.shape);
};

/** maxReduce: axis. */
export const splitMax: Splitter = (r, { descriptor }, [x]) => {
  if (x === undefined) return undefined;
  const largest = maxRows(r, rowsAlong(r, x, attrAt(descriptor, 0)), descriptor.output);
  return largest && reshaped(r, largest, descriptor.output.shape);
};

/** argmax: axis. */
export const splitArgmax: Splitter = (r, { descriptor }, [x]) => {
  if (x === undefined) return undefined;
  const winner = argmaxRows(r, rowsAlong(r, x, attrAt(descriptor, 0)), descriptor.output);
  return winner && reshaped(r, winner, descriptor.output.shape);
};

/** Requantised sum of (x - zeroX) along rows [E, S] -> [E, 1], with the element type and range of `output`. */
export function sumRows(
  r: Rewrite,
  rows: Piece,
  to: { readonly zeroX: number; readonly scaling: Scaling; readonly output: TensorType },
): Piece | undefined {
  const { zeroX } = to;
  const [count = 1, size = 1] = rows.type.shape;
  const spread = spreadFrom(rows.type, zeroX);
  const scaling = within(to.scaling, BigInt(size) * BigInt(spread));
  const attrs = [1, zeroX, scaling.multiplier, scaling.shift, scaling.zero];
  const whole = nodeFor("sumReduce", {
    operands: [rows],
    output: { ...to.output, shape: [count, 1] },
    attrs,
  });
  if (fits(r, whole)) return write(r, whole);
  const most = longestFitting(r, size - 1, (length) =>
    blockNode("sumReduce", rows, length, [1, zeroX, 1, 0, 0]),
  );
  if (most < 2) return undefined;
  const blocks = blocksOf(r, rows, { most: exactBlock(r, { most, size, spread, count }), value: zeroX });
  if (blocks === undefined) return undefined;
  const [, length = 1] = blocks.piece.type.shape;
  const shift = shiftInto32(length * spread);
  const { lo, hi } = shiftedExtent(
    { lo: length * Math.min(0, rows.type.lo - zeroX), hi: length * Math.max(0, rows.type.hi - zeroX) },
    shift,
  );
  const partial = put(r, "sumReduce", {
    operands: [blocks.piece],
    output: { dtype: "i32", shape: [count * blocks.count, 1], lo, hi },
    attrs: [1, zeroX, 1, shift, 0],
  });
  const rest = lowered(to.scaling, shift);
  if (rest === undefined) return undefined;
  return sumRows(r, reshaped(r, partial, [count, blocks.count]), {
    zeroX: 0,
    scaling: rest,
    output: to.output,
  });
}

/** Largest element of rows [E, S] -> [E, 1]. */
export function maxRows(r: Rewrite, rows: Piece, output: TensorType): Piece | undefined {
  const [count = 1, size = 1] = rows.type.shape;
  const whole = nodeFor("maxReduce", {
    operands: [rows],
    output: { ...output, shape: [count, 1] },
    attrs: [1],
  });
  if (fits(r, whole)) return write(r, whole);
  const most = longestFitting(r, size - 1, (length) => blockNode("maxReduce", rows, length, [1]));
  const blocks = most < 2 ? undefined : blocksOf(r, rows, { most, value: rows.type.lo });
  if (blocks === undefined) return undefined;
  const shape = [count * blocks.count, 1];
  const partial = put(r, "maxReduce", {
    operands: [blocks.piece],
    output: { ...rows.type, shape },
    attrs: [1],
  });
  return maxRows(r, reshaped(r, partial, [count, blocks.count]), output);
}

/**
 * Index of the largest element of rows [E, S] -> [E, 1]: of the blocks whose maximum is the row's, the lowest index.
 * Blocks are padded behind with the lowest value of x, which wins over nothing that stands before it.
 */
function argmaxRows(r: Rewrite, rows: Piece, output: TensorType): Piece | undefined {
  const [count = 1, size = 1] = rows.type.shape;
  const whole = nodeFor("argmax", { operands: [rows], output: { ...output, shape: [count, 1] }, attrs: [1] });
  if (fits(r, whole)) return write(r, whole);
  const most = longestFitting(r, size - 1, (length) => blockNode("argmax", rows, length, [1]));
  const blocks = most < 2 ? undefined : blocksOf(r, rows, { most, value: rows.type.lo });
  if (blocks === undefined) return undefined;
  const [, length = 1] = blocks.piece.type.shape;
  const last = blocks.count * length - 1;
  const perBlock = { shape: [count * blocks.count, 1] };
  const byBlock = [count, blocks.count];
  const index = put(r, "argmax", {
    operands: [blocks.piece],
    output: { dtype: "i32", ...perBlock, lo: 0, hi: length - 1 },
    attrs: [1],
  });
  const peak = put(r, "maxReduce", {
    operands: [blocks.piece],
    output: { ...rows.type, ...perBlock },
    attrs: [1],
  });
  const peaks = reshaped(r, peak, byBlock);
  const top = maxRows(r, peaks, rows.type);
  if (top === undefined) return undefined;
  const wins = put(r, "compare", {
    operands: [peaks, top],
    output: { dtype: "i8", shape: byBlock, lo: 0, hi: 1 },
    attrs: [0],
  });
  const starts = putConstant(r, {
    dtype: "i32",
    shape: [1, blocks.count],
    values: Array.from({ length: blocks.count }, (_, block) => block * length),
  });
  // Negative indices: the lowest index is the largest of them.
  const places = put(r, "add", {
    operands: [reshaped(r, index, byBlock), starts],
    output: { dtype: "i32", shape: byBlock, lo: -last, hi: 0 },
    attrs: [-1, -1, 0, 0, 0],
  });
  const none = putConstant(r, { dtype: "i32", shape: [], values: [-last - 1] });
  const candidates = put(r, "where", {
    operands: [wins, places, none],
    output: { dtype: "i32", shape: byBlock, lo: -last - 1, hi: 0 },
  });
  const best = maxRows(r, candidates, candidates.type);
  if (best === undefined) return undefined;
  return put(r, "add", {
    operands: [best, best],
    output: { ...output, shape: [count, 1] },
    attrs: [-1, 0, 0, 0, 0],
  });
}

/** The same scaling of an accumulator that has already been divided by 2^shift; undefined when no multiplier gives it. */
export function lowered(scaling: Scaling, shift: number): Scaling | undefined {
  const left = scaling.shift - shift;
  if (left >= 0) return { ...scaling, shift: left };
  const multiplier = scaling.multiplier * 2 ** -left;
  return multiplier > MAX_MULTIPLIER ? undefined : { ...scaling, multiplier, shift: 0 };
}

/** The scaling with its multiplier halved until the product stays within what validation allows. */
function within(scaling: Scaling, accumulator: bigint): Scaling {
  let { multiplier, shift } = scaling;
  while (shift > 0 && accumulator * BigInt(multiplier) > MAX_PRODUCT) {
    multiplier = Math.floor(multiplier / 2);
    shift--;
  }
  return { ...scaling, multiplier, shift };
}

/** A block length whose sums are exact in i32, where the blocks of that length can be summed in one op; else `most`. */
function exactBlock(
  r: Rewrite,
  of: { readonly most: number; readonly size: number; readonly spread: number; readonly count: number },
): number {
  const { most, size, spread, count } = of;
  const exact = Math.floor((2 ** 31 - 1) / Math.max(1, spread));
  if (exact >= most || exact < 2) return most;
  const blocks = Math.ceil(size / exact);
  const sums: Piece = {
    ref: { kind: "op", index: 0 },
    type: { dtype: "i32", shape: [count, blocks], lo: -(2 ** 31), hi: 2 ** 31 - 1 },
  };
  return fits(r, blockNode("sumReduce", sums, blocks, [1, 0, 1, 0, 0])) ? exact : most;
}

/** A reduction of x in rows of `length`. */
function blockNode(name: string, x: Piece, length: number, attrs: readonly number[]): OpNode {
  const [count = 1, size = 1] = x.type.shape;
  const rows = count * Math.ceil(size / length);
  const seen = { ref: x.ref, type: { ...x.type, shape: [rows, length] } };
  return nodeFor(name, { operands: [seen], output: { ...x.type, shape: [rows, 1] }, attrs });
}

/** Rows cut into equal blocks of at most `most` elements [E x blocks, length], padded behind with `value`. */
function blocksOf(
  r: Rewrite,
  rows: Piece,
  by: { readonly most: number; readonly value: number },
): { readonly piece: Piece; readonly count: number } | undefined {
  const [rowCount = 1, size = 1] = rows.type.shape;
  const count = Math.ceil(size / by.most);
  const length = Math.ceil(size / count);
  const whole = padded(r, rows, { before: [0, 0], after: [0, count * length - size], value: by.value });
  return whole && { piece: reshaped(r, whole, [rowCount * count, length]), count };
}

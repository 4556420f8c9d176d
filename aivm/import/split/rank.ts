/**
 * The order along long rows: each block names its best, and the best of those are the row's. Exact: among equals a
 * candidate of an earlier block, or an earlier one of its block, stands first, as the lowest index must.
 */
import type { TensorType } from "../../tensor/tensor.ts";
import { blockNode, blocksOf, type Splitter } from "./reduce.ts";
import {
  fits,
  longestFitting,
  nodeFor,
  type Piece,
  put,
  putConstant,
  type Rewrite,
  reshaped,
  rowsAlong,
  write,
} from "./rewrite.ts";

/** rank: axis largest; the output's size along the axis says how many. */
export const splitRank: Splitter = (r, { descriptor }, [x]) => {
  if (x === undefined) return undefined;
  const [axis = 0, largest = 0] = descriptor.attrs;
  const { output } = descriptor;
  const places = output.shape[axis] ?? 1;
  const rows = rankRows(r, rowsAlong(r, x, axis), { places, largest, output });
  if (rows === undefined) return undefined;
  const inner = output.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  if (inner === 1) return reshaped(r, rows, output.shape);
  const [count = 1] = rows.type.shape;
  const seen = reshaped(r, rows, [count / inner, inner, places]);
  const type = { ...rows.type, shape: [count / inner, places, inner] };
  return reshaped(r, put(r, "transpose", { operands: [seen], output: type, attrs: [0, 2, 1] }), output.shape);
};

/** Indices of the `places` first elements of rows [E, S] in order -> [E, places]. */
function rankRows(
  r: Rewrite,
  rows: Piece,
  to: { readonly places: number; readonly largest: number; readonly output: TensorType },
): Piece | undefined {
  const { places, largest, output } = to;
  const [count = 1, size = 1] = rows.type.shape;
  const attrs = [1, largest];
  const whole = nodeFor("rank", { operands: [rows], output: { ...output, shape: [count, places] }, attrs });
  if (fits(r, whole)) return write(r, whole);
  const most = longestFitting(r, size - 1, (length) => blockNode("rank", rows, length, attrs));
  const last = largest === 1 ? rows.type.lo : rows.type.hi;
  const blocks = most < 2 ? undefined : blocksOf(r, rows, { most, value: last });
  if (blocks === undefined) return undefined;
  const [blockCount = 1, length = 1] = blocks.piece.type.shape;
  const best = Math.min(places, length);
  const candidates = blocks.count * best;
  // Nothing is gained when the blocks hand on nearly all that they have.
  if (4 * candidates > 3 * size) return undefined;
  const padded = blocks.count * length;
  const indices = (shape: readonly number[], hi: number): TensorType => ({ dtype: "i32", shape, lo: 0, hi });
  const own = put(r, "rank", {
    operands: [blocks.piece],
    output: indices([blockCount, best], length - 1),
    attrs,
  });
  const starts = startsOf(r, blockCount, (block) => (block % blocks.count) * length);
  const inRow = sum(r, own, starts, indices([blockCount, best], padded - 1));
  const flat = reshaped(r, blocks.piece, [blockCount * length]);
  const named = reshaped(r, inRow, [count, candidates]);
  const anywhere = sum(
    r,
    named,
    startsOf(r, count, (row) => row * padded),
    indices([count, candidates], count * padded - 1),
  );
  const values = put(r, "gather", {
    operands: [flat, anywhere],
    output: { ...flat.type, shape: [count, candidates] },
    attrs: [0],
  });
  const winners = rankRows(r, values, { places, largest, output: indices([], candidates - 1) });
  if (winners === undefined) return undefined;
  const at = sum(
    r,
    winners,
    startsOf(r, count, (row) => row * candidates),
    indices([count, places], count * candidates - 1),
  );
  const listed = reshaped(r, named, [count * candidates]);
  return put(r, "gather", {
    operands: [listed, at],
    output: { ...listed.type, shape: [count, places] },
    attrs: [0],
  });
}

/** A column of numbers: where each row starts. */
function startsOf(r: Rewrite, count: number, start: (row: number) => number): Piece {
  return putConstant(r, {
    dtype: "i32",
    shape: [count, 1],
    values: Array.from({ length: count }, (_, row) => start(row)),
  });
}

function sum(r: Rewrite, a: Piece, b: Piece, output: TensorType): Piece {
  return put(r, "add", { operands: [a, b], output, attrs: [1, 1, 0, 0, 0] });
}

/**
 * Products of two activations in parts: exact while a part's sum, and for a division the whole sum, fits an i32; else
 * rounded to the bits that an i32 keeps.
 */
import { MAX_LIFT } from "../../numeric/divide.ts";
import { attrAt, type OpNode } from "../../ops/op.ts";
import type { TensorType } from "../../tensor/tensor.ts";
import { lowered, type Splitter, sumRows } from "./reduce.ts";
import {
  columnsOf,
  longestFitting,
  nodeFor,
  type Piece,
  put,
  type Rewrite,
  reshaped,
  type Scaling,
  shiftedExtent,
  shiftInto32,
  sliced,
  spreadFrom,
} from "./rewrite.ts";

/** matmul: zeroA zeroB multiplier shift zero. */
export const splitMatmul: Splitter = (r, node, [a, b]) => {
  const [, , multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  return (
    a && b && product(r, node, { a, b, scaling: { multiplier, shift, zero }, output: node.descriptor.output })
  );
};

/** matmulDiv: zeroA zeroB multiplier shift zero; the whole sum in i32, then divided. */
export const splitMatmulDiv: Splitter = (r, node, [a, b, d]) => {
  if (a === undefined || b === undefined || d === undefined) return undefined;
  const { attrs, output } = node.descriptor;
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = attrs;
  const length = a.type.shape.at(-1) ?? 1;
  const largest = length * spreadFrom(a.type, zeroA) * spreadFrom(b.type, zeroB);
  const coarser = shiftInto32(largest);
  if (shift - coarser < -MAX_LIFT) return undefined;
  const range = shiftedExtent({ lo: -largest, hi: largest }, coarser);
  const whole: TensorType = { dtype: "i32", shape: output.shape, ...range };
  const sum = product(r, node, { a, b, scaling: { multiplier: 1, shift: coarser, zero: 0 }, output: whole });
  return (
    sum && put(r, "div", { operands: [sum, d], output, attrs: [0, 0, multiplier, shift - coarser, zero, 0] })
  );
};

function product(
  r: Rewrite,
  { descriptor }: OpNode,
  of: { readonly a: Piece; readonly b: Piece; readonly scaling: Scaling; readonly output: TensorType },
): Piece | undefined {
  const { a, b, output } = of;
  const [zeroA, zeroB] = [attrAt(descriptor, 0), attrAt(descriptor, 1)];
  const length = a.type.shape.at(-1) ?? 1;
  const most = longestFitting(r, length - 1, (count) =>
    nodeFor("matmul", {
      operands: [a, b].map((x) => ({ ...x, type: { ...x.type, shape: part(x, 0, count).sizes } })),
      output,
    }),
  );
  if (most < 2) return undefined;
  const size = Math.ceil(length / Math.ceil(length / most));
  const largest = size * spreadFrom(a.type, zeroA) * spreadFrom(b.type, zeroB);
  const coarser = shiftInto32(largest);
  const limit = Math.ceil(largest / 2 ** coarser);
  const pieces: Piece[] = [];
  for (let from = 0; from < length; from += size) {
    const count = Math.min(size, length - from);
    pieces.push(
      put(r, "matmul", {
        operands: [a, b].map((x) => sliced(r, x, part(x, from, count))),
        output: { dtype: "i32", shape: output.shape, lo: -limit, hi: limit },
        attrs: [zeroA, zeroB, 1, coarser, 0],
      }),
    );
  }
  const scaling = lowered(of.scaling, coarser);
  const sum = scaling && sumRows(r, columnsOf(r, pieces), { zeroX: 0, scaling, output });
  return sum && reshaped(r, sum, output.shape);
}

/** Elements [from, from + count) along the last axis. */
function part(
  x: Piece,
  from: number,
  count: number,
): { readonly starts: number[]; readonly sizes: number[] } {
  const lead = x.type.shape.slice(0, -1);
  return { starts: [...lead.map(() => 0), from], sizes: [...lead, count] };
}

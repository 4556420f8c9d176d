/** Results that need more than 16 bits on the way: sums and products kept in i32, and functions of them. */

import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { compare, rescale, table } from "./compute.ts";
import type { Emitter } from "./emit.ts";
import { broadcast, emit, integerConstant, largestFrom, largestInteger, type Value } from "./emit.ts";
import { where } from "./move.ts";

const I32 = 2 ** 31 - 1;

/** Quantisation in i32 of something whose exact integers are in [-bound, bound] at scale `unit`: a power of two coarser where they leave i32. */
export function wideQuantization(unit: number, bound: number): Quantization & { readonly shift: number } {
  let shift = 0;
  while (bound / 2 ** shift > I32) shift++;
  const limit = Math.max(1, Math.min(I32, Math.ceil(bound / 2 ** shift)));
  return { dtype: "i32", scale: unit * 2 ** shift, zero: 0, lo: -limit, hi: limit, shift };
}

/** a b^T in i32: exact, or rounded to the lowest bit that i32 can keep. a [...,M,K], b [...,N,K]. */
export function matmulWide(e: Emitter, a: Value, b: Value): Value {
  const length = a.shape.at(-1) ?? 1;
  const bound = length * largestFrom(a.q) * largestFrom(b.q);
  const { shift, ...q } = wideQuantization(a.q.scale * b.q.scale, bound);
  const shape = [
    ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    a.shape.at(-2) ?? 1,
    b.shape.at(-2) ?? 1,
  ];
  return emit(e, "matmul", { operands: [a, b], shape, q, attrs: [a.q.zero, b.q.zero, 1, shift, 0] });
}

/** a x b in i32, exact as far as i32 goes; broadcast. */
export function mulWide(e: Emitter, a: Value, b: Value): Value {
  const { shift, ...symmetric } = wideQuantization(
    a.q.scale * b.q.scale,
    largestFrom(a.q) * largestFrom(b.q),
  );
  const q = a === b ? { ...symmetric, lo: 0 } : symmetric; // a square
  const attrs = [a.q.zero, b.q.zero, 1, shift, 0];
  return emit(e, "mul", { operands: [a, b], shape: broadcast(a.shape, b.shape), q, attrs });
}

/** Sum along an axis in i32, which keeps size 1. */
export function sumWide(e: Emitter, x: Value, axis: number): Value {
  const size = x.shape[axis] ?? 1;
  const { shift, ...symmetric } = wideQuantization(x.q.scale, size * largestFrom(x.q));
  const q = x.q.lo >= x.q.zero ? { ...symmetric, lo: 0 } : symmetric;
  const shape = x.shape.map((s, i) => (i === axis ? 1 : s));
  return emit(e, "sumReduce", { operands: [x], shape, q, attrs: [axis, x.q.zero, 1, shift, 0] });
}

/** Finest to coarsest view of an i32: factor between neighbours. */
const VIEW_STEP = 2 ** 6;

/**
 * Any real function of an i32 value with about nine significant bits or more of its argument at any magnitude: the
 * value is seen in 16 bits at several scales, each with its own table, and the finest view that holds it is chosen.
 * @param q of the result; i32 tables keep wide results
 */
export function tableWide(e: Emitter, x: Value, f: (real: number) => number, q: Quantization): Value {
  const largest = largestInteger(x.q);
  if (x.q.dtype !== "i32") return table(e, x, f, q);
  const views: number[] = [];
  for (let factor = 1; ; factor *= VIEW_STEP) {
    views.push(Math.min(factor, largest / 32767));
    if (factor * 32767 >= largest) break;
  }
  let result: Value | undefined;
  for (const factor of [...views].reverse()) {
    const viewQ: Quantization = {
      dtype: "i16",
      scale: x.q.scale * Math.max(factor, 1),
      zero: 0,
      lo: -32767,
      hi: 32767,
    };
    const seen = table(e, rescale(e, x, viewQ), f, q);
    if (result === undefined) {
      result = seen;
      continue;
    }
    const limit = integerConstant(e, "i32", [], [Math.floor(32767 * factor)]);
    const inside = compare(e, magnitude(e, x), "<", limit);
    result = where(e, inside, seen, result);
  }
  return result ?? table(e, x, f, q);
}

/** |q| of an i32 value as an i32. */
function magnitude(e: Emitter, x: Value): Value {
  if (x.q.lo >= 0) return x;
  const limit = largestInteger(x.q);
  const q = integerQuantization("i32", { lo: -limit, hi: limit });
  const raw = { ...x, q: integerQuantization("i32", x.q) };
  const negated = emit(e, "add", { operands: [raw, raw], shape: x.shape, q, attrs: [-1, 0, 0, 0, 0] });
  const zero = integerConstant(e, "i32", [], [0]);
  return where(e, compare(e, raw, "<", zero), negated, { ...raw, q });
}

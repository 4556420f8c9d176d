/** Loops that choose: rank, scatter. */
import type { OpNode } from "../../../ops/op.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { factorOf, finish } from "../rounding.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";
import { alignedStrides, walk } from "./strided.ts";

/** Up to this many places, keeping the best ones in order costs less than sorting the whole axis. */
const FEW = 16;

/** Order along an axis. Value and index are one number, value x size + index: below 2^53, and without ties. */
export const rankLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [axis = 0, largest] = node.descriptor.attrs;
  const x = dataAt(operands, 0);
  const shape = operands[0]?.shape ?? [];
  const size = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const count = node.descriptor.output.shape[axis] ?? 1;
  const keys = new Float64Array(size);
  for (let from = 0, to = 0; from < x.length; from += size * inner, to += count * inner) {
    for (let lane = 0; lane < inner; lane++) {
      for (let i = 0; i < size; i++) {
        const value = x[from + i * inner + lane] ?? 0;
        keys[i] = (largest === 1 ? -value : value) * size + i;
      }
      const order = count <= FEW ? smallest(keys, count) : keys.slice().sort();
      for (let place = 0; place < count; place++) {
        const key = order[place] ?? 0;
        out[to + place * inner + lane] = key - Math.floor(key / size) * size;
      }
    }
  }
  return out;
};

/** The `count` smallest keys in order, by insertion. */
function smallest(keys: Float64Array, count: number): Float64Array {
  const best = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (const key of keys) {
    if (key >= (best[count - 1] ?? 0)) continue;
    let at = count - 1;
    for (; at > 0 && (best[at - 1] ?? 0) > key; at--) best[at] = best[at - 1] ?? 0;
    best[at] = key;
  }
  return best;
}

/** Updates written one after the other into a copy. */
export const scatterLoop: Loop = (node, operands) => {
  const [axis = 0, reduction = 0] = node.descriptor.attrs;
  const { lo, hi } = node.descriptor.output;
  const [x, positions, updates] = [dataAt(operands, 0), dataAt(operands, 1), dataAt(operands, 2)];
  const shape = operands[0]?.shape ?? [];
  const size = shape[axis] ?? 1;
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const values = Float64Array.from(x);
  const apply = reducer(node, values);
  const lanes = shape.map((s, i) => (i === axis ? (operands[2]?.shape[axis] ?? 1) : s));
  const into = { strides: alignedStrides(shape, shape.length).map((s, i) => (i === axis ? 0 : s)), base: 0 };
  walk(lanes, [into, stridesIn(operands[1], lanes), stridesIn(operands[2], lanes)], (_, lane, p, u) => {
    const at = positions[p] ?? -1;
    if (at >= 0 && at < size) apply(lane + at * stride, updates[u] ?? 0);
  });
  const out = outputData(node);
  const clamps = reduction === 1 || reduction === 2;
  for (let i = 0; i < out.length; i++) {
    const value = values[i] ?? 0;
    out[i] = clamps ? Math.max(lo, Math.min(hi, value)) : value;
  }
  return out;
};

function stridesIn(
  operand: Tensor | undefined,
  lanes: readonly number[],
): { readonly strides: readonly number[]; readonly base: number } {
  return { strides: alignedStrides(operand?.shape ?? [], lanes.length), base: 0 };
}

/** How one update changes one element. */
function reducer(node: OpNode, values: Float64Array): (at: number, update: number) => void {
  const [, reduction, multiplier = 1, shift = 0] = node.descriptor.attrs;
  const { lo, hi } = node.descriptor.output;
  const to = { factor: factorOf(multiplier, shift), zero: 0, lo, hi };
  return (at, update) => {
    const y = values[at] ?? 0;
    if (reduction === 1) values[at] = y + update;
    else if (reduction === 2) values[at] = finish(Math.max(lo, Math.min(hi, y)) * update, to);
    else if (reduction === 0 || (reduction === 3 ? update > y : update < y)) values[at] = update;
  };
}

/** Elementwise loops: add, mul, rescale, table, where, compare. */
import type { OpNode } from "../../../ops/op.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { type Finish, factorOf, finish } from "../rounding.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";
import { alignedStrides, type Visit, walk } from "./strided.ts";

/** Sum of two scaled operands. */
export const addLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [multiplierA = 0, multiplierB = 0, offset = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const a = dataAt(operands, 0);
  const b = dataAt(operands, 1);
  const to = finishOf(node, { multiplier: 1, shift, zero });
  walkBroadcast(node, operands, (element, i, j) => {
    out[element] = finish((a[i] ?? 0) * multiplierA + (b[j] ?? 0) * multiplierB + offset, to);
  });
  return out;
};

/** Product of two operands. */
export const mulLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const a = dataAt(operands, 0);
  const b = dataAt(operands, 1);
  const to = finishOf(node, { multiplier, shift, zero });
  walkBroadcast(node, operands, (element, i, j) => {
    out[element] = finish(((a[i] ?? 0) - zeroA) * ((b[j] ?? 0) - zeroB), to);
  });
  return out;
};

/** Another scale. */
export const rescaleLoop: Loop = (node, operands) => {
  const [zeroX = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const to = finishOf(node, { multiplier, shift, zero });
  const out = outputData(node);
  for (const [i, value] of dataAt(operands, 0).entries()) out[i] = finish(value - zeroX, to);
  return out;
};

/** A function by its table. */
export const tableLoop: Loop = (node, operands) => {
  const entries = dataAt(operands, 1);
  const out = outputData(node);
  const middle = entries.length / 2;
  for (const [i, value] of dataAt(operands, 0).entries()) out[i] = entries[middle + value] ?? 0;
  return out;
};

/** One of two operands. */
export const whereLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [condition, a, b] = [dataAt(operands, 0), dataAt(operands, 1), dataAt(operands, 2)];
  walkBroadcast(node, operands, (element, i, j, k) => {
    out[element] = (condition[i] === 0 ? b[k] : a[j]) ?? 0;
  });
  return out;
};

/** A relation as 0 or 1. */
export const compareLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [a, b] = [dataAt(operands, 0), dataAt(operands, 1)];
  const relation = node.descriptor.attrs[0];
  walkBroadcast(node, operands, (element, i, j) => {
    const order = Math.sign((a[i] ?? 0) - (b[j] ?? 0));
    const holds = relation === 0 ? order === 0 : order < 0 || (relation === 2 && order === 0);
    out[element] = holds ? 1 : 0;
  });
  return out;
};

/** Finish of a node with these requantisation parameters. */
export function finishOf(
  node: OpNode,
  params: { readonly multiplier: number; readonly shift: number; readonly zero: number },
): Finish {
  const { lo, hi } = node.descriptor.output;
  return { factor: factorOf(params.multiplier, params.shift), zero: params.zero, lo, hi };
}

/** Calls `visit` for every output element with the matching element of up to three operands that broadcast to it. */
export function walkBroadcast(node: OpNode, operands: readonly Tensor[], visit: Visit): void {
  const { shape } = node.descriptor.output;
  const count = shape.reduce((product, size) => product * size, 1);
  if (operands.every((operand) => operand.data.length === count)) {
    walk(
      [count],
      operands.map(() => ({ strides: [1], base: 0 })),
      visit,
    );
    return;
  }
  walk(
    shape,
    operands.map((operand) => ({ strides: alignedStrides(operand.shape, shape.length), base: 0 })),
    visit,
  );
}

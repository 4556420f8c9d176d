/** Loops that move data: reshape, transpose, concat, slice, pad, expand, gather. */
import type { Tensor } from "../../../tensor/tensor.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";
import { alignedStrides, walk } from "./strided.ts";

/** The same elements. */
export const reshapeLoop: Loop = (node, operands) => {
  const out = outputData(node);
  out.set(dataAt(operands, 0));
  return out;
};

/** Axes permuted. */
export const transposeLoop: Loop = (node, operands) => {
  const shape = operands[0]?.shape ?? [];
  const strides = alignedStrides(shape, shape.length);
  return pick(node, operands, { strides: node.descriptor.attrs.map((axis) => strides[axis] ?? 0), base: 0 });
};

/** Every step-th element. */
export const sliceLoop: Loop = (node, operands) => {
  const shape = operands[0]?.shape ?? [];
  const rank = shape.length;
  const whole = alignedStrides(shape, rank);
  const { attrs } = node.descriptor;
  const base = whole.reduce((sum, stride, axis) => sum + stride * (attrs[axis] ?? 0), 0);
  return pick(node, operands, {
    strides: whole.map((stride, axis) => stride * (attrs[rank + axis] ?? 1)),
    base,
  });
};

/** Repeated along axes of size 1. */
export const expandLoop: Loop = (node, operands) => {
  const strides = alignedStrides(operands[0]?.shape ?? [], node.descriptor.output.shape.length);
  return pick(node, operands, { strides, base: 0 });
};

/** Surrounded by a value. */
export const padLoop: Loop = (node, operands) => {
  const out = outputData(node).fill(node.descriptor.attrs.at(-1) ?? 0);
  const x = dataAt(operands, 0);
  const inner = operands[0]?.shape ?? [];
  const { shape } = node.descriptor.output;
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const base = strides.reduce((sum, stride, axis) => sum + stride * (node.descriptor.attrs[axis] ?? 0), 0);
  walk(inner, [{ strides, base }], (element, at) => {
    out[at] = x[element] ?? 0;
  });
  return out;
};

/** One behind the other: block copies. */
export const concatLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const axis = node.descriptor.attrs[0] ?? 0;
  const blocks = operands.map((operand) => ({ operand, size: blockSize(operand.shape, axis) }));
  let at = 0;
  for (let outer = 0; at < out.length; outer++) {
    for (const { operand, size } of blocks) {
      out.set(operand.data.subarray(outer * size, (outer + 1) * size), at);
      at += size;
    }
  }
  return out;
};

/** Slices chosen by index: block copies. */
export const gatherLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const axis = node.descriptor.attrs[0] ?? 0;
  const shape = operands[0]?.shape ?? [];
  const x = dataAt(operands, 0);
  const indices = dataAt(operands, 1);
  const size = shape[axis] ?? 1;
  const row = blockSize(shape, axis + 1);
  let to = 0;
  for (let outer = 0; to < out.length; outer++) {
    for (const index of indices) {
      const from = (outer * size + Math.max(0, Math.min(size - 1, index))) * row;
      out.set(x.subarray(from, from + row), to);
      to += row;
    }
  }
  return out;
};

function pick(
  node: Parameters<Loop>[0],
  operands: readonly Tensor[],
  map: { readonly strides: readonly number[]; readonly base: number },
): ReturnType<Loop> {
  const out = outputData(node);
  const x = dataAt(operands, 0);
  walk(node.descriptor.output.shape, [map], (element, from) => {
    out[element] = x[from] ?? 0;
  });
  return out;
}

/** Elements of the axes from `axis` on. */
function blockSize(shape: readonly number[], axis: number): number {
  return shape.slice(axis).reduce((a, b) => a * b, 1);
}

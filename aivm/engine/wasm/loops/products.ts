/** Plain loops for products that the SIMD kernel does not take: grouped convolution, wide operands, matmul. */
import { convGeometry } from "../../../ops/conv2d.ts";
import type { OpNode } from "../../../ops/op.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { factorOf, finish } from "../rounding.ts";
import { finishOf } from "./elementwise.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";
import { alignedStrides, type Strided, walk } from "./strided.ts";

/** Grouped convolution, one output pixel after the other. */
export const convLoop: Loop = (node, operands) => {
  const { window, groupSize, groups, outChannels, length, padValue, zero } = convGeometry(node);
  const [x, w] = [wide(operands, 0), wide(operands, 1)];
  const out = outputData(node);
  const end = channelFinish(node, { operands, zero });
  const sums = new Float64Array(outChannels);
  const perGroup = outChannels / groups;
  for (let to = 0; to < out.length; to += outChannels) {
    const pixel = to / outChannels;
    const ox = pixel % window.outWidth;
    const oy = Math.floor(pixel / window.outWidth) % window.outHeight;
    const n = Math.floor(pixel / (window.outWidth * window.outHeight));
    sums.fill(0);
    for (let position = 0; position < window.kernelH * window.kernelW; position++) {
      const i = Math.floor(position / window.kernelW);
      const y = oy * window.strideH - window.padTop + i * window.dilationH;
      const column = ox * window.strideW - window.padLeft + (position % window.kernelW) * window.dilationW;
      const padded = y < 0 || y >= window.height || column < 0 || column >= window.width;
      const base = ((n * window.height + y) * window.width + column) * window.channels;
      for (let o = 0; o < outChannels; o++) {
        const from = base + Math.floor(o / perGroup) * groupSize;
        const row = o * length + position * groupSize;
        let sum = 0;
        for (let c = 0; c < groupSize; c++)
          sum += (padded ? padValue : (x[from + c] ?? 0)) * (w[row + c] ?? 0);
        sums[o] = (sums[o] ?? 0) + sum;
      }
    }
    end(sums);
    out.set(sums, to);
  }
  return out;
};

/** Matrix times constant matrix. */
export const linearLoop: Loop = (node, operands) => {
  const [x, w] = [wide(operands, 0), wide(operands, 1)];
  const [channels = 1, length = 1] = operands[1]?.shape ?? [];
  const out = outputData(node);
  const end = channelFinish(node, { operands, zero: node.descriptor.attrs[0] ?? 0 });
  const sums = new Float64Array(channels);
  for (let row = 0; row * channels < out.length; row++) {
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += (x[row * length + k] ?? 0) * (w[channel * length + k] ?? 0);
      sums[channel] = sum;
    }
    end(sums);
    out.set(sums, row * channels);
  }
  return out;
};

/** Product of two activations. */
export const matmulLoop: Loop = (node, operands) => {
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const [a, b] = [wide(operands, 0), wide(operands, 1)];
  const { shape } = node.descriptor.output;
  const length = operands[0]?.shape.at(-1) ?? 1;
  const out = outputData(node);
  const end = finishOf(node, { multiplier, shift, zero });
  walk(shape, productStrides(node, operands), (element, i, j) => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += ((a[i + k] ?? 0) - zeroA) * ((b[j + k] ?? 0) - zeroB);
    out[element] = finish(sum, end);
  });
  return out;
};

/** How rows of a and b, and elements of a third operand if any, are met along the product of a and b. */
export function productStrides(node: OpNode, operands: readonly Tensor[]): Strided[] {
  const rank = node.descriptor.output.shape.length;
  const [left = [], right = [], third = []] = operands.map((operand) => alignedStrides(operand.shape, rank));
  return [
    { strides: [...left.slice(0, -2), left.at(-2) ?? 0, 0], base: 0 },
    { strides: [...right.slice(0, -2), 0, right.at(-2) ?? 0], base: 0 },
    { strides: third, base: 0 },
  ];
}

/** Replaces the sums of one row of channels by their requantised values (operands 2, 3, 4 hold the parameters). */
function channelFinish(
  node: OpNode,
  from: { readonly operands: readonly Tensor[]; readonly zero: number },
): (sums: Float64Array) => void {
  const [bias, multiplier, shift] = [wide(from.operands, 2), wide(from.operands, 3), wide(from.operands, 4)];
  const { lo, hi } = node.descriptor.output;
  const { zero } = from;
  const factors = multiplier.map((value, channel) =>
    factorOf(Math.max(0, Math.min(2_097_151, value)), Math.max(0, Math.min(62, shift[channel] ?? 0))),
  );
  return (sums) => {
    for (let c = 0; c < sums.length; c++) {
      sums[c] = finish((sums[c] ?? 0) + (bias[c] ?? 0), { factor: factors[c] ?? 0, zero, lo, hi });
    }
  };
}

/** Values as f64: one element type keeps the loops fast. */
function wide(operands: readonly Tensor[], index: number): Float64Array {
  return new Float64Array(dataAt(operands, index));
}

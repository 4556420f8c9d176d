/** Loops over windows and axes: maxPool2d, avgPool2d, argmax, maxReduce, sumReduce. */
import { avgPoolAttrs } from "../../../ops/avgPool2d.ts";
import { maxPoolAttrs } from "../../../ops/maxPool2d.ts";
import type { OpNode } from "../../../ops/op.ts";
import { type Window, windowGeometry } from "../../../ops/window.ts";
import type { TensorData } from "../../../tensor/tensor.ts";
import { finish } from "../rounding.ts";
import { finishOf } from "./elementwise.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";

/** Largest of a window: whole pixels at a time. */
export const maxPoolLoop: Loop = (node, operands) => {
  const window = windowGeometry(node, maxPoolAttrs(node));
  const x = dataAt(operands, 0);
  const out = outputData(node).fill(node.descriptor.output.lo);
  eachPair(window, (to, from) => {
    for (let c = 0; c < window.channels; c++) {
      const value = x[from + c] ?? 0;
      if (value > (out[to + c] ?? 0)) out[to + c] = value;
    }
  });
  return out;
};

/** Scaled sum of a window. */
export const avgPoolLoop: Loop = (node, operands) => {
  const window = windowGeometry(node, avgPoolAttrs(node));
  const [, , , , , , , , zeroX = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const x = dataAt(operands, 0);
  const out = outputData(node);
  const sums = new Float64Array(out.length);
  eachPair(window, (to, from) => {
    for (let c = 0; c < window.channels; c++) sums[to + c] = (sums[to + c] ?? 0) + (x[from + c] ?? 0) - zeroX;
  });
  const end = finishOf(node, { multiplier, shift, zero });
  for (let i = 0; i < out.length; i++) out[i] = finish(sums[i] ?? 0, end);
  return out;
};

/** Index of the largest along an axis. */
export const argmaxLoop: Loop = (node, operands) => {
  const best = outputData(node);
  const largest = new Float64Array(best.length).fill(Number.NEGATIVE_INFINITY);
  alongAxis(node, dataAt(operands, 0), (to, value, position) => {
    if (value <= (largest[to] ?? 0)) return;
    largest[to] = value;
    best[to] = position;
  });
  return best;
};

/** Largest along an axis. */
export const maxReduceLoop: Loop = (node, operands) => {
  const out = outputData(node);
  alongAxis(node, dataAt(operands, 0), (to, value, position) => {
    if (position === 0 || value > (out[to] ?? 0)) out[to] = value;
  });
  return out;
};

/** Scaled sum along an axis. */
export const sumReduceLoop: Loop = (node, operands) => {
  const [, zeroX = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const out = outputData(node);
  const sums = new Float64Array(out.length);
  alongAxis(node, dataAt(operands, 0), (to, value) => {
    sums[to] = (sums[to] ?? 0) + value - zeroX;
  });
  const end = finishOf(node, { multiplier, shift, zero });
  for (let i = 0; i < out.length; i++) out[i] = finish(sums[i] ?? 0, end);
  return out;
};

/** Calls `visit` with the first channel of every output pixel and of every input pixel in its window. */
function eachPair(window: Window, visit: (to: number, from: number) => void): void {
  let to = 0;
  for (let n = 0; n < window.batch; n++) {
    for (let oy = 0; oy < window.outHeight; oy++) {
      for (let ox = 0; ox < window.outWidth; ox++) {
        for (let i = 0; i < window.kernelH; i++) {
          const y = oy * window.strideH - window.padTop + i * window.dilationH;
          if (y < 0 || y >= window.height) continue;
          for (let j = 0; j < window.kernelW; j++) {
            const column = ox * window.strideW - window.padLeft + j * window.dilationW;
            if (column < 0 || column >= window.width) continue;
            visit(to, ((n * window.height + y) * window.width + column) * window.channels);
          }
        }
        to += window.channels;
      }
    }
  }
}

/** Calls `visit` for every element of x, in order, with the output element that it belongs to and its position. */
function alongAxis(
  node: OpNode,
  x: TensorData,
  visit: (to: number, value: number, position: number) => void,
): void {
  const shape = node.operands[0]?.shape ?? [];
  const axis = node.descriptor.attrs[0] ?? 0;
  const size = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  let from = 0;
  for (let first = 0; from < x.length; first += inner) {
    for (let position = 0; position < size; position++) {
      for (let i = 0; i < inner; i++) visit(first + i, x[from++] ?? 0, position);
    }
  }
}

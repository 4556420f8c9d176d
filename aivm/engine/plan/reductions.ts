/** Steps of reductions along an axis, pools, and the ops that choose elements. */
import { argmax } from "../../ops/argmax.ts";
import { avgPoolAttrs } from "../../ops/avgPool2d.ts";
import { axisView } from "../../ops/axis.ts";
import { maxPool2d, maxPoolAttrs } from "../../ops/maxPool2d.ts";
import { maxReduce } from "../../ops/maxReduce.ts";
import type { OpNode } from "../../ops/op.ts";
import { windowGeometry } from "../../ops/window.ts";
import { elementCount } from "../../tensor/shape.ts";
import { addStep, type Draft, dense, isParallel, newDense } from "./draft.ts";
import { KERNEL } from "./format.ts";
import { nestOver } from "./nest.ts";
import { broadcastTo, type View, viewElements } from "./view.ts";

/** sumReduce, maxReduce, argmax. */
export function lowerReduce(draft: Draft, node: OpNode, x: View): View {
  const { opcode, attrs, output } = node.descriptor;
  const [axis = 0, zeroX = 0, multiplier = 0, shift = 0, zero = 0] = attrs;
  const kind = opcode === argmax.opcode ? 2 : opcode === maxReduce.opcode ? 1 : 0;
  const y = newDense(draft, output);
  const strides = x.strides.map((stride, i) => (i === axis ? 0 : stride));
  const outer: View = { ...x, shape: x.shape.map((size, i) => (i === axis ? 1 : size)), strides };
  const nest = nestOver([{ ...y, shape: outer.shape }, outer]);
  const sum = kind === 0 ? [zeroX, multiplier, shift, zero, output.lo, output.hi] : [0, 0, 0, 0, 0, 0];
  addStep(draft, {
    kernel: KERNEL.reduce,
    words: [
      ...[kind, y, outer],
      ...nest.sizes,
      ...(nest.strides[0] ?? []),
      ...(nest.strides[1] ?? []),
      ...[x.shape[axis] ?? 1, x.strides[axis] ?? 0],
      ...sum,
    ],
    parallel: isParallel(draft, viewElements(x)),
  });
  return y;
}

/** maxPool2d, avgPool2d. */
export function lowerPool(draft: Draft, node: OpNode, operand: View): View {
  const { opcode, attrs, output } = node.descriptor;
  const largest = opcode === maxPool2d.opcode;
  const w = windowGeometry(node, largest ? maxPoolAttrs(node) : avgPoolAttrs(node));
  const x = dense(draft, operand);
  const y = newDense(draft, output);
  addStep(draft, {
    kernel: KERNEL.pool,
    words: [
      ...[largest ? 0 : 1, y, x],
      ...[w.batch, w.height, w.width, w.channels, w.outHeight, w.outWidth, w.kernelH, w.kernelW],
      ...[w.strideH, w.strideW, w.padTop, w.padLeft, w.dilationH, w.dilationW],
      ...(largest ? [0, 0, 0, 0] : attrs.slice(8, 12)),
      ...[output.lo, output.hi],
    ],
    parallel: isParallel(draft, viewElements(y) * w.kernelH * w.kernelW),
  });
  return y;
}

/** Slices chosen by index. */
export function lowerGather(draft: Draft, node: OpNode, operands: readonly View[]): View {
  const [x, indices] = operands.map((view) => dense(draft, view));
  const y = newDense(draft, node.descriptor.output);
  const { outer, size, inner } = axisView(x?.shape ?? [], node.descriptor.attrs[0] ?? 0);
  const count = indices === undefined ? 1 : viewElements(indices);
  const words = [y, x, indices, outer, size, inner, count];
  addStep(draft, { kernel: KERNEL.gather, words, parallel: isParallel(draft, viewElements(y)) });
  return y;
}

/** Updates written into a copy. */
export function lowerScatter(draft: Draft, node: OpNode, operands: readonly View[]): View {
  const { attrs, output } = node.descriptor;
  const [axis = 0, reduction = 0, multiplier = 0, shift = 0] = attrs;
  const [x, positions, updates] = operands.map((view) => dense(draft, view));
  if (x === undefined || positions === undefined || updates === undefined)
    throw new RangeError("three operands");
  const y = newDense(draft, output);
  const lanes = x.shape.map((size, i) => (i === axis ? (updates.shape[axis] ?? 1) : size));
  const into = { ...y, shape: lanes, strides: y.strides.map((stride, i) => (i === axis ? 0 : stride)) };
  const pad = (values: readonly number[], by: number): number[] => [
    ...new Array<number>(6 - values.length).fill(by),
    ...values,
  ];
  addStep(draft, {
    kernel: KERNEL.scatter,
    words: [
      ...[y, x, positions, updates],
      ...pad(lanes, 1),
      ...pad(into.strides, 0),
      ...pad(broadcastTo(positions, lanes).strides, 0),
      ...pad(broadcastTo(updates, lanes).strides, 0),
      ...[x.shape[axis] ?? 1, y.strides[axis] ?? 1, elementCount(output.shape)],
      ...[reduction, multiplier, shift, output.lo, output.hi],
    ],
    parallel: false,
  });
  return y;
}

/** Order along an axis. */
export function lowerRank(draft: Draft, node: OpNode, operand: View): View {
  const [axis = 0, largest = 0] = node.descriptor.attrs;
  const x = dense(draft, operand);
  const y = newDense(draft, node.descriptor.output);
  const { outer, size, inner } = axisView(x.shape, axis);
  const words = [y, x, outer, size, inner, y.shape[axis] ?? 1, largest];
  addStep(draft, { kernel: KERNEL.rank, words, parallel: isParallel(draft, viewElements(x) * 8) });
  return y;
}

/** Numbers from a seed. */
export function lowerRandom(draft: Draft, node: OpNode, operand: View): View {
  const seed = dense(draft, operand);
  const y = newDense(draft, node.descriptor.output);
  const words = [y, seed, viewElements(y), node.descriptor.attrs[0] ?? 0];
  addStep(draft, { kernel: KERNEL.random, words, parallel: isParallel(draft, viewElements(y)) });
  return y;
}

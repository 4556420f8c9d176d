/** Steps of conv2d, linear, matmul and matmulDiv. */
import { clamp } from "../../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT } from "../../numeric/requant.ts";
import { type ConvGeometry, convGeometry } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { maxAbs, type OpNode } from "../../ops/op.ts";
import { opOf } from "../../ops/registry.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { addStep, type Draft, dense, newBuffer, newConstant, newDense, type Word } from "./draft.ts";
import { KERNEL } from "./format.ts";
import { broadcastTo, orderedView, type View } from "./view.ts";

/** Largest magnitude that 32-bit partial sums may reach. */
const MAX_I32 = 2_147_483_647;

/** What follows a convolution in the same step. */
export interface Epilogue {
  /** 1 add of another tensor, 2 table of 256 entries. */
  readonly kind: 1 | 2;
  /** The other operand of the add, or the table. */
  readonly operand: View;
  /** mOwn mOther offset shift zero lo hi of the add. */
  readonly parameters: readonly number[];
  /** Type of the op that the epilogue computes. */
  readonly output: OpNode["descriptor"]["output"];
}

/** True when conv's kernel takes the node: everything but x is a constant. */
export function isPacked(operands: readonly View[]): boolean {
  return operands.slice(1).every((view) => view.place.kind === "constant");
}

/** conv2d or linear, with what follows. */
export function lowerConv(draft: Draft, node: OpNode, operands: readonly View[], after?: Epilogue): View {
  const packed = isPacked(operands);
  const geometry = node.descriptor.opcode === linear.opcode ? linearGeometry(node) : convGeometry(node);
  const { window: w } = geometry;
  const refs = operands.map((view, operand) => dense(draft, packed ? inRange(draft, view, operand) : view));
  const other = after?.kind === 1 ? dense(draft, after.operand) : after?.operand;
  const y = newDense(draft, after?.output ?? node.descriptor.output);
  const { lo, hi } = node.descriptor.output;
  const words: Word[] = [
    ...refs,
    y,
    ...[w.batch, w.height, w.width, w.channels, w.outHeight, w.outWidth, geometry.outChannels],
    ...[w.kernelH, w.kernelW, w.strideH, w.strideW, w.padTop, w.padLeft, w.dilationH, w.dilationW],
    ...[geometry.groups, geometry.padValue, geometry.zero, lo, hi],
    blockOf(draft, { node, operands: refs, padValue: geometry.padValue }),
    after?.kind ?? 0,
    other,
    ...Array.from({ length: 8 }, (_, i) => after?.parameters[i] ?? 0),
  ];
  const macs = elementCount(node.descriptor.output.shape) * geometry.length;
  addStep(draft, {
    kernel: packed ? KERNEL.conv : KERNEL.convAny,
    words,
    parallel: macs >= draft.splitting.macs,
  });
  return y;
}

/** A constant multiplier (operand 3) or shift (operand 4) with its values clamped, as their use clamps them. */
function inRange(draft: Draft, view: View, operand: number): View {
  const largest = operand === 3 ? MAX_MULTIPLIER : operand === 4 ? MAX_SHIFT : undefined;
  const tensor = draft.constants[view.place.index];
  if (largest === undefined || tensor === undefined) return view;
  if (tensor.data.every((value) => value >= 0 && value <= largest)) return view;
  return newConstant(draft, { ...tensor, data: tensor.data.map((value) => clamp(value, 0, largest)) });
}

/** A product of rows as a convolution of one line of pixels. */
function linearGeometry(node: OpNode): ConvGeometry {
  const [outChannels = 1, length = 1] = node.operands[1]?.shape ?? [];
  const rows = elementCount(node.descriptor.output.shape) / outChannels;
  const ones = { strideH: 1, strideW: 1, padTop: 0, padLeft: 0, dilationH: 1, dilationW: 1 };
  const sizes = { batch: 1, height: 1, width: rows, channels: length, outHeight: 1, outWidth: rows };
  return {
    window: { ...sizes, kernelH: 1, kernelW: 1, ...ones },
    groups: 1,
    groupSize: length,
    outChannels,
    padValue: 0,
    zero: node.descriptor.attrs[0] ?? 0,
    length,
  };
}

/** 0 when the proven accumulator fits i32, else how many products of the largest magnitudes do. */
function blockOf(
  draft: Draft,
  of: { readonly node: OpNode; readonly operands: readonly View[]; readonly padValue: number },
): number {
  const { node, operands, padValue } = of;
  const values = operands.map(({ place }) =>
    place.kind === "constant" ? draft.constants[place.index] : undefined,
  );
  const bound = opOf(node.descriptor.opcode).bound?.(node, values);
  if (bound !== undefined && bound.accumulator <= BigInt(MAX_I32)) return 0;
  const [x = { lo: 0, hi: 0 }, w = { lo: 0, hi: 0 }] = node.operands;
  const weights = values[1] === undefined ? maxAbs(w) : largest(values[1]);
  return productsInI32(Math.max(maxAbs(x), Math.abs(padValue)), weights);
}

function productsInI32(a: number, b: number): number {
  return Math.max(1, Math.floor(MAX_I32 / Math.max(1, a * b)));
}

function largest(tensor: Tensor): number {
  let found = 0;
  for (const value of tensor.data) found = Math.max(found, Math.abs(value));
  return found;
}

/**
 * matmul or matmulDiv. Operands may be views: only d and y have rules. `order`: how y's axes are to lie in memory, the
 * columns innermost.
 */
export function lowerMatmul(
  draft: Draft,
  node: OpNode,
  operands: readonly View[],
  order: readonly number[],
): View {
  const { shape, dtype, lo, hi } = node.descriptor.output;
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const [left, right, divisor] = operands;
  if (left === undefined || right === undefined) throw new RangeError("a product has two operands");
  const batch = shape.slice(0, -2);
  const [m = 1, n = 1] = shape.slice(-2);
  const k = left.shape.at(-1) ?? 1;
  const a = broadcastTo(left, [...batch, m, k]);
  const b = broadcastTo(right, [...batch, n, k]);
  const d = divisor === undefined ? undefined : broadcastTo(divisor, [...batch, m, 1]);
  const y = orderedView(newBuffer(draft, { dtype, shape }), { dtype, shape, order });
  const lead = (view: View | undefined): number[] => leading(view?.strides.slice(0, -2) ?? [], 0);
  const words: Word[] = [
    ...[a, b, d, y],
    ...leading(batch, 1),
    ...[a, b, d, y].flatMap(lead),
    ...[m, n, k],
    ...[a, b].flatMap((view) => [view.strides.at(-2) ?? 0, view.strides.at(-1) ?? 0]),
    ...[d?.strides.at(-2) ?? 0, y.strides.at(-2) ?? 0],
    ...[zeroA, zeroB, multiplier, shift, zero, lo, hi],
    matmulBlock(node),
  ];
  addStep(draft, { kernel: KERNEL.matmul, words, parallel: elementCount(shape) * k >= draft.splitting.macs });
  return y;
}

function matmulBlock(node: OpNode): number {
  const bound = opOf(node.descriptor.opcode).bound?.(node, []);
  if (bound !== undefined && bound.accumulator <= BigInt(MAX_I32)) return 0;
  const [a = { lo: 0, hi: 0 }, b = { lo: 0, hi: 0 }] = node.operands;
  return productsInI32(maxAbs(a), maxAbs(b));
}

/** Four batch axes. */
function leading(values: readonly number[], by: number): number[] {
  return [...new Array<number>(4 - values.length).fill(by), ...values];
}

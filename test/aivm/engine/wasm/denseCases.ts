/** Steps of the dense kernels with operands made up for them, run and worked out by the ops. */
import { KERNEL } from "../../../../aivm/engine/plan/format.ts";
import { evaluateOp } from "../../../../aivm/engine/reference/referenceEngine.ts";
import { matmulScratchBytes } from "../../../../aivm/engine/wasm/matmulPlan.ts";
import { convScratchBytes, packConv, packedBytes } from "../../../../aivm/engine/wasm/pack.ts";
import { add } from "../../../../aivm/ops/add.ts";
import { conv2d } from "../../../../aivm/ops/conv2d.ts";
import { matmul } from "../../../../aivm/ops/matmul.ts";
import { matmulDiv } from "../../../../aivm/ops/matmulDiv.ts";
import type { Op } from "../../../../aivm/ops/op.ts";
import { table } from "../../../../aivm/ops/table.ts";
import { elementCount } from "../../../../aivm/tensor/shape.ts";
import { DTYPE_RANGE, type DType, type Tensor, tensorType } from "../../../../aivm/tensor/tensor.ts";
import { type KernelModule, randomFrom, runStepAlone, stepWords, testTensor } from "./kernelHost.ts";

/** Output of an op on whole tensors. */
function reference(
  op: Op,
  attrs: readonly number[],
  operands: readonly Tensor[],
  output: {
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly lo: number;
    readonly hi: number;
  },
): Tensor {
  const descriptor = { opcode: op.opcode, operands: [], output, attrs };
  return evaluateOp(
    { descriptor, operands: operands.map(({ dtype, shape }) => tensorType(dtype, shape)) },
    operands,
  );
}

/** A conv step. */
export interface ConvCase {
  readonly x: DType;
  readonly w: DType;
  readonly y: DType;
  readonly size: readonly [n: number, h: number, w: number, c: number];
  readonly out: number;
  readonly kernel?: readonly [number, number];
  readonly stride?: readonly [number, number];
  /** top, left, bottom, right. */
  readonly pad?: readonly [number, number, number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
  readonly block?: number;
  readonly epilogue?: "add" | "table";
  readonly other?: DType;
  /** Clamp; the whole range of the type if absent. */
  readonly range?: readonly [number, number];
  readonly padValue?: number;
  readonly zero?: number;
  readonly threads?: number;
  readonly seed?: number;
  /** Weights at the ends of their type only. */
  readonly extreme?: boolean;
  readonly any?: boolean;
  /** Multipliers and shifts at their limits. */
  readonly limits?: boolean;
}

function outSize(size: number, kernel: number, stride: number, pads: number, dilation: number): number {
  return Math.floor((size + pads - (kernel - 1) * dilation - 1) / stride) + 1;
}

/** Largest bias that leaves the sum in its width. */
function biasOf(count: number, seed: number): Tensor {
  return testTensor("i32", [count], { seed, lo: -200_000, hi: 200_000 });
}

/** Multipliers and shifts that map sums of this size to about the output's range; some exact halves, some clamped. */
function scalesOf(c: ConvCase, length: number, seed: number): { multiplier: Tensor; shift: Tensor } {
  const next = randomFrom(seed);
  const multiplier = testTensor("i32", [c.out], { seed, lo: 0, hi: 0 });
  const shift = testTensor("i8", [c.out], { seed, lo: 0, hi: 0 });
  const bits = (c.x === "i8" ? 7 : 15) + (c.w === "i8" ? 7 : 15) + Math.log2(length);
  const yBits = { i8: 7, i16: 15, i32: 31 }[c.y];
  // |acc x multiplier| <= 2^53.
  const most = Math.min(21, Math.floor(53 - bits - 1));
  for (let i = 0; i < c.out; i++) {
    const kind = next() % 4;
    const width = kind === 0 ? 1 : 1 + (next() % most);
    multiplier.data[i] = kind === 0 ? 1 : 2 ** (width - 1) + (next() % 2 ** (width - 1));
    const down = Math.max(0, Math.round(bits + width - yBits) - (next() % 6));
    shift.data[i] = Math.min(62, down);
    if (c.limits === true) {
      multiplier.data[i] = [0, 2 ** most - 1, 1, 2 ** most - 1][i % 4] ?? 0;
      shift.data[i] = [0, 62, 0, 1][i % 4] ?? 0;
    }
  }
  return { multiplier, shift };
}

/** Runs a conv step, and the ops that it stands for. */
export function runConv(module: KernelModule, c: ConvCase): { got: Tensor["data"]; want: Tensor["data"] } {
  const { seed = 1, groups = 1, block = 0, threads = 1, zero = 0, padValue = 0 } = c;
  const [kernelH, kernelW] = c.kernel ?? [1, 1];
  const [strideH, strideW] = c.stride ?? [1, 1];
  const [top, left, bottom, right] = c.pad ?? [0, 0, 0, 0];
  const [dilationH, dilationW] = c.dilation ?? [1, 1];
  const [n, h, width, channels] = c.size;
  const oh = outSize(h, kernelH, strideH, top + bottom, dilationH);
  const ow = outSize(width, kernelW, strideW, left + right, dilationW);
  const shape = [n, oh, ow, c.out];
  const extreme = c.extreme === true;
  const x = testTensor(c.x, c.size, { seed, extreme });
  const w = testTensor(c.w, [c.out, kernelH, kernelW, channels / groups], { seed: seed + 1, extreme });
  const bias = biasOf(c.out, seed + 2);
  const { multiplier, shift } = scalesOf(c, kernelH * kernelW * (channels / groups), seed + 3);
  const middle = c.epilogue === "table" ? "i8" : c.epilogue === "add" ? "i16" : c.y;
  const [lo, hi] = c.range ?? [DTYPE_RANGE[middle].lo, DTYPE_RANGE[middle].hi];
  const attrs = [strideH, strideW, top, left, bottom, right, dilationH, dilationW, groups, padValue, zero];
  const operands = [x, w, bias, multiplier, shift];
  const v = reference(conv2d, attrs, operands, { dtype: middle, shape, lo, hi });
  const end = epilogueOf(c, v, seed);
  const sizes = [n, h, width, channels, oh, ow, c.out, kernelH, kernelW, strideH, strideW, top, left];
  const rest = [dilationH, dilationW, groups, padValue, zero, lo, hi, block, ...end.words];
  const words = stepWords(c.any ? KERNEL.convAny : KERNEL.conv, [
    ...new Array<number>(18).fill(0),
    ...sizes,
    ...rest,
  ]);
  words[7] = 4 * (c.w === "i8" ? 0 : 1) + 2;
  const packed = new Uint8Array(packedBytes(words));
  packConv(words, { w: w.data, bias: bias.data, multiplier: multiplier.data, shift: shift.data }, packed);
  const parts = c.any ? [w, bias, multiplier, shift].map((tensor, i) => ({ word: 7 + 3 * i, tensor })) : [];
  const got = runStepAlone(module, {
    kernel: c.any ? "convAny" : "conv",
    words,
    operands: [{ word: 4, tensor: x }, ...parts, { word: 44, tensor: end.other }],
    output: { word: 19, dtype: c.y, elements: elementCount(shape) },
    ...(c.any ? {} : { packed }),
    scratchBytes: c.any ? 0 : convScratchBytes(words),
    threads,
  });
  return { got, want: end.want };
}

const OTHER_RANGE = { i8: {}, i16: {}, i32: { lo: -(2 ** 20), hi: 2 ** 20 } };

/** Words of an epilogue, its operand, and what it makes of v. */
function epilogueOf(
  c: ConvCase,
  v: Tensor,
  seed: number,
): { words: number[]; other: Tensor | undefined; want: Tensor["data"] } {
  const none = new Array<number>(11).fill(0);
  if (c.epilogue === undefined) return { words: [0, ...none], other: undefined, want: v.data };
  if (c.epilogue === "table") {
    const entries = testTensor(c.y, [256], { seed: seed + 9 });
    const output = tensorType(c.y, v.shape);
    return { words: [2, ...none], other: entries, want: reference(table, [], [v, entries], output).data };
  }
  // Both terms of about the same size, and their sum about that of y.
  const dtype = c.other ?? "i16";
  const other = testTensor(dtype, v.shape, { seed: seed + 8, extreme: true, ...OTHER_RANGE[dtype] });
  const output = c.y === "i8" ? { ...tensorType(c.y, v.shape), lo: -120, hi: 101 } : tensorType(c.y, v.shape);
  const params = [
    3000,
    { i8: -400_000, i16: -1_500, i32: -50 }[dtype],
    77_777,
    { i8: 19, i16: 11, i32: 3 }[c.y],
    -3,
  ];
  const want = reference(add, params, [v, other], output).data;
  return { words: [1, 0, 0, 0, ...params, output.lo, output.hi, 0], other, want };
}

/** A matmul step. */
export interface MatmulCase {
  readonly a: DType;
  readonly b: DType;
  readonly y: DType;
  readonly batchA: readonly number[];
  readonly batchB: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** a, b laid out [k][row] instead of [row][k]. */
  readonly turnA?: boolean;
  readonly turnB?: boolean;
  readonly zeros?: readonly [number, number];
  readonly block?: number;
  /** multiplier, shift. */
  readonly scale: readonly [number, number];
  readonly divided?: boolean;
  /** Clamp; the whole range of the type if absent. */
  readonly range?: readonly [number, number];
  readonly threads?: number;
  readonly extreme?: boolean;
}

/** Swaps the last two axes. */
function turned(t: Tensor): Tensor {
  const [rows = 1, columns = 1] = t.shape.slice(-2);
  const data = t.data.slice();
  for (let at = 0; at < data.length; at += rows * columns) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) data[at + j * rows + i] = t.data[at + i * columns + j] ?? 0;
    }
  }
  return { ...t, data };
}

/** Strides of up to 4 batch axes for a tensor with `step` elements to each batch. */
function batchStrides(shape: readonly number[], step: number): number[] {
  const strides = [0, 0, 0, 0];
  let stride = step;
  for (let i = 1; i <= shape.length; i++) {
    const size = shape[shape.length - i] ?? 1;
    if (size !== 1) strides[4 - i] = stride;
    stride *= size;
  }
  return strides;
}

/** Runs a matmul step, and its op. */
export function runMatmul(
  module: KernelModule,
  c: MatmulCase,
): { got: Tensor["data"]; want: Tensor["data"] } {
  const { m, n, k, block = 0, zeros = [0, 0], extreme = false } = c;
  const a = testTensor(c.a, [...c.batchA, m, k], { seed: 5, extreme });
  const b = testTensor(c.b, [...c.batchB, n, k], { seed: 6, extreme });
  const rank = Math.max(c.batchA.length, c.batchB.length);
  const batch = Array.from({ length: rank }, (_, i) =>
    Math.max(c.batchA[i - rank + c.batchA.length] ?? 1, c.batchB[i - rank + c.batchB.length] ?? 1),
  );
  const shape = [...batch, m, n];
  const [lo, hi] = c.range ?? [DTYPE_RANGE[c.y].lo, DTYPE_RANGE[c.y].hi];
  const output = tensorType(c.y, shape, { lo, hi });
  const zero = -3;
  const attrs = [...zeros, ...c.scale, zero];
  const d = testTensor("i32", [...c.batchA, m, 1], { seed: 7, lo: -4, hi: c.range === undefined ? 500 : 4 });
  const want = c.divided
    ? reference(matmulDiv, attrs, [a, b, d], output).data
    : reference(matmul, attrs, [a, b], output).data;
  const sizes = [1, 1, 1, 1, ...batch].slice(-4);
  const strides = [
    ...batchStrides(c.batchA, m * k),
    ...batchStrides(c.batchB, n * k),
    ...batchStrides(c.batchA, m),
    ...batchStrides(batch, m * n),
  ];
  const rows = [...(c.turnA ? [1, m] : [k, 1]), ...(c.turnB ? [1, n] : [k, 1]), 1, n];
  const requant = [...c.scale, zero, output.lo, output.hi];
  const words = stepWords(KERNEL.matmul, [
    ...new Array<number>(12).fill(0),
    ...sizes,
    ...strides,
    ...[m, n, k],
    ...rows,
    ...zeros,
    ...requant,
    block,
  ]);
  const got = runStepAlone(module, {
    kernel: "matmul",
    words,
    operands: [
      { word: 4, tensor: c.turnA ? turned(a) : a },
      { word: 7, tensor: c.turnB ? turned(b) : b },
      { word: 10, tensor: c.divided ? d : undefined },
    ],
    output: { word: 13, dtype: c.y, elements: elementCount(shape) },
    scratchBytes: matmulScratchBytes(words),
    threads: c.threads ?? 1,
  });
  return { got, want };
}

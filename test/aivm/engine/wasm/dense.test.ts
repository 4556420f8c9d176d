/** The dense kernels of the wasm engine against the ops, element by element. */
import { expect } from "chai";
import { KERNEL } from "../../../../aivm/engine/plan/format.ts";
import { evaluateOp } from "../../../../aivm/engine/reference/referenceEngine.ts";
import { convPlan } from "../../../../aivm/engine/wasm/convPlan.ts";
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
import {
  compileKernels,
  type KernelModule,
  randomFrom,
  runStepAlone,
  stepWords,
  testTensor,
} from "./kernelHost.ts";

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

interface ConvCase {
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
function biasOf(c: ConvCase, count: number, seed: number): Tensor {
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

function runConv(module: KernelModule, c: ConvCase): { got: Tensor["data"]; want: Tensor["data"] } {
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
  const bias = biasOf(c, c.out, seed + 2);
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
  const other = testTensor(c.other ?? "i16", v.shape, { seed: seed + 8, extreme: true });
  const output = c.y === "i8" ? { ...tensorType(c.y, v.shape), lo: -120, hi: 101 } : tensorType(c.y, v.shape);
  const params = [3000, -2_000_000, 77_777, c.y === "i8" ? 16 : 9, -3];
  const want = reference(add, params, [v, other], output).data;
  return { words: [1, 0, 0, 0, ...params, output.lo, output.hi, 0], other, want };
}

function expectSame(name: string, { got, want }: { got: Tensor["data"]; want: Tensor["data"] }): void {
  const wrong = want.findIndex((value, i) => got[i] !== value);
  if (wrong >= 0) expect.fail(`${name}: element ${wrong} is ${got[wrong]}, not ${want[wrong]}`);
  expect(got.length).to.equal(want.length);
}

interface MatmulCase {
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

function runMatmul(module: KernelModule, c: MatmulCase): { got: Tensor["data"]; want: Tensor["data"] } {
  const { m, n, k, block = 0, zeros = [0, 0], extreme = false } = c;
  const a = testTensor(c.a, [...c.batchA, m, k], { seed: 5, extreme });
  const b = testTensor(c.b, [...c.batchB, n, k], { seed: 6, extreme });
  const rank = Math.max(c.batchA.length, c.batchB.length);
  const batch = Array.from({ length: rank }, (_, i) =>
    Math.max(c.batchA[i - rank + c.batchA.length] ?? 1, c.batchB[i - rank + c.batchB.length] ?? 1),
  );
  const shape = [...batch, m, n];
  const output = tensorType(c.y, shape);
  const zero = -3;
  const attrs = [...zeros, ...c.scale, zero];
  const d = testTensor("i32", [...c.batchA, m, 1], { seed: 7, lo: -4, hi: 500 });
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

describe("dense kernels of the wasm engine", function () {
  this.timeout(60_000);
  let module: KernelModule;
  before(async () => {
    module = await compileKernels(["conv", "convAny", "matmul"]);
  });
  const check = (c: ConvCase): void => expectSame(JSON.stringify(c), runConv(module, c));
  const checkMatmul = (c: MatmulCase): void => expectSame(JSON.stringify(c), runMatmul(module, c));

  it("multiply rows by constant weights, for any number of rows, products and channels", () => {
    for (const out of [1, 3, 5, 7, 8, 12, 17, 1001]) {
      for (const [rows, k] of [
        [1, 1],
        [2, 7],
        [3, 8],
        [5, 33],
        [70, 20],
      ] as const) {
        const y = (["i8", "i16", "i32"] as const)[(out + rows) % 3] ?? "i8";
        check({ x: "i8", w: "i8", y, size: [1, 1, rows, k], out, zero: 4, seed: out + k });
        check({ x: "i16", w: "i8", y, size: [1, 1, rows, k], out, zero: -7, seed: out + k, threads: 3 });
      }
    }
  });

  it("convolve windows of any geometry", () => {
    const geometry: Partial<ConvCase>[] = [
      { kernel: [3, 3], pad: [1, 1, 1, 1] },
      { kernel: [3, 3], pad: [0, 0, 1, 1], stride: [2, 2] },
      { kernel: [5, 5], pad: [2, 2, 2, 2] },
      { kernel: [1, 1], stride: [2, 2] },
      { kernel: [2, 4], pad: [1, 0, 2, 3], stride: [1, 3] },
      { kernel: [3, 3], pad: [2, 2, 2, 2], dilation: [2, 2] },
      { kernel: [3, 2], pad: [3, 0, 3, 0], dilation: [3, 1] },
      { kernel: [7, 1], pad: [6, 0, 6, 0] },
      { kernel: [1, 5], pad: [0, 4, 0, 4] },
    ];
    for (const [index, of] of geometry.entries()) {
      for (const channels of [1, 3, 8, 17]) {
        for (const x of ["i8", "i16"] as const) {
          const y = (["i8", "i16", "i32"] as const)[(index + channels) % 3] ?? "i8";
          const base = {
            x,
            w: "i8" as const,
            y,
            size: [2, 9, 11, channels] as const,
            out: 5 + (index % 3) * 6,
          };
          check({ ...base, ...of, padValue: -9, zero: 3, seed: index, threads: 1 + (index % 3) });
        }
      }
    }
  });

  it("convolve in groups and channel by channel", () => {
    for (const groups of [2, 3, 5, 8, 12, 17, 24]) {
      for (const x of ["i8", "i16"] as const) {
        const base = { x, w: "i8" as const, y: x, groups, padValue: 11, zero: -1, seed: groups };
        const pad = [1, 1, 1, 1] as const;
        for (const stride of [
          [1, 1],
          [2, 2],
          [1, 2],
        ] as const) {
          check({ ...base, size: [2, 7, 10, groups], out: groups, kernel: [3, 3], pad, stride });
        }
        check({
          ...base,
          size: [1, 9, 9, groups],
          out: groups,
          kernel: [5, 5],
          pad: [2, 2, 2, 2],
          threads: 2,
        });
        check({
          ...base,
          size: [1, 6, 6, groups],
          out: groups,
          kernel: [2, 2],
          dilation: [2, 3],
          threads: 4,
        });
        check({ ...base, size: [1, 5, 6, groups], out: groups * 2, kernel: [3, 3], pad, threads: 2 });
        check({ ...base, size: [1, 5, 6, groups * 3], out: groups * 9, kernel: [2, 3], pad });
      }
    }
  });

  it("keep sums beyond 32 bits exact", () => {
    const size = [1, 1, 7, 1100] as const;
    for (const threads of [1, 2]) {
      check({ x: "i16", w: "i8", y: "i16", size, out: 12, block: 511, extreme: true, threads });
      check({ x: "i16", w: "i8", y: "i32", size, out: 3, block: 512, extreme: true, threads });
      check({ x: "i16", w: "i16", y: "i16", size, out: 9, block: 1, extreme: true, threads });
      check({ x: "i16", w: "i16", y: "i16", size: [1, 1, 1, 999], out: 9, block: 2, extreme: true, threads });
      check({ x: "i8", w: "i16", y: "i8", size, out: 8, block: 511, extreme: true, threads });
      check({ x: "i16", w: "i16", y: "i16", size: [1, 1, 5, 1], out: 9, block: 0, extreme: true, threads });
      const kernel = [3, 3] as const;
      const pad = [1, 1, 1, 1] as const;
      check({
        x: "i16",
        w: "i8",
        y: "i16",
        size: [1, 5, 6, 70],
        out: 11,
        kernel,
        pad,
        block: 500,
        extreme: true,
        threads,
      });
      check({
        x: "i16",
        w: "i16",
        y: "i8",
        size: [1, 4, 4, 6],
        out: 6,
        groups: 6,
        kernel,
        pad,
        block: 1,
        extreme: true,
      });
      check({
        x: "i8",
        w: "i16",
        y: "i8",
        size: [1, 4, 4, 6],
        out: 4,
        groups: 2,
        kernel,
        pad,
        block: 65,
        threads,
      });
    }
  });

  it("round and clamp at the limits of multiplier, shift and range", () => {
    for (const y of ["i8", "i16", "i32"] as const) {
      const base = { x: "i8" as const, w: "i8" as const, y, size: [1, 1, 40, 16] as const, out: 20 };
      check({ ...base, limits: true });
      check({ ...base, limits: true, extreme: true, zero: 32_767 });
      check({ ...base, limits: true, extreme: true, zero: -32_768 });
      check({ ...base, range: [-5, 6], zero: 1 });
      check({ ...base, range: [0, 0], zero: -300, epilogue: undefined as never });
    }
  });

  it("add a residual or look a table up at the end", () => {
    for (const y of ["i8", "i16", "i32"] as const) {
      for (const out of [1, 4, 7, 8, 17, 24]) {
        const base = { x: "i8" as const, w: "i8" as const, y, size: [1, 5, 9, 6] as const, out, seed: out };
        const window = { kernel: [3, 3] as const, pad: [1, 1, 1, 1] as const };
        for (const other of ["i8", "i16", "i32"] as const) {
          check({ ...base, epilogue: "add", other, zero: 2 });
          check({ ...base, ...window, epilogue: "add", other, zero: 2, range: [-9_000, 9_000], threads: 2 });
        }
        check({ ...base, epilogue: "table", zero: -5 });
        check({ ...base, ...window, epilogue: "table", range: [-128, 99], threads: 2 });
        check({ ...base, x: "i16", block: 4, epilogue: "table" });
        check({ ...base, x: "i16", block: 4, epilogue: "add" });
        check({ ...base, ...window, size: [1, 5, 9, out], groups: out, epilogue: "add" });
      }
    }
  });

  it("cut images that are larger than a tile", () => {
    const window = { kernel: [3, 3] as const, pad: [1, 1, 1, 1] as const };
    const wide = {
      x: "i16" as const,
      w: "i8" as const,
      y: "i16" as const,
      size: [1, 3, 300, 3] as const,
      out: 4,
    };
    check({ ...wide, ...window, threads: 2 });
    check({ ...wide, ...window, size: [1, 2, 20, 1500], out: 3, block: 0, threads: 3 });
    check({ ...wide, ...window, size: [1, 4, 150, 9], out: 9, groups: 9, threads: 2 });
    check({ ...wide, ...window, size: [3, 40, 5, 2], out: 3, threads: 2 });
  });

  it("convolve with weights that are not constants", () => {
    for (const x of ["i8", "i16"] as const) {
      const base = { x, w: "i16" as const, y: "i8" as const, any: true, padValue: 5, zero: 2, extreme: true };
      check({
        ...base,
        size: [2, 5, 6, 6],
        out: 9,
        groups: 3,
        kernel: [3, 2],
        pad: [1, 1, 0, 1],
        threads: 2,
      });
      check({ ...base, size: [1, 1, 7, 33], out: 5, y: "i32", threads: 3 });
      check({
        ...base,
        w: "i8",
        size: [1, 6, 6, 4],
        out: 4,
        groups: 4,
        kernel: [3, 3],
        dilation: [2, 1],
        stride: [1, 2],
      });
    }
  });

  it("multiply activations of any layout, with zero points", () => {
    for (const [m, n, k] of [
      [1, 1, 1],
      [1, 9, 16],
      [2, 8, 7],
      [5, 17, 33],
      [70, 24, 40],
    ] as const) {
      for (const [a, b] of [
        ["i8", "i8"],
        ["i16", "i8"],
        ["i8", "i16"],
      ] as const) {
        const base = {
          a,
          b,
          y: "i16" as const,
          batchA: [2, 3],
          batchB: [3],
          m,
          n,
          k,
          scale: [1077, a === b ? 14 : 24] as const,
        };
        checkMatmul(base);
        checkMatmul({ ...base, turnB: true, zeros: [5, -7], threads: 2 });
        checkMatmul({ ...base, turnA: true, zeros: [-128, 0], batchA: [], batchB: [2], y: "i8", threads: 3 });
        checkMatmul({ ...base, turnA: true, turnB: true, zeros: [0, 100], y: "i32", threads: 50 });
      }
    }
  });

  it("multiply activations whose sums leave 32 bits", () => {
    const base = { y: "i16" as const, batchA: [2], batchB: [2], m: 5, n: 11, k: 1100, extreme: true };
    for (const threads of [1, 2]) {
      for (const turnB of [false, true]) {
        checkMatmul({ ...base, a: "i16", b: "i8", block: 512, scale: [300, 26], threads, turnB });
        checkMatmul({
          ...base,
          a: "i8",
          b: "i16",
          block: 511,
          scale: [300, 26],
          zeros: [3, -4],
          threads,
          turnB,
        });
        checkMatmul({ ...base, a: "i16", b: "i16", block: 1, scale: [300, 34], threads, turnB });
        checkMatmul({
          ...base,
          a: "i16",
          b: "i16",
          block: 2,
          scale: [30, 30],
          zeros: [32_767, -32_768],
          threads,
          turnB,
        });
      }
    }
  });

  it("divide rows of a product", () => {
    const base = { y: "i16" as const, batchA: [2], batchB: [2], m: 9, n: 11, k: 40, divided: true };
    for (const [a, b] of [
      ["i8", "i8"],
      ["i16", "i8"],
      ["i16", "i16"],
    ] as const) {
      const block = a === "i16" && b === "i16" ? 1 : 0;
      checkMatmul({ ...base, a, b, block, scale: [3, 0] });
      checkMatmul({ ...base, a, b, block, scale: [1, -3], zeros: [5, 6], threads: 2 });
      checkMatmul({ ...base, a, b, block, scale: [1, 11], y: "i8", turnB: true });
      checkMatmul({ ...base, a, b, block, scale: [0, 1] });
      checkMatmul({ ...base, a, b, block, scale: [2, 1], y: "i32" });
    }
  });

  it("state what packing takes, whatever the geometry", () => {
    const words = stepWords(KERNEL.conv, [
      ...new Array<number>(18).fill(0),
      1,
      1,
      64,
      640,
      1,
      64,
      1001,
      1,
      1,
      1,
      1,
    ]);
    words.push(0, 0, 1, 1, 1, 0, 0, -128, 127, 0, ...new Array<number>(12).fill(0));
    words[7] = 2;
    const plan = convPlan(words);
    const channels = 1008;
    // Header, factor and bias of a channel, one byte for a weight.
    expect(plan.bytes).to.equal(128 + channels * 12 + channels * 640);
  });
});

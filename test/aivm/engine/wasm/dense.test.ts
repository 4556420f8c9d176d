/** The dense kernels of the wasm engine against the ops, element by element. */
import { expect } from "chai";
import { KERNEL } from "../../../../aivm/engine/plan/format.ts";
import { convPlan } from "../../../../aivm/engine/wasm/convPlan.ts";
import type { Tensor } from "../../../../aivm/tensor/tensor.ts";
import { type ConvCase, type MatmulCase, runConv, runMatmul } from "./denseCases.ts";
import { compileKernels, type KernelModule, stepWords } from "./kernelHost.ts";

function expectSame(name: string, { got, want }: { got: Tensor["data"]; want: Tensor["data"] }): void {
  const wrong = want.findIndex((value, i) => got[i] !== value);
  if (wrong >= 0) expect.fail(`${name}: element ${wrong} is ${got[wrong]}, not ${want[wrong]}`);
  expect(got.length).to.equal(want.length);
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
      checkMatmul({ ...base, a, b, block, scale: [0, 1], range: [5, 90] });
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

/** Cases of conv2d, linear, matmul. */
import type { DType, Tensor } from "../oracle/types.ts";
import { big, type Case, type CaseTensor, constant, cycle, mixed, requants, shaped, type } from "./build.ts";

/** What stands between x and the output of a layer with constants per channel. */
interface Channels {
  readonly bias?: CaseTensor;
  readonly multiplier?: CaseTensor;
  readonly shift?: CaseTensor;
}

/** bias, multiplier and shift for `count` channels: small, with ties, unless given. */
function channels(count: number, given: Channels = {}): CaseTensor[] {
  return [
    given.bias ?? constant(cycle(type("i32", [count], [-1000, 1000]), [0, 7, -9, 1000, -1000])),
    given.multiplier ?? constant(cycle(type("i32", [count], [0, 2097151]), [1, 3, 1023, 1])),
    given.shift ?? constant(cycle(type("i8", [count], [0, 62]), [1, 2, 13, 4, 8])),
  ];
}

function one(dtype: DType, count: number, value: number): CaseTensor {
  return constant(cycle(type(dtype, [count], [value, value]), [value]));
}

/** The requantisations of `requants` as operands of one layer. */
function requantised(
  count: number,
  a: bigint,
): { readonly name: string; readonly given: Channels; readonly zero: number; readonly output: Tensor }[] {
  return requants(a).map(([name, multiplier, shift, zero, output]) => ({
    name,
    given: { multiplier: one("i32", count, Number(multiplier)), shift: one("i8", count, shift) },
    zero,
    output,
  }));
}

interface Conv {
  readonly name: string;
  readonly x: CaseTensor;
  readonly w: CaseTensor;
  readonly strides?: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
  readonly padValue?: number;
  readonly zero?: number;
  readonly given?: Channels;
  readonly output?: Tensor;
  readonly refused?: string;
  /** Output sizes OH and OW when the case must state them itself. */
  readonly size?: readonly [number, number];
}

function conv(of: Conv): Case {
  const {
    strides = [1, 1],
    pads = [0, 0, 0, 0],
    dilations = [1, 1],
    groups = 1,
    padValue = 0,
    zero = 0,
  } = of;
  const [n = 1, h = 1, w = 1] = of.x.shape;
  const [count = 1, kh = 1, kw = 1] = of.w.shape;
  const along = (room: number, kernel: number, axis: 0 | 1): number =>
    Math.floor((room - (kernel - 1) * dilations[axis] - 1) / strides[axis]) + 1;
  const oh = of.size?.[0] ?? along(h + pads[0] + pads[2], kh, 0);
  const ow = of.size?.[1] ?? along(w + pads[1] + pads[3], kw, 1);
  const made: Case = {
    name: of.name,
    attrs: big(...strides, ...pads, ...dilations, groups, padValue, zero),
    operands: [of.x, of.w, ...channels(count, of.given)],
    output: shaped(of.output ?? type("i8", []), [n, oh, ow, count]),
  };
  return of.refused === undefined ? made : { ...made, refused: of.refused };
}

/** Cases of conv2d. */
export function convCases(): Case[] {
  const x = (dtype: DType, shape: readonly number[], seed: number): CaseTensor =>
    mixed(type(dtype, shape), seed);
  const w = (dtype: DType, shape: readonly number[], seed: number): CaseTensor =>
    constant(x(dtype, shape, seed));
  const cases: Case[] = [];
  let seed = 100;
  for (const dtypeX of ["i8", "i16"] as const) {
    for (const dtypeW of ["i8", "i16"] as const) {
      for (const output of ["i8", "i16", "i32"] as const) {
        seed += 2;
        cases.push(
          conv({
            name: `${dtypeX} by ${dtypeW} to ${output}`,
            x: x(dtypeX, [1, 4, 3, 2], seed),
            w: w(dtypeW, [3, 2, 2, 2], seed + 1),
            pads: [0, 1, 1, 0],
            padValue: -3,
            output: type(output, []),
          }),
        );
      }
    }
  }
  const small = x("i8", [1, 3, 3, 2], 200);
  const kernel = w("i8", [2, 2, 2, 2], 201);
  for (const item of requantised(2, 8n * 128n * 128n + 1000n)) {
    cases.push(
      conv({ name: item.name, x: small, w: kernel, given: item.given, zero: item.zero, output: item.output }),
    );
  }
  const shapes: (Omit<Conv, "x" | "w"> & {
    readonly shape: readonly number[];
    readonly kernel: readonly number[];
  })[] = [
    { name: "all sizes 1", shape: [1, 1, 1, 1], kernel: [1, 1, 1, 1] },
    { name: "batch of 3", shape: [3, 2, 2, 1], kernel: [1, 2, 1, 1] },
    { name: "kernel as large as the input", shape: [1, 4, 5, 2], kernel: [3, 4, 5, 2] },
    {
      name: "strides 2 and 3, remainder dropped",
      shape: [1, 6, 8, 1],
      kernel: [2, 3, 2, 1],
      strides: [2, 3],
    },
    { name: "stride larger than the kernel", shape: [1, 7, 7, 1], kernel: [1, 1, 1, 1], strides: [3, 4] },
    {
      name: "stride larger than the input",
      shape: [1, 3, 3, 1],
      kernel: [1, 2, 2, 1],
      strides: [16384, 16384],
    },
    {
      name: "different pads on each side",
      shape: [1, 3, 3, 1],
      kernel: [1, 2, 2, 1],
      pads: [1, 0, 2, 3],
      padValue: 5,
    },
    {
      name: "pad value at the lower end",
      shape: [1, 2, 2, 1],
      kernel: [2, 3, 3, 1],
      pads: [1, 1, 1, 1],
      padValue: -128,
    },
    {
      name: "pad value at the upper end",
      shape: [1, 2, 2, 1],
      kernel: [2, 3, 3, 1],
      pads: [1, 1, 1, 1],
      padValue: 127,
    },
    {
      name: "windows wholly in padding",
      shape: [1, 1, 1, 1],
      kernel: [2, 1, 1, 1],
      pads: [2, 2, 2, 2],
      padValue: 4,
    },
    {
      name: "input smaller than the kernel",
      shape: [1, 1, 2, 3],
      kernel: [2, 3, 3, 3],
      pads: [1, 1, 1, 1],
      padValue: -1,
    },
    { name: "dilation 2 by 3", shape: [1, 5, 7, 1], kernel: [1, 2, 3, 1], dilations: [2, 3] },
    {
      name: "dilation into padding",
      shape: [1, 3, 3, 2],
      kernel: [2, 2, 2, 2],
      dilations: [3, 3],
      pads: [1, 1, 1, 1],
      padValue: 9,
    },
    {
      name: "dilation and stride",
      shape: [1, 6, 6, 1],
      kernel: [1, 2, 2, 1],
      dilations: [2, 1],
      strides: [2, 2],
      pads: [1, 0, 0, 1],
    },
    { name: "2 groups", shape: [1, 3, 3, 4], kernel: [4, 2, 2, 2], groups: 2 },
    { name: "3 groups of 1 channel, 2 outputs each", shape: [1, 2, 3, 3], kernel: [6, 2, 2, 1], groups: 3 },
    {
      name: "depthwise",
      shape: [1, 4, 4, 5],
      kernel: [5, 3, 3, 1],
      groups: 5,
      pads: [1, 1, 1, 1],
      padValue: -7,
    },
    {
      name: "depthwise, strided, dilated",
      shape: [2, 5, 5, 9],
      kernel: [9, 2, 2, 1],
      groups: 9,
      strides: [2, 1],
      dilations: [1, 2],
    },
    { name: "1 by 1 kernel over 17 channels", shape: [1, 2, 3, 17], kernel: [5, 1, 1, 17] },
    { name: "row kernel", shape: [1, 1, 9, 3], kernel: [2, 1, 4, 3], pads: [0, 2, 0, 1], padValue: 1 },
    { name: "column kernel", shape: [1, 9, 1, 3], kernel: [2, 4, 1, 3], pads: [2, 0, 1, 0], padValue: 1 },
  ];
  for (const [i, { shape, kernel: sizes, ...rest }] of shapes.entries()) {
    cases.push(conv({ ...rest, x: x("i8", shape, 300 + i), w: w("i8", sizes, 400 + i) }));
  }
  cases.push(...wideConvs(), ...refusedConvs(small, kernel));
  return cases;
}

/** Sums beyond 32 bits, parameters out of their ranges, parameters that are no constants. */
function wideConvs(): Case[] {
  const low = cycle(type("i16", [1, 2, 2, 600]), [-32768]);
  const flip = cycle(type("i16", [1, 2, 2, 600]), [-32768, 32767, -32767]);
  const wide = { shift: one("i8", 1, 20), multiplier: one("i32", 1, 2047) };
  const byte = constant(cycle(type("i8", [1, 1, 1, 600]), [-128]));
  const word = constant(cycle(type("i16", [1, 2, 2, 600]), [-32768]));
  const small = cycle(type("i8", [1, 2, 2, 1]), [-5, 3, 127, -128]);
  const kernel = constant(cycle(type("i8", [2, 1, 1, 1]), [3, -2]));
  return [
    conv({ name: "sums beyond 32 bits, i16 by i8", x: low, w: byte, given: wide, output: type("i32", []) }),
    conv({ name: "sums beyond 32 bits, i16 by i16", x: flip, w: word, given: wide, output: type("i32", []) }),
    conv({
      name: "sums beyond 32 bits in both directions",
      x: flip,
      w: byte,
      given: { shift: one("i8", 1, 15), multiplier: one("i32", 1, 1) },
      output: type("i16", []),
    }),
    conv({
      name: "pair of products that is 2^31",
      x: cycle(type("i16", [1, 1, 1, 2]), [-32768]),
      w: constant(cycle(type("i16", [1, 1, 1, 2]), [-32768])),
      given: { bias: one("i32", 1, 0), shift: one("i8", 1, 16), multiplier: one("i32", 1, 1) },
      output: type("i32", []),
    }),
    conv({
      name: "bias at both ends of i32",
      x: small,
      w: kernel,
      given: {
        bias: constant(cycle(type("i32", [2]), [2147483647, -2147483648])),
        multiplier: one("i32", 2, 2097151),
        shift: one("i8", 2, 40),
      },
      output: type("i16", []),
    }),
    conv({
      name: "multipliers and shifts beyond their ranges are clamped",
      x: small,
      w: kernel,
      given: {
        multiplier: constant(cycle(type("i32", [2]), [-5, 2147483647])),
        shift: constant(cycle(type("i8", [2]), [-128, 24])),
      },
      zero: 11,
      output: type("i16", []),
    }),
    conv({
      name: "shift above 62 is clamped",
      x: small,
      w: kernel,
      given: { shift: constant(cycle(type("i8", [2]), [127, 63])), multiplier: one("i32", 2, 2097151) },
      output: type("i8", []),
    }),
    conv({
      name: "weights, bias, multiplier and shift that are inputs",
      x: small,
      w: cycle(type("i8", [2, 1, 1, 1]), [3, -2]),
      given: {
        bias: cycle(type("i32", [2]), [100, -100]),
        multiplier: cycle(type("i32", [2], [-9, 2097151]), [5, -9]),
        shift: cycle(type("i8", [2]), [3, -1]),
      },
      zero: -2,
    }),
    conv({
      name: "constant weights with parameters that are inputs",
      x: small,
      w: kernel,
      given: { bias: cycle(type("i32", [2]), [1, -1]) },
    }),
    conv({
      name: "more output channels than a tile of vectors",
      x: mixed(type("i8", [1, 2, 3, 3]), 77),
      w: constant(mixed(type("i8", [13, 2, 2, 3]), 78)),
    }),
  ];
}

function refusedConvs(x: CaseTensor, w: CaseTensor): Case[] {
  const base = { x, w };
  const bad = (name: string, refused: string, change: Partial<Conv>): Case =>
    conv({ ...base, name, refused, ...change });
  const good = conv({ ...base, name: "" });
  return [
    bad("x of rank 3", "AIVM_SHAPE", { x: type("i8", [3, 3, 2]), size: [2, 2] }),
    bad("w of rank 3", "AIVM_SHAPE", { w: type("i8", [2, 2, 2]), size: [2, 2] }),
    bad("x with a size of 0", "AIVM_SHAPE", { x: type("i8", [1, 0, 3, 2]), size: [2, 2] }),
    bad("x of i32", "AIVM_DTYPE", { x: type("i32", [1, 3, 3, 2]) }),
    bad("w of i32", "AIVM_DTYPE", { w: type("i32", [2, 2, 2, 2]) }),
    bad("bias of i16", "AIVM_DTYPE", { given: { bias: type("i16", [2]) } }),
    bad("multiplier of i16", "AIVM_DTYPE", { given: { multiplier: type("i16", [2]) } }),
    bad("shift of i16", "AIVM_DTYPE", { given: { shift: type("i16", [2], [0, 62]) } }),
    bad("bias for another number of channels", "AIVM_SHAPE", { given: { bias: type("i32", [3]) } }),
    bad("shift of rank 0", "AIVM_SHAPE", { given: { shift: type("i8", []) } }),
    bad("channels that do not fit", "AIVM_SHAPE", { w: type("i8", [2, 2, 2, 3]) }),
    bad("outputs that are no multiple of groups", "AIVM_SHAPE", {
      x: type("i8", [1, 3, 3, 2]),
      w: type("i8", [3, 2, 2, 1]),
      groups: 2,
    }),
    bad("groups 0", "AIVM_ATTRIBUTE", { groups: 0 }),
    bad("groups above the channels", "AIVM_ATTRIBUTE", { groups: 3 }),
    bad("stride 0", "AIVM_ATTRIBUTE", { strides: [0, 1], size: [1, 1] }),
    bad("stride above 16,384", "AIVM_ATTRIBUTE", { strides: [16385, 1] }),
    bad("pad below 0", "AIVM_ATTRIBUTE", { pads: [-1, 0, 0, 0] }),
    bad("dilation 0", "AIVM_ATTRIBUTE", { dilations: [1, 0] }),
    bad("pad value outside x's range", "AIVM_ATTRIBUTE", { padValue: 128 }),
    bad("zero point beyond i16", "AIVM_ATTRIBUTE", { zero: 32768 }),
    bad("window larger than the padded input", "AIVM_SHAPE", { w: type("i8", [2, 4, 2, 2]), size: [1, 2] }),
    bad("wrong output size", "AIVM_SHAPE", { size: [3, 3] }),
    bad("lo above hi", "AIVM_RANGE", { output: type("i8", [], [4, 3]) }),
    bad("range beyond the dtype", "AIVM_RANGE", { output: type("i8", [], [-128, 128]) }),
    bad("product beyond 2^53", "AIVM_BOUND", {
      x: cycle(type("i16", [1, 1, 1, 600]), [1]),
      w: constant(cycle(type("i16", [2, 1, 1, 600]), [32767])),
      given: { multiplier: one("i32", 2, 2097151) },
    }),
    bad("operands beyond 16,384", "AIVM_WITNESS_SIZE", {
      x: type("i8", [1, 1, 1, 16385]),
      w: constant(type("i8", [2, 1, 1, 16385])),
    }),
    { ...good, name: "no shift", operands: good.operands.slice(0, 4), refused: "AIVM_OPERANDS" },
    { ...good, name: "no zero point", attrs: good.attrs.slice(0, 10), refused: "AIVM_ATTRIBUTE" },
  ];
}

interface Linear {
  readonly name: string;
  readonly x: CaseTensor;
  readonly w: CaseTensor;
  readonly zero?: number;
  readonly given?: Channels;
  readonly output?: Tensor;
  readonly shape?: readonly number[];
  readonly refused?: string;
}

function linear(of: Linear): Case {
  const count = of.w.shape[0] ?? 1;
  const made: Case = {
    name: of.name,
    attrs: big(of.zero ?? 0),
    operands: [of.x, of.w, ...channels(count, of.given)],
    output: shaped(of.output ?? type("i8", []), of.shape ?? [...of.x.shape.slice(0, -1), count]),
  };
  return of.refused === undefined ? made : { ...made, refused: of.refused };
}

/** Cases of linear. */
export function linearCases(): Case[] {
  const cases: Case[] = [];
  let seed = 500;
  for (const dtypeX of ["i8", "i16"] as const) {
    for (const dtypeW of ["i8", "i16"] as const) {
      for (const output of ["i8", "i16", "i32"] as const) {
        seed += 2;
        cases.push(
          linear({
            name: `${dtypeX} by ${dtypeW} to ${output}`,
            x: mixed(type(dtypeX, [2, 7]), seed),
            w: constant(mixed(type(dtypeW, [5, 7]), seed + 1)),
            zero: 3,
            output: type(output, []),
          }),
        );
      }
    }
  }
  const x = mixed(type("i8", [3, 6]), 600);
  const w = constant(mixed(type("i8", [4, 6]), 601));
  for (const item of requantised(4, 6n * 128n * 128n + 1000n)) {
    cases.push(linear({ name: item.name, x, w, given: item.given, zero: item.zero, output: item.output }));
  }
  for (const [i, [shape, count]] of (
    [
      [[1], 1],
      [[5], 3],
      [[1, 1], 9],
      [[2, 1], 4],
      [[1, 8], 8],
      [[3, 9], 17],
      [[2, 2, 3], 2],
      [[2, 1, 3, 4], 3],
      [[1, 2, 1, 2, 5], 2],
      [[2, 1, 1, 2, 1, 3], 2],
      [[65, 2], 1],
      [[2, 31], 5],
    ] as const
  ).entries()) {
    cases.push(
      linear({
        name: `x [${shape.join(",")}] to ${count} channels`,
        x: mixed(type("i8", shape), 700 + i),
        w: constant(mixed(type("i8", [count, shape.at(-1) ?? 1]), 720 + i)),
      }),
    );
  }
  cases.push(...tiesOfLinear(), ...wideLinears(), ...refusedLinears(x, w));
  return cases;
}

/** Accumulators counted through, so that every tie and its neighbours appear, of both signs. */
function tiesOfLinear(): Case[] {
  return [1, 2, 3, 7].map((shift) => {
    const half = 2 ** (shift - 1);
    const steps = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((q) => [
      q * 2 * half + half - 1,
      q * 2 * half + half,
      q * 2 * half + half + 1,
    ]);
    return linear({
      name: `ties and their neighbours, shift ${shift}`,
      x: cycle(type("i16", [steps.length, 1]), steps),
      w: constant(cycle(type("i8", [1, 1]), [1])),
      given: { bias: one("i32", 1, 0), multiplier: one("i32", 1, 1), shift: one("i8", 1, shift) },
      output: type("i16", []),
    });
  });
}

function wideLinears(): Case[] {
  const limit = 4095;
  const wide = { bias: one("i32", 1, 0), multiplier: one("i32", 1, 2048), shift: one("i8", 1, 22) };
  const top = (values: readonly number[]): CaseTensor => cycle(type("i16", [1, limit]), values);
  const small = cycle(type("i8", [2, 1]), [1, -128]);
  const kernel = constant(cycle(type("i8", [2, 1]), [127, -128]));
  return [
    linear({
      name: "accumulator just below 2^42",
      x: top([-32768]),
      w: constant(cycle(type("i16", [1, limit]), [-32768])),
      given: wide,
      output: type("i32", []),
    }),
    linear({
      name: "accumulator just above -2^42",
      x: top([-32768]),
      w: constant(cycle(type("i16", [1, limit]), [32767])),
      given: wide,
      output: type("i32", []),
    }),
    linear({
      name: "alternating ends, 4,095 products",
      x: top([-32768, 32767]),
      w: constant(cycle(type("i16", [1, limit]), [32767, -32768, 32767])),
      given: wide,
      output: type("i32", []),
    }),
    linear({
      name: "512 products that make 2^31",
      x: cycle(type("i16", [1, 512]), [-32768]),
      w: constant(cycle(type("i8", [1, 512]), [-128])),
      given: { bias: one("i32", 1, 0), multiplier: one("i32", 1, 1), shift: one("i8", 1, 8) },
      output: type("i32", []),
    }),
    linear({
      name: "511 products, just inside 32 bits",
      x: cycle(type("i16", [1, 511]), [-32768]),
      w: constant(cycle(type("i8", [1, 511]), [-128])),
      given: { bias: one("i32", 1, 0), multiplier: one("i32", 1, 1), shift: one("i8", 1, 0) },
      output: type("i32", []),
    }),
    linear({
      name: "1,030 products, widened more than once",
      x: cycle(type("i16", [2, 1030]), [-32768, -32768, 32767]),
      w: constant(cycle(type("i8", [3, 1030]), [-128, -127, 127])),
      given: { bias: one("i32", 3, -7), multiplier: one("i32", 3, 1023), shift: one("i8", 3, 20) },
      output: type("i16", []),
    }),
    linear({
      name: "bias at both ends of i32",
      x: small,
      w: kernel,
      given: {
        bias: constant(cycle(type("i32", [2]), [2147483647, -2147483648])),
        multiplier: one("i32", 2, 2097151),
        shift: one("i8", 2, 21),
      },
      output: type("i32", []),
    }),
    linear({
      name: "sum that passes 2^31 by its bias",
      x: small,
      w: kernel,
      given: { bias: one("i32", 2, 2147483647), multiplier: one("i32", 2, 1), shift: one("i8", 2, 0) },
      output: type("i32", []),
    }),
    linear({
      name: "negative multiplier counts as 0",
      x: small,
      w: kernel,
      given: { multiplier: constant(cycle(type("i32", [2]), [-1, -2147483648])) },
      zero: 44,
    }),
    linear({
      name: "multiplier beyond 21 bits",
      x: small,
      w: kernel,
      given: { multiplier: one("i32", 2, 2097152), shift: one("i8", 2, 28) },
    }),
    linear({
      name: "shifts beyond their range",
      x: small,
      w: kernel,
      given: { shift: constant(cycle(type("i8", [2]), [-1, 127])) },
    }),
    linear({
      name: "all operands are inputs",
      x: small,
      w: cycle(type("i8", [2, 1]), [127, -128]),
      given: {
        bias: cycle(type("i32", [2]), [5, -5]),
        multiplier: cycle(type("i32", [2]), [77, -1]),
        shift: cycle(type("i8", [2]), [9, 0]),
      },
    }),
    linear({
      name: "product of exactly 2^53",
      x: cycle(type("i16", [1, 8]), [-32768]),
      w: constant(cycle(type("i16", [1, 8]), [-32768])),
      given: { bias: one("i32", 1, 0), multiplier: one("i32", 1, 2 ** 20), shift: one("i8", 1, 40) },
      output: type("i16", []),
    }),
    linear({
      name: "16,384 products",
      x: cycle(type("i8", [1, 16384]), [127, -128, 5]),
      w: constant(cycle(type("i8", [1, 16384]), [-1, 3])),
      given: { bias: one("i32", 1, 0), multiplier: one("i32", 1, 9), shift: one("i8", 1, 9) },
      output: type("i16", []),
    }),
  ];
}

function refusedLinears(x: CaseTensor, w: CaseTensor): Case[] {
  const bad = (name: string, refused: string, change: Partial<Linear>): Case =>
    linear({ x, w, name, refused, ...change });
  const good = linear({ x, w, name: "" });
  const long = { bias: one("i32", 1, 0), shift: one("i8", 1, 0), multiplier: one("i32", 1, 1) };
  return [
    bad("x scalar", "AIVM_SHAPE", { x: type("i8", []), shape: [4] }),
    bad("rows of another length", "AIVM_SHAPE", { x: type("i8", [3, 5]) }),
    bad("w of rank 3", "AIVM_SHAPE", { w: type("i8", [4, 6, 1]) }),
    bad("w with no rows", "AIVM_SHAPE", {
      w: type("i8", [0, 6]),
      given: { bias: type("i32", [4]), multiplier: type("i32", [4]), shift: type("i8", [4]) },
    }),
    bad("x of i32", "AIVM_DTYPE", { x: type("i32", [3, 6]) }),
    bad("bias of i8", "AIVM_DTYPE", { given: { bias: type("i8", [4]) } }),
    bad("bias for another number of channels", "AIVM_SHAPE", { given: { bias: type("i32", [5]) } }),
    bad("zero point beyond i16", "AIVM_ATTRIBUTE", { zero: -32769 }),
    bad("wrong output shape", "AIVM_SHAPE", { shape: [3, 5] }),
    bad("x of rank 7", "AIVM_LIMIT", { x: type("i8", [1, 1, 1, 1, 1, 1, 6]), shape: [1, 1, 1, 1, 1, 4] }),
    bad("16,385 products", "AIVM_WITNESS_SIZE", {
      x: type("i8", [1, 16385]),
      w: constant(type("i8", [1, 16385])),
      given: long,
    }),
    bad("witness beyond 48 KiB", "AIVM_WITNESS_SIZE", {
      x: type("i16", [2, 16384]),
      w: constant(type("i16", [1, 16384])),
      given: long,
    }),
    bad("accumulator that could reach 2^42", "AIVM_BOUND", {
      x: cycle(type("i16", [1, 4096]), [0]),
      w: constant(cycle(type("i16", [1, 4096]), [-32768])),
      given: long,
    }),
    bad("product that could pass 2^53 by 2^20", "AIVM_BOUND", {
      x: cycle(type("i16", [1, 8]), [0]),
      w: constant(cycle(type("i16", [1, 8]), [-32768])),
      given: { ...long, bias: one("i32", 1, 1), multiplier: one("i32", 1, 2 ** 20) },
      output: type("i32", []),
    }),
    bad("constant outside its declared range", "AIVM_RANGE", {
      w: constant(cycle(type("i8", [4, 6], [-1, 1]), [2])),
    }),
    bad("inputs whose ranges could pass the bound", "AIVM_BOUND", {
      x: type("i16", [1, 4096]),
      w: type("i16", [1, 4096]),
      given: { bias: type("i32", [1]), multiplier: type("i32", [1]), shift: type("i8", [1]) },
    }),
    { ...good, name: "two attributes", attrs: big(0, 0), refused: "AIVM_ATTRIBUTE" },
    {
      ...good,
      name: "six operands",
      operands: [...good.operands, type("i8", [4])],
      refused: "AIVM_OPERANDS",
    },
  ];
}

interface Matmul {
  readonly name: string;
  readonly a: CaseTensor;
  readonly b: CaseTensor;
  readonly zeros?: readonly [number, number];
  readonly multiplier?: bigint;
  readonly shift?: number;
  readonly zero?: number;
  readonly output?: Tensor;
  readonly shape?: readonly number[];
  readonly refused?: string;
}

function matmul(of: Matmul): Case {
  const { zeros = [0, 0], multiplier = 3n, shift = 4, zero = 0 } = of;
  const [a, b] = [of.a.shape, of.b.shape];
  const rank = Math.max(a.length, b.length);
  const batch = Array.from({ length: rank - 2 }, (_, i) =>
    Math.max(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1),
  );
  const made: Case = {
    name: of.name,
    attrs: [...big(...zeros), multiplier, BigInt(shift), BigInt(zero)],
    operands: [of.a, of.b],
    output: shaped(of.output ?? type("i8", []), of.shape ?? [...batch, a.at(-2) ?? 1, b.at(-2) ?? 1]),
  };
  return of.refused === undefined ? made : { ...made, refused: of.refused };
}

/** Cases of matmul. */
export function matmulCases(): Case[] {
  const cases: Case[] = [];
  let seed = 800;
  for (const left of ["i8", "i16"] as const) {
    for (const right of ["i8", "i16"] as const) {
      for (const output of ["i8", "i16", "i32"] as const) {
        seed += 2;
        cases.push(
          matmul({
            name: `${left} by ${right} to ${output}`,
            a: mixed(type(left, [3, 5]), seed),
            b: mixed(type(right, [4, 5]), seed + 1),
            zeros: [2, -3],
            shift: output === "i8" ? 10 : 3,
            output: type(output, []),
          }),
        );
      }
    }
  }
  const a = mixed(type("i8", [2, 5]), 900);
  const b = mixed(type("i8", [3, 5]), 901);
  for (const [name, multiplier, shift, zero, output] of requants(5n * 128n * 128n)) {
    cases.push(matmul({ name, a, b, multiplier, shift, zero, output }));
  }
  const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [1, 7],
      [1, 7],
    ],
    [
      [5, 1],
      [4, 1],
    ],
    [
      [1, 3],
      [6, 3],
    ],
    [
      [6, 3],
      [1, 3],
    ],
    [
      [2, 3, 4],
      [2, 2, 4],
    ],
    [
      [2, 3, 4],
      [2, 4],
    ],
    [
      [3, 4],
      [2, 2, 4],
    ],
    [
      [2, 1, 3, 2],
      [1, 3, 2, 2],
    ],
    [
      [2, 1, 2, 3],
      [3, 2, 3],
    ],
    [
      [1, 2, 1, 2, 3],
      [3, 1, 2, 2, 3],
    ],
    [
      [2, 1, 1, 1, 2, 3],
      [2, 3],
    ],
    [
      [9, 17],
      [3, 17],
    ],
    [
      [2, 33],
      [3, 33],
    ],
  ];
  for (const [i, [left, right]] of shapes.entries()) {
    cases.push(
      matmul({
        name: `[${left.join(",")}] by [${right.join(",")}]`,
        a: mixed(type("i8", left), 920 + i),
        b: mixed(type("i8", right), 940 + i),
        zeros: [i, -i],
        shift: 8,
      }),
    );
  }
  for (const zeros of [
    [-128, 127],
    [127, -128],
    [32767, -32768],
    [-32768, 32767],
  ] as const) {
    cases.push(
      matmul({
        name: `zero points ${zeros.join(" and ")}`,
        a,
        b,
        zeros,
        multiplier: 1n,
        shift: 20,
        output: type("i16", []),
      }),
    );
  }
  cases.push(
    matmul({
      name: "operands with narrow ranges",
      a: mixed(type("i16", [2, 9], [-5, 3]), 950),
      b: mixed(type("i16", [2, 9], [0, 7]), 951),
      multiplier: 2097151n,
      shift: 20,
    }),
    matmul({
      name: "accumulator just below 2^42",
      a: cycle(type("i16", [1, 4095]), [-32768]),
      b: cycle(type("i16", [1, 4095]), [-32768]),
      multiplier: 2048n,
      shift: 22,
      output: type("i32", []),
    }),
    matmul({
      name: "accumulator just above -2^42",
      a: cycle(type("i16", [1, 4095]), [-32768]),
      b: cycle(type("i16", [1, 4095]), [32767]),
      multiplier: 2048n,
      shift: 22,
      output: type("i32", []),
    }),
    matmul({
      name: "accumulators around 2^31",
      a: cycle(type("i16", [2, 2]), [-32768, -32768, 32767, 1]),
      b: cycle(type("i16", [3, 2]), [-32768, -32768, 32767, 32767, -32768, 32767]),
      multiplier: 1n,
      shift: 0,
      output: type("i32", []),
    }),
    matmul({
      name: "ties of both signs",
      a: cycle(
        type("i8", [21, 1]),
        [-21, -19, -17, -15, -13, -11, -9, -7, -5, -3, -1, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19],
      ),
      b: cycle(type("i8", [2, 1]), [1, 2]),
      multiplier: 1n,
      shift: 2,
      output: type("i16", []),
    }),
    matmul({
      name: "16,384 products",
      a: cycle(type("i8", [1, 16384]), [127, -128, 5]),
      b: cycle(type("i8", [1, 16384]), [-1, 3]),
      multiplier: 9n,
      shift: 9,
      output: type("i16", []),
    }),
    matmul({ name: "a constant right operand", a, b: constant(b), shift: 9 }),
  );
  const bad = (name: string, refused: string, change: Partial<Matmul>): Case =>
    matmul({ a, b, name, refused, ...change });
  const good = matmul({ a, b, name: "" });
  cases.push(
    bad("a of rank 1", "AIVM_SHAPE", { a: type("i8", [5]), shape: [1, 3] }),
    bad("b of rank 1", "AIVM_SHAPE", { b: type("i8", [5]), shape: [2, 1] }),
    bad("different lengths", "AIVM_SHAPE", { b: type("i8", [3, 4]) }),
    bad("batches that do not broadcast", "AIVM_SHAPE", {
      a: type("i8", [2, 2, 5]),
      b: type("i8", [3, 3, 5]),
    }),
    bad("a size of 0", "AIVM_SHAPE", { a: type("i8", [0, 5]), shape: [1, 3] }),
    bad("a of i32", "AIVM_DTYPE", { a: type("i32", [2, 5]) }),
    bad("b of i32", "AIVM_DTYPE", { b: type("i32", [3, 5]) }),
    bad("multiplier below 0", "AIVM_ATTRIBUTE", { multiplier: -1n }),
    bad("multiplier of 22 bits", "AIVM_ATTRIBUTE", { multiplier: 2097152n }),
    bad("shift below 0", "AIVM_ATTRIBUTE", { shift: -1 }),
    bad("shift 63", "AIVM_ATTRIBUTE", { shift: 63 }),
    bad("zero point beyond i16", "AIVM_ATTRIBUTE", { zeros: [32768, 0] }),
    bad("wrong output shape", "AIVM_SHAPE", { shape: [3, 2] }),
    bad("accumulator that could reach 2^42", "AIVM_BOUND", {
      a: type("i16", [1, 4096]),
      b: type("i16", [1, 4096]),
      multiplier: 1n,
    }),
    bad("product that could pass 2^53", "AIVM_BOUND", {
      a: type("i16", [1, 4095]),
      b: type("i16", [1, 4095]),
      multiplier: 2049n,
    }),
    bad("16,385 products", "AIVM_WITNESS_SIZE", { a: type("i8", [1, 16385]), b: type("i8", [1, 16385]) }),
    bad("witness beyond 48 KiB", "AIVM_WITNESS_SIZE", {
      a: type("i16", [2, 16384], [-1, 1]),
      b: type("i16", [2, 16384], [-1, 1]),
    }),
    { ...good, name: "one operand", operands: [a], refused: "AIVM_OPERANDS" },
  );
  return cases;
}

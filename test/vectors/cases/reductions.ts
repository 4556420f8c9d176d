/** Cases of maxPool2d, avgPool2d, argmax, maxReduce, sumReduce. */
import type { DType, Tensor } from "../oracle/types.ts";
import {
  ALL,
  big,
  type Case,
  type CaseTensor,
  cycle,
  mixed,
  NARROW,
  requants,
  shaped,
  type,
} from "./build.ts";

interface Pool {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
}

const POOLS: readonly Pool[] = [
  { name: "all sizes 1", shape: [1, 1, 1, 1], kernel: [1, 1] },
  { name: "2 by 2, stride 2", shape: [1, 4, 4, 2], kernel: [2, 2], strides: [2, 2] },
  { name: "2 by 2, stride 2, remainder dropped", shape: [1, 5, 3, 2], kernel: [2, 2], strides: [2, 2] },
  { name: "3 by 2, stride 1", shape: [1, 4, 4, 3], kernel: [3, 2] },
  { name: "1 by 3", shape: [2, 2, 5, 1], kernel: [1, 3] },
  { name: "4 by 1, stride 3 and 2", shape: [1, 9, 3, 1], kernel: [4, 1], strides: [3, 2] },
  { name: "global", shape: [2, 3, 5, 4], kernel: [3, 5] },
  { name: "batch of 3", shape: [3, 2, 2, 2], kernel: [2, 2] },
  { name: "pads on all sides", shape: [1, 3, 3, 2], kernel: [3, 3], pads: [1, 1, 1, 1] },
  { name: "different pads", shape: [1, 3, 2, 1], kernel: [2, 2], pads: [1, 0, 0, 1] },
  { name: "windows wholly in padding", shape: [1, 1, 1, 2], kernel: [1, 1], pads: [1, 2, 1, 0] },
  { name: "strides over padding", shape: [1, 2, 2, 1], kernel: [2, 2], strides: [3, 3], pads: [2, 2, 2, 2] },
  { name: "stride larger than the input", shape: [1, 2, 2, 1], kernel: [2, 1], strides: [16384, 16384] },
  { name: "17 channels", shape: [1, 2, 3, 17], kernel: [2, 2] },
];

const DILATED: readonly Pool[] = [
  { name: "dilation 2 by 3", shape: [1, 5, 7, 1], kernel: [2, 3], dilations: [2, 3] },
  {
    name: "dilation into padding",
    shape: [1, 3, 3, 2],
    kernel: [2, 2],
    dilations: [3, 4],
    pads: [1, 1, 2, 2],
  },
  {
    name: "dilation and stride",
    shape: [2, 6, 5, 1],
    kernel: [2, 2],
    dilations: [1, 2],
    strides: [2, 2],
    pads: [0, 1, 1, 0],
  },
];

function poolOutput({
  shape,
  kernel,
  strides = [1, 1],
  pads = [0, 0, 0, 0],
  dilations = [1, 1],
}: Pool): number[] {
  const [n = 1, h = 1, w = 1, c = 1] = shape;
  const along = (room: number, axis: 0 | 1): number =>
    Math.floor((room - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis]) + 1;
  return [n, along(h + pads[0] + pads[2], 0), along(w + pads[1] + pads[3], 1), c];
}

function poolAttrs({ kernel, strides = [1, 1], pads = [0, 0, 0, 0] }: Pool): number[] {
  return [...kernel, ...strides, ...pads];
}

function refusal(good: Case, name: string, refused: string, change: Partial<Case>): Case {
  return { ...good, ...change, name, refused };
}

/** Refusals that both pools share; `rest`: the attributes after the pads. */
function refusedPools(rest: readonly number[], output: Tensor): Case[] {
  const x = type("i8", [1, 3, 3, 2]);
  const attrs = (...head: readonly number[]): bigint[] => big(...head, ...rest);
  const good: Case = {
    name: "",
    attrs: attrs(2, 2, 1, 1, 0, 0, 0, 0),
    operands: [x],
    output: shaped(output, [1, 2, 2, 2]),
  };
  return [
    refusal(good, "x of rank 3", "AIVM_SHAPE", { operands: [type("i8", [3, 3, 2])] }),
    refusal(good, "x of rank 5", "AIVM_SHAPE", { operands: [type("i8", [1, 1, 3, 3, 2])] }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [1, 3, 3, 0])] }),
    refusal(good, "kernel 0", "AIVM_ATTRIBUTE", { attrs: attrs(0, 2, 1, 1, 0, 0, 0, 0) }),
    refusal(good, "kernel above 16,384", "AIVM_ATTRIBUTE", { attrs: attrs(2, 16385, 1, 1, 0, 0, 0, 16384) }),
    refusal(good, "stride 0", "AIVM_ATTRIBUTE", { attrs: attrs(2, 2, 1, 0, 0, 0, 0, 0) }),
    refusal(good, "pad below 0", "AIVM_ATTRIBUTE", { attrs: attrs(2, 2, 1, 1, 0, 0, -1, 0) }),
    refusal(good, "pad above 16,384", "AIVM_ATTRIBUTE", { attrs: attrs(2, 2, 1, 1, 0, 0, 0, 16385) }),
    refusal(good, "window larger than the padded input", "AIVM_SHAPE", {
      attrs: attrs(4, 2, 1, 1, 0, 0, 0, 0),
    }),
    refusal(good, "wrong output size", "AIVM_SHAPE", { output: shaped(output, [1, 3, 3, 2]) }),
    refusal(good, "operands beyond 16,384", "AIVM_WITNESS_SIZE", {
      operands: [type("i8", [1, 200, 100, 1])],
      attrs: attrs(200, 100, 1, 1, 0, 0, 0, 0),
      output: shaped(output, [1, 1, 1, 1]),
    }),
    refusal(good, "attributes missing", "AIVM_ATTRIBUTE", { attrs: good.attrs.slice(0, -1) }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [x, x] }),
  ];
}

/** Cases of maxPool2d. */
export function maxPoolCases(): Case[] {
  const cases: Case[] = [];
  for (const [i, pool] of [...POOLS, ...DILATED].entries()) {
    const dtype = ALL[i % 3] ?? "i8";
    const x = mixed(type(dtype, pool.shape), 2000 + i);
    cases.push({
      name: `${pool.name}, ${dtype}`,
      attrs: big(...poolAttrs(pool), ...(pool.dilations ?? [1, 1])),
      operands: [x],
      output: type(dtype, poolOutput(pool)),
    });
    const y = mixed(type("i16", pool.shape, [-7, 9]), 2050 + i);
    cases.push({
      name: `${pool.name}, output wider than x`,
      attrs: big(...poolAttrs(pool), ...(pool.dilations ?? [1, 1])),
      operands: [y],
      output: type("i16", poolOutput(pool), [-9, 9]),
    });
  }
  for (const dtype of ALL) {
    const { lo } = type(dtype, []);
    cases.push({
      name: `nothing but the lowest ${dtype}`,
      attrs: big(2, 2, 1, 1, 0, 0, 0, 0, 1, 1),
      operands: [cycle(type(dtype, [1, 2, 2, 1]), [Number(lo)])],
      output: type(dtype, [1, 1, 1, 1]),
    });
  }
  const good = refusedPools([1, 1], type("i8", []));
  cases.push(
    ...good,
    {
      name: "dilation 0",
      attrs: big(2, 2, 1, 1, 0, 0, 0, 0, 0, 1),
      operands: [type("i8", [1, 3, 3, 2])],
      output: type("i8", [1, 2, 2, 2]),
      refused: "AIVM_ATTRIBUTE",
    },
    {
      name: "output of another dtype",
      attrs: big(2, 2, 1, 1, 0, 0, 0, 0, 1, 1),
      operands: [type("i8", [1, 3, 3, 2])],
      output: type("i16", [1, 2, 2, 2]),
      refused: "AIVM_DTYPE",
    },
    {
      name: "output range without x's",
      attrs: big(2, 2, 1, 1, 0, 0, 0, 0, 1, 1),
      operands: [type("i8", [1, 3, 3, 2])],
      output: type("i8", [1, 2, 2, 2], [-127, 127]),
      refused: "AIVM_RANGE",
    },
  );
  return cases;
}

/** Cases of avgPool2d. */
export function avgPoolCases(): Case[] {
  const cases: Case[] = [];
  for (const [i, pool] of POOLS.entries()) {
    for (const dtype of NARROW) {
      const x = mixed(type(dtype, pool.shape), 2100 + 2 * i + dtype.length);
      const output = ALL[i % 3] ?? "i8";
      cases.push({
        name: `${pool.name}, ${dtype} to ${output}`,
        attrs: big(...poolAttrs(pool), 3, 4369, 15, -2),
        operands: [x],
        output: type(output, poolOutput(pool)),
      });
    }
  }
  const x = mixed(type("i8", [1, 3, 3, 2]), 2150);
  for (const [name, multiplier, shift, zero, output] of requants(4n * 128n)) {
    cases.push({
      name,
      attrs: [...big(2, 2, 1, 1, 0, 0, 0, 0, 0), multiplier, BigInt(shift), BigInt(zero)],
      operands: [x],
      output: shaped(output, [1, 2, 2, 2]),
    });
  }
  for (const zero of [-128, 127, -32768, 32767]) {
    cases.push({
      name: `zero point of x ${zero}, padded`,
      attrs: big(2, 2, 1, 1, 1, 1, 1, 1, zero, 513, 14, 1),
      operands: [x],
      output: type("i16", [1, 4, 4, 2]),
    });
  }
  const ties = cycle(
    type("i8", [1, 1, 41, 1]),
    Array.from({ length: 41 }, (_, i) => i - 20),
  );
  for (const shift of [1, 2, 3]) {
    cases.push({
      name: `ties, shift ${shift}`,
      attrs: big(1, 1, 1, 1, 0, 0, 0, 0, 0, 1, shift, 0),
      operands: [ties],
      output: type("i8", [1, 1, 41, 1]),
    });
  }
  cases.push(
    {
      name: "mean of 4 by multiplier 1 and shift 2",
      attrs: big(2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 2, 0),
      operands: [mixed(type("i8", [1, 6, 6, 1]), 2160)],
      output: type("i8", [1, 3, 3, 1]),
    },
    {
      name: "mean of 16,384 elements at the end of i16",
      attrs: big(128, 128, 1, 1, 0, 0, 0, 0, 0, 2097151, 35, 0),
      operands: [cycle(type("i16", [1, 128, 128, 1]), [-32768])],
      output: type("i16", [1, 1, 1, 1]),
    },
    {
      name: "window counted with its padding",
      attrs: big(3, 3, 1, 1, 1, 1, 1, 1, 0, 7282, 16, 0),
      operands: [cycle(type("i8", [1, 2, 2, 1]), [90])],
      output: type("i8", [1, 2, 2, 1]),
    },
  );
  cases.push(
    ...refusedPools([0, 1, 0, 0], type("i8", [])),
    ...(
      [
        ["x of i32", "AIVM_DTYPE", [0, 1, 0, 0], "i32"],
        ["zero point of x beyond i16", "AIVM_ATTRIBUTE", [32768, 1, 0, 0], "i8"],
        ["multiplier below 0", "AIVM_ATTRIBUTE", [0, -1, 0, 0], "i8"],
        ["multiplier of 22 bits", "AIVM_ATTRIBUTE", [0, 2097152, 0, 0], "i8"],
        ["shift 63", "AIVM_ATTRIBUTE", [0, 1, 63, 0], "i8"],
        ["zero point beyond i16", "AIVM_ATTRIBUTE", [0, 1, 0, 32768], "i8"],
      ] as const
    ).map(([name, refused, rest, dtype]) => ({
      name,
      refused,
      attrs: big(2, 2, 1, 1, 0, 0, 0, 0, ...rest),
      operands: [type(dtype, [1, 3, 3, 2])],
      output: type("i8", [1, 2, 2, 2]),
    })),
  );
  return cases;
}

/** Shapes and axes to reduce. */
const AXES: readonly (readonly [readonly number[], number])[] = [
  [[1], 0],
  [[9], 0],
  [[2, 3], 0],
  [[2, 3], 1],
  [[3, 1], 1],
  [[1, 4], 0],
  [[2, 3, 4], 0],
  [[2, 3, 4], 1],
  [[2, 3, 4], 2],
  [[2, 1, 3, 2], 1],
  [[2, 2, 2, 2, 2, 2], 0],
  [[2, 2, 2, 2, 2, 2], 3],
  [[2, 2, 2, 2, 2, 2], 5],
  [[1, 300], 1],
  [[300, 1], 0],
];

function reduced(shape: readonly number[], axis: number): number[] {
  return shape.map((size, i) => (i === axis ? 1 : size));
}

/** Refusals that the three reductions share. */
function refusedReductions(rest: readonly number[], output: Tensor): Case[] {
  const good: Case = {
    name: "",
    attrs: big(1, ...rest),
    operands: [type("i8", [2, 3])],
    output: shaped(output, [2, 1]),
  };
  return [
    refusal(good, "a scalar", "AIVM_SHAPE", {
      operands: [type("i8", [])],
      attrs: big(0, ...rest),
      output: shaped(output, []),
    }),
    refusal(good, "axis below 0", "AIVM_ATTRIBUTE", { attrs: big(-1, ...rest) }),
    refusal(good, "axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(2, ...rest) }),
    refusal(good, "output without the axis", "AIVM_SHAPE", { output: shaped(output, [2]) }),
    refusal(good, "output of x's shape", "AIVM_SHAPE", { output: shaped(output, [2, 3]) }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [2, 0])] }),
    refusal(good, "16,385 elements", "AIVM_WITNESS_SIZE", {
      operands: [type("i8", [16385])],
      attrs: big(0, ...rest),
      output: shaped(output, [1]),
    }),
    refusal(good, "elements too far apart for a witness", "AIVM_WITNESS_SIZE", {
      operands: [type("i8", [200, 1000])],
      attrs: big(0, ...rest),
      output: shaped(output, [1, 1000]),
    }),
    refusal(good, "no attribute", "AIVM_ATTRIBUTE", { attrs: [] }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [type("i8", [2, 3]), type("i8", [2, 3])] }),
  ];
}

/** Cases of argmax. */
export function argmaxCases(): Case[] {
  const index = (shape: readonly number[], size: number): Tensor => type("i32", shape, [0, size - 1]);
  const cases: Case[] = AXES.flatMap(([shape, axis], i) =>
    (["mixed", "ties"] as const).map((how) => {
      const dtype = ALL[i % 3] ?? "i8";
      const x: CaseTensor =
        how === "mixed" ? mixed(type(dtype, shape), 2200 + i) : mixed(type(dtype, shape, [-1, 1]), 2220 + i);
      return {
        name: `${dtype} [${shape.join(",")}] along ${axis}, ${how}`,
        attrs: big(axis),
        operands: [x],
        output: index(reduced(shape, axis), shape[axis] ?? 1),
      };
    }),
  );
  const row = (name: string, dtype: DType, values: readonly number[]): Case => ({
    name,
    attrs: big(0),
    operands: [cycle(type(dtype, [values.length]), values)],
    output: index([1], values.length),
  });
  cases.push(
    row("all equal: the first", "i8", [5, 5, 5, 5]),
    row("all at the lowest", "i32", [-2147483648, -2147483648]),
    row("largest last", "i16", [1, 2, 3]),
    row("largest first", "i16", [3, 2, 1]),
    row("tie of the second and the last", "i8", [-1, 7, 0, 7]),
    row("ends of i32", "i32", [-2147483648, 2147483647, 2147483646, 2147483647]),
    {
      name: "output range wider than needed",
      attrs: big(0),
      operands: [mixed(type("i8", [4]), 2240)],
      output: type("i32", [1]),
    },
    {
      name: "lowest index of 16,384",
      attrs: big(0),
      operands: [cycle(type("i8", [16384]), [3, 9, -4])],
      output: index([1], 16384),
    },
  );
  cases.push(
    ...refusedReductions([], type("i32", [])),
    {
      name: "output of i16",
      attrs: big(1),
      operands: [type("i8", [2, 3])],
      output: type("i16", [2, 1]),
      refused: "AIVM_DTYPE",
    },
    {
      name: "output range without the last index",
      attrs: big(1),
      operands: [type("i8", [2, 3])],
      output: type("i32", [2, 1], [0, 1]),
      refused: "AIVM_RANGE",
    },
  );
  return cases;
}

/** Cases of maxReduce. */
export function maxReduceCases(): Case[] {
  const cases: Case[] = AXES.flatMap(([shape, axis], i) =>
    [0, 1].map((turn) => {
      const dtype = ALL[(i + turn) % 3] ?? "i8";
      return {
        name: `${dtype} [${shape.join(",")}] along ${axis}`,
        attrs: big(axis),
        operands: [mixed(type(dtype, shape), 2300 + 2 * i + turn)],
        output: type(dtype, reduced(shape, axis)),
      };
    }),
  );
  for (const dtype of ALL) {
    const { lo, hi } = type(dtype, []);
    cases.push(
      {
        name: `all at the lowest ${dtype}`,
        attrs: big(0),
        operands: [cycle(type(dtype, [5]), [Number(lo)])],
        output: type(dtype, [1]),
      },
      {
        name: `both ends of ${dtype}`,
        attrs: big(0),
        operands: [cycle(type(dtype, [5]), [Number(lo), Number(hi)])],
        output: type(dtype, [1]),
      },
    );
  }
  cases.push({
    name: "negative range",
    attrs: big(0),
    operands: [mixed(type("i8", [6], [-9, -2]), 2340)],
    output: type("i8", [1], [-9, 0]),
  });
  cases.push(
    ...refusedReductions([], type("i8", [])),
    {
      name: "output of another dtype",
      attrs: big(1),
      operands: [type("i8", [2, 3])],
      output: type("i16", [2, 1]),
      refused: "AIVM_DTYPE",
    },
    {
      name: "output range without x's",
      attrs: big(1),
      operands: [type("i8", [2, 3])],
      output: type("i8", [2, 1], [0, 127]),
      refused: "AIVM_RANGE",
    },
  );
  return cases;
}

/** Cases of sumReduce. */
export function sumReduceCases(): Case[] {
  const cases: Case[] = AXES.flatMap(([shape, axis], i) =>
    [0, 1].map((turn) => {
      const dtype = ALL[(i + turn) % 3] ?? "i8";
      const output = ALL[(i + 2 * turn) % 3] ?? "i8";
      return {
        name: `${dtype} [${shape.join(",")}] along ${axis} to ${output}`,
        attrs: big(axis, 3, 4369, dtype === "i32" ? 30 : 15, -2),
        operands: [mixed(type(dtype, shape), 2400 + 2 * i + turn)],
        output: type(output, reduced(shape, axis)),
      };
    }),
  );
  const x = mixed(type("i8", [2, 5]), 2450);
  for (const [name, multiplier, shift, zero, output] of requants(5n * 128n)) {
    cases.push({
      name,
      attrs: [1n, 0n, multiplier, BigInt(shift), BigInt(zero)],
      operands: [x],
      output: shaped(output, [2, 1]),
    });
  }
  for (const zero of [-128, 127, -32768, 32767]) {
    cases.push({
      name: `zero point of x ${zero}`,
      attrs: big(0, zero, 77, 12, 1),
      operands: [x],
      output: type("i16", [1, 5]),
    });
  }
  const ties = cycle(
    type("i8", [41, 1]),
    Array.from({ length: 41 }, (_, i) => i - 20),
  );
  for (const shift of [1, 2, 3]) {
    cases.push({
      name: `ties, shift ${shift}`,
      attrs: big(1, 0, 1, shift, 0),
      operands: [ties],
      output: type("i8", [41, 1]),
    });
  }
  const low = (count: number): CaseTensor => cycle(type("i32", [count]), [-2147483648]);
  cases.push(
    {
      name: "sum of 2 that is -2^32",
      attrs: big(0, 0, 1, 1, 0),
      operands: [low(2)],
      output: type("i32", [1]),
    },
    {
      name: "accumulator just above -2^42",
      attrs: big(0, 0, 2048, 22, 0),
      operands: [low(2047)],
      output: type("i32", [1]),
    },
    {
      name: "accumulator just below 2^42",
      attrs: big(0, 0, 2048, 22, 0),
      operands: [cycle(type("i32", [2047]), [2147483647])],
      output: type("i32", [1]),
    },
    {
      name: "alternating ends of i32",
      attrs: big(0, 0, 2048, 11, 0),
      operands: [cycle(type("i32", [2047]), [2147483647, -2147483648])],
      output: type("i32", [1]),
    },
    {
      name: "16,384 elements",
      attrs: big(0, -1, 1, 7, 0),
      operands: [cycle(type("i8", [16384]), [127, -128, 90])],
      output: type("i16", [1]),
    },
  );
  cases.push(
    ...refusedReductions([0, 1, 0, 0], type("i8", [])),
    ...(
      [
        ["zero point of x beyond i16", "AIVM_ATTRIBUTE", [32768, 1, 0, 0]],
        ["multiplier below 0", "AIVM_ATTRIBUTE", [0, -1, 0, 0]],
        ["multiplier of 22 bits", "AIVM_ATTRIBUTE", [0, 2097152, 0, 0]],
        ["shift 63", "AIVM_ATTRIBUTE", [0, 1, 63, 0]],
        ["zero point beyond i16", "AIVM_ATTRIBUTE", [0, 1, 0, -32769]],
      ] as const
    ).map(([name, refused, rest]) => ({
      name,
      refused,
      attrs: big(1, ...rest),
      operands: [type("i8", [2, 3])],
      output: type("i8", [2, 1]),
    })),
    {
      name: "accumulator that could reach 2^42",
      attrs: big(0, 0, 1, 0, 0),
      operands: [type("i32", [2048])],
      output: type("i32", [1]),
      refused: "AIVM_BOUND",
    },
    {
      name: "product that could pass 2^53",
      attrs: big(0, 0, 2097151, 0, 0),
      operands: [type("i32", [3])],
      output: type("i32", [1]),
      refused: "AIVM_BOUND",
    },
  );
  return cases;
}

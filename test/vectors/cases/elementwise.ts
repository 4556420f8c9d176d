/** Cases of add, mul, rescale, table, where, compare. */
import type { DType, Tensor } from "../oracle/types.ts";
import {
  ALL,
  big,
  type Case,
  type CaseTensor,
  constant,
  cycle,
  mixed,
  NARROW,
  reach,
  requants,
  shaped,
  type,
} from "./build.ts";

/** Pairs of shapes that broadcast, and what they make. */
export const PAIRS: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
  [[], [], []],
  [[1], [], [1]],
  [[], [2, 3], [2, 3]],
  [[4], [1], [4]],
  [[1], [5], [5]],
  [[2, 3], [3], [2, 3]],
  [[3], [2, 3], [2, 3]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [
    [2, 1, 3],
    [4, 1],
    [2, 4, 3],
  ],
  [
    [1, 2, 1, 2],
    [3, 1, 2, 1],
    [3, 2, 2, 2],
  ],
  [
    [2, 1, 1, 1, 1, 3],
    [2, 1, 2, 1],
    [2, 1, 2, 1, 2, 3],
  ],
  [[1, 1, 1, 1, 1, 1], [1], [1, 1, 1, 1, 1, 1]],
  [[17], [17], [17]],
  [
    [3, 5],
    [3, 5],
    [3, 5],
  ],
];

/** Odd quarters, halves and their neighbours around 0. */
export const TIES: readonly number[] = Array.from({ length: 41 }, (_, i) => i - 20);

/** A good case broken by one thing. */
export function refusal(good: Case, name: string, refused: string, change: Partial<Case>): Case {
  return { ...good, ...change, name, refused };
}

function addition(of: {
  readonly name: string;
  readonly a: CaseTensor;
  readonly b: CaseTensor;
  readonly attrs: readonly number[];
  readonly output: Tensor;
}): Case {
  return { name: of.name, attrs: big(...of.attrs), operands: [of.a, of.b], output: of.output };
}

/** Cases of add. */
export function addCases(): Case[] {
  const cases: Case[] = [];
  let seed = 1000;
  for (const left of ALL) {
    for (const right of ALL) {
      seed += 2;
      const output = ALL[seed % 3] ?? "i8";
      cases.push(
        addition({
          name: `${left} and ${right} to ${output}`,
          a: mixed(type(left, [9]), seed),
          b: mixed(type(right, [9]), seed + 1),
          attrs: [1000, -999, 5, 9, 1],
          output: type(output, [9]),
        }),
      );
    }
  }
  for (const [i, [a, b, out]] of PAIRS.entries()) {
    cases.push(
      addition({
        name: `[${a.join(",")}] with [${b.join(",")}]`,
        a: mixed(type("i8", a), 1100 + i),
        b: mixed(type("i16", b), 1120 + i),
        attrs: [3, 5, -2, 2, -1],
        output: type("i16", out),
      }),
    );
  }
  const x = cycle(type("i8", [41]), TIES);
  const none = cycle(type("i8", [1]), [0]);
  for (const shift of [1, 2, 3]) {
    for (const multiplier of [1, -1, 2]) {
      cases.push(
        addition({
          name: `ties: times ${multiplier}, shift ${shift}`,
          a: x,
          b: none,
          attrs: [multiplier, 0, 0, shift, 0],
          output: type("i8", [41]),
        }),
      );
    }
  }
  const wide = cycle(type("i32", [6]), [-2147483648, 2147483647, -2147483647, 2147483646, 0, -1]);
  const M = 2097151;
  for (const [name, attrs, dtype] of [
    ["largest sums: multipliers of 21 bits", [M, M, 2147483647, 0, 0], "i32"],
    ["largest sums, shifted into range", [M, M, 2147483647, 22, 0], "i32"],
    ["smallest sums", [-M, -M, -2147483648, 22, 0], "i32"],
    ["cancelling sums", [M, -M, 1, 1, 0], "i32"],
    ["shift 62", [M, M, 2147483647, 62, 3], "i8"],
    ["shift 52, near one half", [M, M, -2147483648, 52, 0], "i8"],
    ["multipliers 0: a constant", [0, 0, -7, 1, 2], "i8"],
    ["offset alone at its upper end", [0, 0, 2147483647, 0, 0], "i32"],
    ["offset alone at its lower end", [0, 0, -2147483648, 0, 0], "i32"],
    ["offset that makes ties", [0, 0, 3, 1, 0], "i8"],
    ["zero point at its upper end", [1, 1, 0, 20, 32767], "i16"],
    ["zero point at its lower end", [1, 1, 0, 20, -32768], "i16"],
    ["zero point far outside i8", [1, 1, 0, 24, 32767], "i8"],
    ["subtraction", [1, -1, 0, 0, 0], "i32"],
    ["copy of a", [1, 0, 0, 0, 0], "i32"],
    ["saturation to i8", [1, 1, 0, 0, 0], "i8"],
    ["saturation to i16", [1, 0, 0, 0, 0], "i16"],
  ] as const) {
    cases.push(addition({ name, a: wide, b: { ...wide }, attrs, output: type(dtype, [6]) }));
  }
  const small = mixed(type("i8", [11]), 1200);
  cases.push(
    addition({
      name: "range of one value",
      a: small,
      b: small,
      attrs: [1, 1, 0, 0, 0],
      output: type("i8", [11], [-3, -3]),
    }),
    addition({
      name: "range above zero",
      a: small,
      b: small,
      attrs: [1, 1, 0, 1, 0],
      output: type("i8", [11], [0, 127]),
    }),
    addition({
      name: "range below zero",
      a: small,
      b: small,
      attrs: [1, 1, 0, 1, 0],
      output: type("i8", [11], [-128, -1]),
    }),
    addition({
      name: "a constant operand",
      a: small,
      b: constant(cycle(type("i16", [1]), [300])),
      attrs: [2, 3, 0, 4, 0],
      output: type("i8", [11]),
    }),
    addition({
      name: "300 elements",
      a: mixed(type("i8", [300]), 1201),
      b: mixed(type("i8", [300]), 1202),
      attrs: [4095, 513, 100, 12, 0],
      output: type("i8", [300]),
    }),
  );
  const good = addition({
    name: "",
    a: type("i8", [2, 3]),
    b: type("i8", [3]),
    attrs: [1, 1, 0, 0, 0],
    output: type("i8", [2, 3]),
  });
  cases.push(
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", {
      operands: [type("i8", [2, 3]), type("i8", [2])],
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [2, 3]), type("i8", [0])] }),
    refusal(good, "output of the smaller shape", "AIVM_SHAPE", { output: type("i8", [3]) }),
    refusal(good, "multiplier beyond 21 bits", "AIVM_ATTRIBUTE", { attrs: big(2097152, 1, 0, 0, 0) }),
    refusal(good, "multiplier below -(2^21 - 1)", "AIVM_ATTRIBUTE", { attrs: big(1, -2097152, 0, 0, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(1, 1, 0, 63, 0) }),
    refusal(good, "shift below 0", "AIVM_ATTRIBUTE", { attrs: big(1, 1, 0, -1, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(1, 1, 0, 0, 32768) }),
    refusal(good, "four attributes", "AIVM_ATTRIBUTE", { attrs: big(1, 1, 0, 0) }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [type("i8", [2, 3])] }),
    refusal(good, "three operands", "AIVM_OPERANDS", {
      operands: [type("i8", [2, 3]), type("i8", [3]), type("i8", [3])],
    }),
    refusal(good, "rank 7", "AIVM_LIMIT", { output: type("i8", [1, 1, 1, 1, 1, 2, 3]) }),
    refusal(good, "operand range above its dtype", "AIVM_RANGE", {
      operands: [type("i8", [2, 3], [0, 200]), type("i8", [3])],
    }),
    refusal(good, "output lo above hi", "AIVM_RANGE", { output: type("i8", [2, 3], [1, 0]) }),
  );
  return cases;
}

/** Cases of mul. */
export function mulCases(): Case[] {
  const cases: Case[] = [];
  const product = (
    name: string,
    operands: readonly CaseTensor[],
    attrs: readonly bigint[],
    output: Tensor,
  ): void => {
    cases.push({ name, attrs, operands, output });
  };
  let seed = 1300;
  for (const left of NARROW) {
    for (const right of NARROW) {
      for (const output of ALL) {
        seed += 2;
        product(
          `${left} by ${right} to ${output}`,
          [mixed(type(left, [8]), seed), mixed(type(right, [8]), seed + 1)],
          big(1, -2, 5, 9, 0),
          type(output, [8]),
        );
      }
    }
  }
  const a = mixed(type("i8", [9]), 1400);
  const b = mixed(type("i8", [9]), 1401);
  for (const [name, multiplier, shift, zero, output] of requants(128n * 128n)) {
    product(name, [a, b], [0n, 0n, multiplier, BigInt(shift), BigInt(zero)], shaped(output, [9]));
  }
  for (const [i, [left, right, out]] of PAIRS.entries()) {
    product(
      `[${left.join(",")}] with [${right.join(",")}]`,
      [mixed(type("i8", left), 1420 + i), mixed(type("i16", right), 1440 + i)],
      big(3, 0, 7, 10, 2),
      type("i16", out),
    );
  }
  for (const zeros of [
    [-128, 127],
    [127, -128],
    [32767, -32768],
    [-32768, 32767],
    [-32768, -32768],
  ] as const) {
    product(`zero points ${zeros.join(" and ")}`, [a, b], big(...zeros, 1, 16, 0), type("i16", [9]));
  }
  const ends = cycle(type("i16", [4]), [-32768, 32767, -32768, 32767]);
  const others = cycle(type("i16", [4]), [-32768, -32768, 32767, 32767]);
  for (const [name, attrs, dtype] of [
    ["ends of i16, raw", big(0, 0, 1, 0, 0), "i32"],
    ["ends of i16, largest multiplier", big(0, 0, 2097151, 31, 0), "i32"],
    ["ends of i16, half", big(0, 0, 1, 1, 0), "i32"],
    ["ends of i16 with zero points: 2^32", big(32767, -32768, 1, 2, 0), "i32"],
    ["accumulator of 2^32 by 2^21 - 1", big(-32768, -32768, 2097151, 40, 0), "i16"],
  ] as const) {
    product(name, [ends, others], attrs, type(dtype, [4]));
  }
  const ties = cycle(type("i8", [41]), TIES);
  for (const shift of [1, 2, 3])
    product(
      `ties, shift ${shift}`,
      [ties, cycle(type("i8", [1]), [1])],
      big(0, 0, 1, shift, 0),
      type("i8", [41]),
    );
  product("ties, multiplier 3", [ties, cycle(type("i8", [1]), [-1])], big(0, 0, 3, 1, 0), type("i8", [41]));
  product("squares", [ties, { ...ties }], big(0, 0, 1, 3, 0), type("i8", [41]));
  product(
    "a constant operand",
    [a, constant(cycle(type("i8", [1]), [-77]))],
    big(0, 0, 3, 7, 0),
    type("i8", [9]),
  );
  product(
    "300 elements",
    [mixed(type("i8", [300]), 1480), mixed(type("i8", [1]), 1481)],
    big(1, 2, 99, 14, 0),
    type("i8", [300]),
  );
  const good: Case = {
    name: "",
    attrs: big(0, 0, 1, 0, 0),
    operands: [type("i8", [2, 3]), type("i8", [3])],
    output: type("i8", [2, 3]),
  };
  cases.push(
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", {
      operands: [type("i8", [2, 3]), type("i8", [3, 3])],
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0, 3]), type("i8", [3])] }),
    refusal(good, "a of i32", "AIVM_DTYPE", { operands: [type("i32", [2, 3]), type("i8", [3])] }),
    refusal(good, "b of i32", "AIVM_DTYPE", { operands: [type("i8", [2, 3]), type("i32", [3])] }),
    refusal(good, "multiplier below 0", "AIVM_ATTRIBUTE", { attrs: big(0, 0, -1, 0, 0) }),
    refusal(good, "multiplier of 22 bits", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 2097152, 0, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 63, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(0, -32769, 1, 0, 0) }),
    refusal(good, "wrong output shape", "AIVM_SHAPE", { output: type("i8", [3, 2]) }),
    refusal(good, "six attributes", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 0, 0, 0) }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [type("i8", [2, 3])] }),
  );
  return cases;
}

/** Cases of rescale. */
export function rescaleCases(): Case[] {
  const cases: Case[] = [];
  const rescale = (name: string, x: CaseTensor, attrs: readonly bigint[], output: Tensor): void => {
    cases.push({ name, attrs, operands: [x], output });
  };
  let seed = 1500;
  for (const from of ALL) {
    for (const to of ALL) {
      seed++;
      rescale(
        `${from} to ${to}`,
        mixed(type(from, [12]), seed),
        big(3, 1023, from === "i32" ? 24 : 10, -4),
        type(to, [12]),
      );
      rescale(
        `${from} to ${to}, converted with saturation`,
        mixed(type(from, [12]), seed + 20),
        big(0, 1, 0, 0),
        type(to, [12]),
      );
    }
  }
  for (const from of ALL) {
    const x = mixed(type(from, [10]), 1600 + from.length);
    for (const [name, multiplier, shift, zero, output] of requants(reach(x))) {
      rescale(`${from}: ${name}`, x, [0n, multiplier, BigInt(shift), BigInt(zero)], shaped(output, [10]));
    }
  }
  const ties = cycle(type("i8", [41]), TIES);
  for (const shift of [1, 2, 3, 4])
    rescale(`ties, shift ${shift}`, ties, big(0, 1, shift, 0), type("i8", [41]));
  rescale("ties, multiplier 3, odd zero point", ties, big(1, 3, 1, 1), type("i8", [41]));
  rescale("ties, even multiplier", ties, big(0, 6, 3, 0), type("i8", [41]));
  for (const zero of [-32768, 32767])
    rescale(
      `zero point of x ${zero}`,
      mixed(type("i32", [8]), 1650),
      big(zero, 2097151, 30, 0),
      type("i32", [8]),
    );
  for (const [i, shape] of [[], [1], [2, 3], [1, 2, 1, 2, 1, 2], [7, 1], [257]].entries()) {
    rescale(
      `shape [${shape.join(",")}]`,
      mixed(type("i16", shape), 1660 + i),
      big(5, 77, 12, 1),
      type("i8", shape),
    );
  }
  const big32 = cycle(type("i32", [5]), [-2147483648, 2147483647, 2147483646, -2147483647, 1]);
  rescale("ends of i32, copied", big32, big(0, 1, 0, 0), type("i32", [5]));
  rescale("ends of i32, largest multiplier, shift 62", big32, big(0, 2097151, 62, 0), type("i32", [5]));
  rescale("ends of i32, largest multiplier, shift 21", big32, big(0, 2097151, 21, 0), type("i32", [5]));
  rescale(
    "ends of i32, largest multiplier, shift 20: saturates",
    big32,
    big(0, 2097151, 20, 0),
    type("i32", [5]),
  );
  rescale("ends of i32, zero point 32,767: saturates", big32, big(0, 1, 0, 32767), type("i32", [5]));
  const good: Case = {
    name: "",
    attrs: big(0, 1, 0, 0),
    operands: [type("i8", [4])],
    output: type("i8", [4]),
  };
  cases.push(
    refusal(good, "another shape", "AIVM_SHAPE", { output: type("i8", [5]) }),
    refusal(good, "the same number of elements in another shape", "AIVM_SHAPE", {
      output: type("i8", [2, 2]),
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0])], output: type("i8", [0]) }),
    refusal(good, "rank 7", "AIVM_LIMIT", { operands: [type("i8", [1, 1, 1, 1, 1, 1, 4])] }),
    refusal(good, "more than 2^28 elements", "AIVM_LIMIT", {
      operands: [type("i8", [65536, 4097])],
      output: type("i8", [65536, 4097]),
    }),
    refusal(good, "multiplier below 0", "AIVM_ATTRIBUTE", { attrs: big(0, -1, 0, 0) }),
    refusal(good, "multiplier of 22 bits", "AIVM_ATTRIBUTE", { attrs: big(0, 2097152, 0, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 1, 63, 0) }),
    refusal(good, "shift below 0", "AIVM_ATTRIBUTE", { attrs: big(0, 1, -1, 0) }),
    refusal(good, "zero point of x beyond i16", "AIVM_ATTRIBUTE", { attrs: big(-32769, 1, 0, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(0, 1, 0, 32768) }),
    refusal(good, "three attributes", "AIVM_ATTRIBUTE", { attrs: big(0, 1, 0) }),
    refusal(good, "no operand", "AIVM_OPERANDS", { operands: [] }),
    refusal(good, "output range beyond the dtype", "AIVM_RANGE", { output: type("i8", [4], [-129, 0]) }),
  );
  return cases;
}

/** Cases of table. */
export function tableCases(): Case[] {
  const cases: Case[] = [];
  const entries = (dtype: DType, range: readonly [number, number]): CaseTensor =>
    constant(
      cycle(
        type(dtype, [256], range),
        [range[0], range[1], 0, 1, 5, -1].filter((v) => v >= range[0] && v <= range[1]),
      ),
    );
  for (const [i, dtype] of ALL.entries()) {
    for (const [j, shape] of [[], [5], [2, 3], [2, 1, 2]].entries()) {
      const made = entries(dtype, [-100, 100]);
      cases.push({
        name: `i8 [${shape.join(",")}] to ${dtype}`,
        attrs: [],
        operands: [mixed(type("i8", shape), 1700 + 10 * i + j), made],
        output: shaped(made, shape),
      });
    }
  }
  const all = cycle(
    type("i8", [256]),
    Array.from({ length: 256 }, (_, i) => i - 128),
  );
  const identity = constant(
    cycle(
      type("i8", [256]),
      Array.from({ length: 256 }, (_, i) => i - 128),
    ),
  );
  const squares = constant(
    cycle(
      type("i16", [256], [0, 16384]),
      Array.from({ length: 256 }, (_, i) => (i - 128) ** 2),
    ),
  );
  cases.push(
    {
      name: "every i8 through the identity",
      attrs: [],
      operands: [all, identity],
      output: type("i8", [256]),
    },
    {
      name: "every i8, reversed",
      attrs: [],
      operands: [
        all,
        constant(
          cycle(
            type("i8", [256]),
            Array.from({ length: 256 }, (_, i) => 127 - i),
          ),
        ),
      ],
      output: type("i8", [256]),
    },
    { name: "squares in i16", attrs: [], operands: [all, squares], output: type("i16", [256], [0, 16384]) },
    {
      name: "output range wider than the table's",
      attrs: [],
      operands: [all, squares],
      output: type("i16", [256]),
    },
    {
      name: "ends of i32",
      attrs: [],
      operands: [all, constant(cycle(type("i32", [256]), [-2147483648, 2147483647, 0]))],
      output: type("i32", [256]),
    },
    {
      name: "a table that is an input",
      attrs: [],
      operands: [mixed(type("i8", [6]), 1750), cycle(type("i8", [256]), [3, -4, 9])],
      output: type("i8", [6]),
    },
  );
  const long = (dtype: DType, values: readonly number[]): CaseTensor =>
    constant(cycle(type(dtype, [65536]), values));
  const words = cycle(type("i16", [9]), [-32768, -32767, -1, 0, 1, 32766, 32767, 256, -256]);
  for (const dtype of ALL) {
    cases.push({
      name: `i16 to ${dtype}`,
      attrs: [],
      operands: [words, long(dtype, [7, -3, 100, 0, -128, 127, 1])],
      output: type(dtype, [9]),
    });
  }
  cases.push({
    name: "i16, first and last entry",
    attrs: [],
    operands: [cycle(type("i16", [2]), [-32768, 32767]), long("i16", [11, 22, 33, 44, 55])],
    output: type("i16", [2]),
  });
  const good: Case = {
    name: "",
    attrs: [],
    operands: [type("i8", [4]), type("i8", [256])],
    output: type("i8", [4]),
  };
  cases.push(
    refusal(good, "255 entries", "AIVM_SHAPE", { operands: [type("i8", [4]), type("i8", [255])] }),
    refusal(good, "a table of i16 for i8", "AIVM_SHAPE", {
      operands: [type("i8", [4]), type("i8", [65536])],
    }),
    refusal(good, "a table of i8 for i16", "AIVM_SHAPE", { operands: [type("i16", [4]), type("i8", [256])] }),
    refusal(good, "a table of rank 2", "AIVM_SHAPE", { operands: [type("i8", [4]), type("i8", [1, 256])] }),
    refusal(good, "x of i32", "AIVM_DTYPE", { operands: [type("i32", [4]), type("i8", [256])] }),
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", [4]) }),
    refusal(good, "output range without the table's", "AIVM_RANGE", { output: type("i8", [4], [-128, 126]) }),
    refusal(good, "wrong output shape", "AIVM_SHAPE", { output: type("i8", [5]) }),
    refusal(good, "an attribute", "AIVM_ATTRIBUTE", { attrs: big(0) }),
    refusal(good, "no table", "AIVM_OPERANDS", { operands: [type("i8", [4])] }),
  );
  return cases;
}

/** Cases of where. */
export function whereCases(): Case[] {
  const cases: Case[] = [];
  let seed = 1800;
  for (const condition of ALL) {
    for (const dtype of ALL) {
      seed += 3;
      cases.push({
        name: `condition ${condition}, ${dtype}`,
        attrs: [],
        operands: [
          cycle(type(condition, [7]), [0, 1, -1, 0, 2, -100, 0]),
          mixed(type(dtype, [7]), seed),
          mixed(type(dtype, [7]), seed + 1),
        ],
        output: type(dtype, [7]),
      });
    }
  }
  for (const [i, [a, b, out]] of PAIRS.entries()) {
    const [left, right] = [mixed(type("i16", a), 1860 + i), mixed(type("i16", b), 1880 + i)];
    cases.push({
      name: `[${out.join(",")}]: [${a.join(",")}] or [${b.join(",")}]`,
      attrs: [],
      operands: [cycle(type("i8", out), [0, 5, 0, -1, 1]), left, right],
      output: type("i16", out),
    });
  }
  const pick = cycle(type("i32", [1]), [-2147483648]);
  cases.push(
    {
      name: "one condition for all",
      attrs: [],
      operands: [pick, mixed(type("i8", [2, 3]), 1900), mixed(type("i8", [3]), 1901)],
      output: type("i8", [2, 3]),
    },
    {
      name: "condition broadcast along rows",
      attrs: [],
      operands: [
        cycle(type("i8", [3, 1]), [1, 0, 1]),
        mixed(type("i8", [1, 4]), 1902),
        mixed(type("i8", [3, 4]), 1903),
      ],
      output: type("i8", [3, 4]),
    },
    {
      name: "ranges joined",
      attrs: [],
      operands: [
        cycle(type("i8", [2]), [1, 0]),
        cycle(type("i8", [2], [0, 5]), [5]),
        cycle(type("i8", [2], [-9, -3]), [-9]),
      ],
      output: type("i8", [2], [-9, 5]),
    },
    {
      name: "a constant condition",
      attrs: [],
      operands: [
        constant(cycle(type("i8", [4]), [1, 0])),
        mixed(type("i32", [4]), 1904),
        mixed(type("i32", []), 1905),
      ],
      output: type("i32", [4]),
    },
  );
  const x = type("i8", [4]);
  const good: Case = { name: "", attrs: [], operands: [x, x, x], output: x };
  cases.push(
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", { operands: [x, x, type("i8", [3])] }),
    refusal(good, "condition that does not broadcast", "AIVM_SHAPE", { operands: [type("i8", [2]), x, x] }),
    refusal(good, "a and b of different dtypes", "AIVM_DTYPE", { operands: [x, x, type("i16", [4])] }),
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", [4]) }),
    refusal(good, "output range without b's", "AIVM_RANGE", {
      operands: [x, type("i8", [4], [0, 1]), type("i8", [4], [0, 2])],
      output: type("i8", [4], [0, 1]),
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0]), x, x] }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [x, x] }),
    refusal(good, "an attribute", "AIVM_ATTRIBUTE", { attrs: big(1) }),
  );
  return cases;
}

/** Cases of compare. */
export function compareCases(): Case[] {
  const cases: Case[] = [];
  const bit = (shape: readonly number[]): Tensor => type("i8", shape, [0, 1]);
  for (const relation of [0, 1, 2]) {
    for (const left of ALL) {
      for (const right of ALL) {
        cases.push({
          name: `relation ${relation}, ${left} and ${right}`,
          attrs: big(relation),
          operands: [
            cycle(type(left, [9]), [-128, -1, 0, 1, 127, 127, 0, -1, 5]),
            cycle(type(right, [9]), [-128, 0, 0, 0, 127, -128, 1, -1, 4]),
          ],
          output: bit([9]),
        });
      }
    }
    const ends = cycle(type("i32", [4]), [-2147483648, 2147483647, -2147483648, 2147483647]);
    cases.push({
      name: `relation ${relation}, ends of i32`,
      attrs: big(relation),
      operands: [ends, cycle(type("i32", [4]), [2147483647, -2147483648, -2147483648, 2147483647])],
      output: bit([4]),
    });
    for (const [i, [a, b, out]] of PAIRS.entries()) {
      if (i % 3 !== relation) continue;
      cases.push({
        name: `relation ${relation}, [${a.join(",")}] with [${b.join(",")}]`,
        attrs: big(relation),
        operands: [mixed(type("i8", a, [-2, 2]), 1960 + i), mixed(type("i16", b, [-2, 2]), 1980 + i)],
        output: bit(out),
      });
    }
  }
  cases.push({
    name: "output range wider than [0, 1]",
    attrs: big(1),
    operands: [mixed(type("i8", [6]), 1), mixed(type("i8", [6]), 2)],
    output: type("i8", [6]),
  });
  const x = type("i8", [4]);
  const good: Case = { name: "", attrs: big(0), operands: [x, x], output: bit([4]) };
  cases.push(
    refusal(good, "relation 3", "AIVM_ATTRIBUTE", { attrs: big(3) }),
    refusal(good, "relation -1", "AIVM_ATTRIBUTE", { attrs: big(-1) }),
    refusal(good, "output of i16", "AIVM_DTYPE", { output: type("i16", [4], [0, 1]) }),
    refusal(good, "output range without 1", "AIVM_RANGE", { output: type("i8", [4], [0, 0]) }),
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", { operands: [x, type("i8", [5])] }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [x, type("i8", [0])] }),
    refusal(good, "no relation", "AIVM_ATTRIBUTE", { attrs: [] }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [x] }),
  );
  return cases;
}

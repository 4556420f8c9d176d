/** Cases of div, mod, isqrt, matmulDiv. */
import type { Tensor } from "../oracle/types.ts";
import {
  ALL,
  big,
  type Case,
  type CaseTensor,
  constant,
  cycle,
  mixed,
  requants,
  shaped,
  type,
} from "./build.ts";
import { PAIRS, refusal, TIES } from "./elementwise.ts";

const NAMES = ["half to even", "toward zero", "floor"] as const;

/** Dividends and divisors of all signs around whole, half and third quotients. */
const DIVIDENDS: readonly number[] = [-9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Cases of div. */
export function divCases(): Case[] {
  const cases: Case[] = [];
  const div = (
    name: string,
    operands: readonly CaseTensor[],
    attrs: readonly number[],
    output: Tensor,
  ): void => {
    cases.push({ name, attrs: big(...attrs), operands, output });
  };
  for (const [rounding, how] of NAMES.entries()) {
    for (const divisor of [2, -2, 3, -3, 4, 0]) {
      div(
        `${how}, by ${divisor}`,
        [cycle(type("i8", [19]), DIVIDENDS), cycle(type("i8", [1]), [divisor])],
        [0, 0, 1, 0, 0, rounding],
        type("i8", [19], [-50, 50]),
      );
    }
    div(
      `${how}, ends of i32`,
      [
        cycle(type("i32", [6]), [-2147483648, 2147483647]),
        cycle(type("i32", [6]), [1, -1, 2147483647, -2147483648, 2, 3]),
      ],
      [0, 0, 1, 0, 0, rounding],
      type("i32", [6]),
    );
    div(
      `${how}, ties made by the multiplier`,
      [cycle(type("i8", [41]), TIES), cycle(type("i8", [1]), [6])],
      [0, 0, 3, 0, 0, rounding],
      type("i8", [41]),
    );
    div(
      `${how}, lifted dividend`,
      [cycle(type("i8", [19]), DIVIDENDS), cycle(type("i8", [3, 1]), [7, -7, 1])],
      [0, 0, 1, -6, 0, rounding],
      type("i16", [3, 19]),
    );
    div(
      `${how}, divisor times a power of two`,
      [
        cycle(
          type("i16", [19]),
          DIVIDENDS.map((v) => v * 100),
        ),
        cycle(type("i8", [1]), [25]),
      ],
      [0, 0, 1, 3, 0, rounding],
      type("i8", [19]),
    );
    div(
      `${how}, quotients just beside a half`,
      [
        cycle(type("i32", [4]), [1073741823, 1073741824, 1073741825, -1073741825]),
        cycle(type("i32", [1]), [2147483647]),
      ],
      [0, 0, 1, 0, 0, rounding],
      type("i8", [4]),
    );
  }
  let seed = 6000;
  for (const left of ALL) {
    for (const right of ALL) {
      seed += 2;
      const output = ALL[seed % 3] ?? "i8";
      div(
        `${left} by ${right} to ${output}`,
        [mixed(type(left, [9]), seed), mixed(type(right, [9]), seed + 1)],
        [3, -2, 100, left === "i32" ? 0 : -8, 1, seed % 3],
        type(output, [9]),
      );
    }
  }
  for (const [i, [a, b, out]] of PAIRS.entries()) {
    div(
      `[${a.join(",")}] by [${b.join(",")}]`,
      [mixed(type("i8", a), 6100 + i), mixed(type("i16", b, [-9, 9]), 6120 + i)],
      [0, 0, 5, 0, -1, i % 3],
      type("i16", out),
    );
  }
  const x = cycle(type("i8", [5]), [-5, -1, 0, 1, 5]);
  const nothing = cycle(type("i8", [1]), [0]);
  for (const [name, attrs, output] of [
    ["division by 0", [0, 0, 1, 0, 9, 0], type("i8", [5])],
    ["division by 0 in a range without zero", [0, 0, 1, 0, 9, 0], type("i8", [5], [-3, 4])],
    ["division by 0 of multiplier 0", [0, 0, 0, 0, 9, 1], type("i8", [5])],
    ["division by 0 with a zero point of a", [1, 0, 1, 0, 0, 2], type("i8", [5])],
    ["zero point of b makes a divisor", [0, 3, 1, 0, 0, 0], type("i8", [5])],
    ["zero points at the ends", [-32768, 32767, 1, 0, 0, 0], type("i8", [5])],
    ["zero at its upper end", [0, -1, 1, 0, 32767, 0], type("i16", [5])],
    ["zero at its lower end", [0, -1, 1, 0, -32768, 0], type("i32", [5])],
    ["multiplier of 21 bits", [0, -1, 2097151, 0, 0, 0], type("i32", [5])],
    ["range of one value", [0, -1, 1, 0, 0, 0], type("i8", [5], [7, 7])],
  ] as const) {
    div(name, [x, nothing], attrs, output);
  }
  div(
    "zero point of b that is an element",
    [x, cycle(type("i8", [5]), [3, 4, 5, 3, 2])],
    [0, 3, 2, 0, 0, 0],
    type("i8", [5]),
  );
  div(
    "lift of 52 of a dividend of 0",
    [cycle(type("i8", [2], [0, 0]), [0]), cycle(type("i8", [2], [1, 9]), [1, 9])],
    [0, 0, 2097151, -52, 3, 0],
    type("i8", [2]),
  );
  div(
    "lift of 51 of a dividend of 1",
    [cycle(type("i8", [2], [0, 1]), [1, 0]), cycle(type("i32", [2]), [2147483647, -2147483648])],
    [0, 0, 1, -51, 0, 0],
    type("i32", [2]),
  );
  div(
    "divisor of 2^53",
    [cycle(type("i32", [2]), [2147483647, -2147483648]), cycle(type("i32", [2]), [-2147483648, 2147483647])],
    [0, 0, 2097151, 22, 0, 0],
    type("i32", [2]),
  );
  div(
    "shift 62 of a divisor of 0",
    [x, cycle(type("i8", [1], [0, 0]), [0])],
    [0, 0, 1, 62, 4, 0],
    type("i8", [5]),
  );
  div("a constant divisor", [x, constant(cycle(type("i8", [1]), [-2]))], [0, 0, 1, 0, 0, 0], type("i8", [5]));
  const good: Case = {
    name: "",
    attrs: big(0, 0, 1, 0, 0, 0),
    operands: [type("i8", [2, 3]), type("i8", [3])],
    output: type("i8", [2, 3]),
  };
  cases.push(
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", {
      operands: [type("i8", [2, 3]), type("i8", [2])],
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [2, 3]), type("i8", [0])] }),
    refusal(good, "rounding 3", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 0, 0, 3) }),
    refusal(good, "rounding -1", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 0, 0, -1) }),
    refusal(good, "shift -53", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 0, -53, 0, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 0, 63, 0, 0) }),
    refusal(good, "multiplier below 0", "AIVM_ATTRIBUTE", { attrs: big(0, 0, -1, 0, 0, 0) }),
    refusal(good, "multiplier of 22 bits", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 2097152, 0, 0, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(0, 32768, 1, 0, 0, 0) }),
    refusal(good, "dividend that could pass 2^52", "AIVM_BOUND", { attrs: big(0, 0, 1, -46, 0, 0) }),
    refusal(good, "divisor that could pass 2^53", "AIVM_BOUND", { attrs: big(0, 0, 1, 47, 0, 0) }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [type("i8", [2, 3])] }),
    refusal(good, "wrong output shape", "AIVM_SHAPE", { output: type("i8", [3]) }),
  );
  return cases;
}

/** Cases of mod. */
export function modCases(): Case[] {
  const cases: Case[] = [];
  for (const sign of [0, 1]) {
    const whose = sign === 0 ? "divisor's sign" : "dividend's sign";
    for (const divisor of [1, -1, 2, -2, 3, -3, 7, -7, 0]) {
      cases.push({
        name: `${whose}, by ${divisor}`,
        attrs: big(sign),
        operands: [cycle(type("i8", [19]), DIVIDENDS), cycle(type("i8", [1]), [divisor])],
        output: type("i8", [19]),
      });
    }
    for (const [i, left] of ALL.entries()) {
      for (const [j, right] of ALL.entries()) {
        cases.push({
          name: `${whose}, ${left} by ${right}`,
          attrs: big(sign),
          operands: [mixed(type(left, [9]), 6200 + 10 * i + j), mixed(type(right, [9]), 6250 + 10 * i + j)],
          output: type("i32", [9]),
        });
      }
    }
    for (const [i, [a, b, out]] of PAIRS.entries()) {
      if (i % 2 !== sign) continue;
      cases.push({
        name: `${whose}, [${a.join(",")}] by [${b.join(",")}]`,
        attrs: big(sign),
        operands: [mixed(type("i16", a), 6300 + i), mixed(type("i8", b), 6320 + i)],
        output: type("i16", out),
      });
    }
    cases.push({
      name: `${whose}, ends of i32`,
      attrs: big(sign),
      operands: [
        cycle(type("i32", [8]), [-2147483648, 2147483647, -2147483648, 2147483647, -2147483647]),
        cycle(type("i32", [8]), [-1, -2147483648, 2147483647, 2, 1073741824, -2147483648, 3, 0]),
      ],
      output: type("i32", [8]),
    });
  }
  const ranged = (
    name: string,
    sign: number,
    a: readonly [number, number],
    b: readonly [number, number],
    output: readonly [number, number],
  ): Case => ({
    name,
    attrs: big(sign),
    operands: [mixed(type("i8", [8], a), 6400), mixed(type("i8", [8], b), 6401)],
    output: type("i8", [8], output),
  });
  cases.push(
    ranged("narrowest range, both positive", 0, [0, 100], [1, 9], [0, 8]),
    ranged("narrowest range, positive dividends below the divisors", 0, [0, 5], [0, 100], [0, 5]),
    ranged("narrowest range, both negative", 0, [-100, -1], [-9, -1], [-8, 0]),
    ranged("narrowest range, divisors of both signs", 0, [-100, 100], [-9, 5], [-8, 4]),
    ranged("narrowest range, dividend's sign", 1, [-100, 3], [-9, 5], [-8, 3]),
    ranged("divisors all 0", 0, [-100, 100], [0, 0], [0, 0]),
    ranged("divisors all 0, dividend's sign", 1, [-100, 100], [0, 0], [0, 0]),
  );
  const good: Case = {
    name: "",
    attrs: big(0),
    operands: [type("i8", [4]), type("i8", [4])],
    output: type("i8", [4]),
  };
  const bad = (
    name: string,
    sign: number,
    a: readonly [number, number],
    b: readonly [number, number],
    output: readonly [number, number],
  ): Case => ({ ...ranged(name, sign, a, b, output), refused: "AIVM_RANGE" });
  cases.push(
    refusal(good, "sign 2", "AIVM_ATTRIBUTE", { attrs: big(2) }),
    refusal(good, "sign -1", "AIVM_ATTRIBUTE", { attrs: big(-1) }),
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", {
      operands: [type("i8", [4]), type("i8", [3])],
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0]), type("i8", [4])] }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [type("i8", [4])] }),
    bad("range without the largest remainder", 0, [0, 100], [1, 9], [0, 7]),
    bad("range without the smallest remainder", 0, [-100, 100], [-9, 5], [-7, 4]),
    bad("range without the dividend's remainder", 1, [-100, 3], [-9, 5], [-8, 2]),
  );
  return cases;
}

/** Cases of isqrt. */
export function isqrtCases(): Case[] {
  const cases: Case[] = [];
  const root = (name: string, x: CaseTensor, attrs: readonly number[], output: Tensor): void => {
    cases.push({ name, attrs: big(...attrs), operands: [x], output });
  };
  const squares = [1, 2, 3, 10, 100, 181, 255, 32767, 46339, 46340]
    .flatMap((r) => [r * r - 1, r * r, r * r + 1, r * r + r, r * r + r + 1])
    .filter((v) => v <= 2147483647);
  root(
    "squares and what lies between",
    cycle(type("i32", [squares.length]), squares),
    [0, 0, 1, 0, 0],
    type("i32", [squares.length]),
  );
  root(
    "0 to 100",
    cycle(
      type("i8", [101]),
      Array.from({ length: 101 }, (_, i) => i),
    ),
    [0, 0, 1, 0, 0],
    type("i8", [101]),
  );
  for (const lift of [1, 2, 3, 8, 15, 20, 22]) {
    root(`lift ${lift}, i32`, mixed(type("i32", [10]), 6500 + lift), [0, lift, 1, 0, 0], type("i32", [10]));
    root(
      `lift ${lift}, i8`,
      mixed(type("i8", [10]), 6530 + lift),
      [0, 2 * lift, 3, 1, -2],
      type("i16", [10]),
    );
    root(`lift ${lift}, i16`, mixed(type("i16", [10]), 6560 + lift), [5, lift, 7, 4, 1], type("i16", [10]));
  }
  for (const [name, multiplier, shift, zero, output] of requants(127n)) {
    root(name, mixed(type("i8", [9]), 6600), [0, 7, Number(multiplier), shift, zero], shaped(output, [9]));
  }
  for (const zero of [-128, 127, -32768, 32767])
    root(`zero point of x ${zero}`, mixed(type("i8", [9]), 6610), [zero, 4, 5, 3, 0], type("i16", [9]));
  const ties = cycle(type("i16", [12]), [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121]);
  for (const shift of [1, 2])
    root(`roots halved, shift ${shift}`, ties, [0, 0, 1, shift, 0], type("i8", [12]));
  root(
    "negative arguments",
    cycle(type("i32", [4]), [-1, -2147483648, 0, 1]),
    [0, 0, 1, 0, 6],
    type("i8", [4]),
  );
  root("lift 52 of 0 and 1", cycle(type("i8", [3], [-5, 1]), [1, 0, -5]), [0, 52, 1, 0, 0], type("i32", [3]));
  root("lift 52 of 2: 2^53", cycle(type("i8", [3], [0, 2]), [2, 1, 0]), [0, 52, 1, 0, 0], type("i32", [3]));
  root(
    "argument just below 2^53",
    cycle(type("i32", [4]), [2147483647, 2147483646, 1, 3]),
    [0, 22, 1, 0, 0],
    type("i32", [4]),
  );
  root(
    "argument of 2^31 + 2^15",
    cycle(type("i32", [2]), [2147483647, -1]),
    [-32768, 21, 1, 4, 0],
    type("i32", [2]),
  );
  for (const [i, shape] of [[], [1], [2, 3], [1, 2, 1, 2, 1, 2], [257]].entries()) {
    root(
      `shape [${shape.join(",")}]`,
      mixed(type("i16", shape), 6620 + i),
      [0, 4, 1, 1, 0],
      type("i16", shape),
    );
  }
  root("roots clamped to one value", mixed(type("i8", [5]), 6630), [0, 0, 1, 0, 0], type("i8", [5], [3, 3]));
  const good: Case = {
    name: "",
    attrs: big(0, 0, 1, 0, 0),
    operands: [type("i8", [4])],
    output: type("i8", [4]),
  };
  cases.push(
    refusal(good, "lift below 0", "AIVM_ATTRIBUTE", { attrs: big(0, -1, 1, 0, 0) }),
    refusal(good, "lift 53", "AIVM_ATTRIBUTE", { attrs: big(0, 53, 1, 0, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 63, 0) }),
    refusal(good, "multiplier below 0", "AIVM_ATTRIBUTE", { attrs: big(0, 0, -1, 0, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(32768, 0, 1, 0, 0) }),
    refusal(good, "argument that could pass 2^53", "AIVM_BOUND", { attrs: big(0, 47, 1, 0, 0) }),
    refusal(good, "another shape", "AIVM_SHAPE", { output: type("i8", [2, 2]) }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0])], output: type("i8", [0]) }),
    refusal(good, "no operand", "AIVM_OPERANDS", { operands: [] }),
    refusal(good, "four attributes", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 0) }),
  );
  return cases;
}

/** Cases of matmulDiv. */
export function matmulDivCases(): Case[] {
  const cases: Case[] = [];
  const product = (
    name: string,
    operands: readonly CaseTensor[],
    attrs: readonly number[],
    output: Tensor,
  ): void => {
    cases.push({ name, attrs: big(...attrs), operands, output });
  };
  let seed = 6700;
  for (const left of ["i8", "i16"] as const) {
    for (const right of ["i8", "i16"] as const) {
      for (const output of ALL) {
        seed += 3;
        product(
          `${left} by ${right} to ${output}`,
          [
            mixed(type(left, [3, 5]), seed),
            mixed(type(right, [4, 5]), seed + 1),
            mixed(type("i32", [3, 1], [-3000, 3000]), seed + 2),
          ],
          [1, -2, 3, 0, -1],
          type(output, [3, 4]),
        );
      }
    }
  }
  const shapes: readonly (readonly [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
  ])[] = [
    [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    [
      [1, 3],
      [6, 3],
      [1, 1],
      [1, 6],
    ],
    [
      [6, 3],
      [1, 3],
      [6, 1],
      [6, 1],
    ],
    [[2, 3], [4, 3], [1], [2, 4]],
    [
      [2, 3],
      [4, 3],
      [1, 1],
      [2, 4],
    ],
    [
      [2, 3, 4],
      [2, 2, 4],
      [2, 3, 1],
      [2, 3, 2],
    ],
    [
      [2, 3, 4],
      [2, 4],
      [3, 1],
      [2, 3, 2],
    ],
    [
      [3, 4],
      [2, 2, 4],
      [2, 3, 1],
      [2, 3, 2],
    ],
    [
      [2, 1, 3, 2],
      [1, 3, 2, 2],
      [2, 3, 3, 1],
      [2, 3, 3, 2],
    ],
    [
      [2, 1, 3, 2],
      [1, 3, 2, 2],
      [2, 1, 3, 1],
      [2, 3, 3, 2],
    ],
    [
      [2, 1, 2, 3],
      [3, 2, 3],
      [1, 1, 1, 1],
      [2, 3, 2, 2],
    ],
    [
      [2, 1, 1, 1, 2, 3],
      [2, 3],
      [2, 1, 1, 1, 2, 1],
      [2, 1, 1, 1, 2, 2],
    ],
    [
      [2, 33],
      [3, 33],
      [2, 1],
      [2, 3],
    ],
  ];
  for (const [i, [a, b, d, out]] of shapes.entries()) {
    product(
      `[${a.join(",")}] by [${b.join(",")}] over [${d.join(",")}]`,
      [
        mixed(type("i8", a), 6800 + i),
        mixed(type("i8", b), 6820 + i),
        mixed(type("i32", d, [-999, 999]), 6840 + i),
      ],
      [i, -i, 7, i % 3, 0],
      type("i16", out),
    );
  }
  const a = cycle(type("i8", [5, 2]), [1, 2, -3, 4, 0, 0, -1, -2, 127, -128]);
  const b = cycle(type("i8", [3, 2]), [1, 1, 2, -1, -128, 127]);
  const over = (...values: readonly number[]): CaseTensor => cycle(type("i32", [5, 1]), values);
  for (const [name, d, attrs, output] of [
    ["divisors of 1: matmul", [1], [0, 0, 1, 0, 0], "i32"],
    ["halves: ties", [2, -2], [0, 0, 1, 0, 0], "i16"],
    ["quarters", [4, -4], [0, 0, 1, 0, 0], "i16"],
    ["thirds", [3, -3], [0, 0, 1, 0, 0], "i16"],
    ["divisors of 0", [0], [0, 0, 1, 0, 5], "i16"],
    ["divisors of 0 to i8", [0, 1], [0, 0, 1, 0, 5], "i8"],
    ["divisors of 0, multiplier 0", [0, 1], [0, 0, 0, 0, 5], "i8"],
    ["ends of i32", [-2147483648, 2147483647], [0, 0, 2097151, 0, 0], "i32"],
    ["lifted by 15", [77, 100, -3], [0, 0, 1, -15, 0], "i32"],
    ["lifted by 36", [2147483647, -2147483648], [0, 0, 1, -36, 0], "i32"],
    ["divisor times 2^10", [1, -1, 3], [0, 0, 1, 10, 0], "i8"],
    ["divisor times 2^22", [1, 3, -2147483648], [0, 0, 2097151, 22, 0], "i32"],
    ["multiplier of 21 bits", [5, 7, 1000003], [0, 0, 2097151, 0, 0], "i32"],
    ["zero at its lower end", [9], [0, 0, 1, 0, -32768], "i16"],
    ["zero at its upper end", [9], [0, 0, 1, 0, 32767], "i16"],
    ["zero points at the ends", [1000], [-32768, 32767, 1, 0, 0], "i32"],
    ["zero points of i8", [1000], [-128, 127, 1, 0, 0], "i8"],
    ["saturation to i8", [1], [0, 0, 100, 0, 0], "i8"],
    ["divisor larger than the dividend", [1000000], [0, 0, 1, 0, 0], "i8"],
  ] as const) {
    product(name, [a, b, over(...d)], attrs, type(output, [5, 3]));
  }
  product("range of one value", [a, b, over(1)], [0, 0, 1, 0, 0], type("i8", [5, 3], [-2, -2]));
  product(
    "ends of i16, 2^30 a product",
    [
      cycle(type("i16", [1, 2]), [-32768]),
      cycle(type("i16", [2, 2]), [-32768, -32768, 32767, 32767]),
      cycle(type("i32", [1, 1]), [3]),
    ],
    [0, 0, 1, 0, 0],
    type("i32", [1, 2]),
  );
  product(
    "accumulator just below 2^42",
    [
      cycle(type("i16", [1, 4095]), [-32768]),
      cycle(type("i16", [1, 4095]), [-32768]),
      cycle(type("i32", [1, 1]), [2147483647]),
    ],
    [0, 0, 1024, 0, 0],
    type("i32", [1, 1]),
  );
  product(
    "accumulator just above -2^42",
    [
      cycle(type("i16", [1, 4095]), [-32768]),
      cycle(type("i16", [1, 4095]), [32767]),
      cycle(type("i32", [1, 1]), [2147483647]),
    ],
    [0, 0, 1024, 0, 0],
    type("i32", [1, 1]),
  );
  product(
    "end of a softmax",
    [
      cycle(type("i16", [2, 4], [0, 32767]), [32767, 12054, 4434, 1631, 1, 0, 32767, 5]),
      mixed(type("i8", [3, 4]), 6890),
      cycle(type("i32", [2, 1], [1, 131068]), [50886, 32773]),
    ],
    [0, 3, 1, 0, 3],
    type("i8", [2, 3]),
  );
  product(
    "constants on the right",
    [a, constant(b), constant(over(7, -9))],
    [0, 0, 1, 0, 0],
    type("i16", [5, 3]),
  );
  product(
    "16,384 products",
    [
      cycle(type("i8", [1, 16384]), [127, -128, 5]),
      cycle(type("i8", [1, 16384]), [-1, 3]),
      cycle(type("i32", [1, 1], [1, 99]), [17]),
    ],
    [0, 0, 1, 0, 0],
    type("i32", [1, 1]),
  );
  const good: Case = {
    name: "",
    attrs: big(0, 0, 1, 0, 0),
    operands: [type("i8", [2, 5]), type("i8", [3, 5]), type("i32", [2, 1])],
    output: type("i8", [2, 3]),
  };
  const [x, w, d] = good.operands as [Tensor, Tensor, Tensor];
  cases.push(
    refusal(good, "a divisor for each output", "AIVM_SHAPE", { operands: [x, w, type("i32", [2, 3])] }),
    refusal(good, "a divisor for each column", "AIVM_SHAPE", { operands: [x, w, type("i32", [3])] }),
    refusal(good, "divisors of another number of rows", "AIVM_SHAPE", {
      operands: [x, w, type("i32", [3, 1])],
    }),
    refusal(good, "divisors of a higher rank", "AIVM_SHAPE", { operands: [x, w, type("i32", [1, 2, 1])] }),
    refusal(good, "a scalar divisor", "AIVM_SHAPE", { operands: [x, w, type("i32", [])] }),
    refusal(good, "divisors of i16", "AIVM_DTYPE", { operands: [x, w, type("i16", [2, 1])] }),
    refusal(good, "a of i32", "AIVM_DTYPE", { operands: [type("i32", [2, 5]), w, d] }),
    refusal(good, "different lengths", "AIVM_SHAPE", { operands: [x, type("i8", [3, 4]), d] }),
    refusal(good, "shift -53", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 0, -53, 0) }),
    refusal(good, "shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 0, 63, 0) }),
    refusal(good, "multiplier below 0", "AIVM_ATTRIBUTE", { attrs: big(0, 0, -1, 0, 0) }),
    refusal(good, "zero point beyond i16", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1, 0, 32768) }),
    refusal(good, "dividend that could pass 2^52", "AIVM_BOUND", { attrs: big(0, 0, 1, -36, 0) }),
    refusal(good, "divisor that could pass 2^53", "AIVM_BOUND", { attrs: big(0, 0, 1, 23, 0) }),
    refusal(good, "accumulator that could reach 2^42", "AIVM_BOUND", {
      attrs: big(0, 0, 0, 0, 0),
      operands: [type("i16", [1, 4096]), type("i16", [1, 4096]), type("i32", [1, 1])],
      output: type("i8", [1, 1]),
    }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [x, w] }),
  );
  return cases;
}

/** Cases of bitwise, shift, random. */
import type { DType } from "../oracle/types.ts";
import { ALL, big, type Case, constant, cycle, mixed, type } from "./build.ts";
import { PAIRS, refusal } from "./elementwise.ts";

const WIDER: Readonly<Record<string, DType>> = {
  "i8 i8": "i8",
  "i16 i16": "i16",
  "i8 i16": "i16",
  "i16 i8": "i16",
};

/** Cases of bitwise. */
export function bitwiseCases(): Case[] {
  const cases: Case[] = [];
  for (const [kind, name] of ["and", "or", "exclusive or"].entries()) {
    for (const [i, left] of ALL.entries()) {
      for (const [j, right] of ALL.entries()) {
        const out = WIDER[`${left} ${right}`] ?? "i32";
        cases.push({
          name: `${name}, ${left} and ${right}`,
          attrs: big(kind),
          operands: [
            mixed(type(left, [9]), 7000 + 10 * i + j + 100 * kind),
            mixed(type(right, [9]), 7050 + 10 * i + j + 100 * kind),
          ],
          output: type(out, [9]),
        });
      }
    }
    const rows = cycle(type("i8", [4, 1]), [0b0011, 0b0101, -1, -128]);
    const columns = cycle(type("i8", [6]), [0b0110, 0, -1, 127, -128, 0b1010]);
    cases.push({
      name: `${name}, table of bits`,
      attrs: big(kind),
      operands: [rows, columns],
      output: type("i8", [4, 6]),
    });
    const ends = cycle(type("i32", [4]), [-2147483648, 2147483647, -1, 0]);
    cases.push({
      name: `${name}, ends of i32`,
      attrs: big(kind),
      operands: [ends, cycle(type("i32", [4]), [2147483647, 2147483647, -2147483648, -1])],
      output: type("i32", [4]),
    });
    cases.push({
      name: `${name}, sign of the narrower extended`,
      attrs: big(kind),
      operands: [
        cycle(type("i8", [3]), [-1, -128, 127]),
        cycle(type("i32", [3]), [2147483647, -2147483648, 65536]),
      ],
      output: type("i32", [3]),
    });
    for (const [i, [a, b, out]] of PAIRS.entries()) {
      if (i % 3 !== kind) continue;
      cases.push({
        name: `${name}, [${a.join(",")}] with [${b.join(",")}]`,
        attrs: big(kind),
        operands: [mixed(type("i8", a), 7300 + i), mixed(type("i8", b), 7320 + i)],
        output: type("i8", out),
      });
    }
    const [low, high] = [mixed(type("i8", [6], [0, 5]), 7340), mixed(type("i8", [6], [0, 9]), 7341)];
    cases.push({
      name: `${name}, narrowest range of two positive operands`,
      attrs: big(kind),
      operands: [low, high],
      output: type("i8", [6], kind === 0 ? [0, 5] : [0, 15]),
    });
    const signed = mixed(type("i8", [6], [-3, 9]), 7342);
    cases.push({
      name: `${name}, narrowest range with one positive operand`,
      attrs: big(kind),
      operands: [low, signed],
      output: type("i8", [6], kind === 0 ? [0, 5] : [-16, 15]),
    });
  }
  cases.push({
    name: "a constant mask",
    attrs: big(0),
    operands: [mixed(type("i16", [7]), 7350), constant(cycle(type("i16", [1], [255, 255]), [255]))],
    output: type("i16", [7], [0, 255]),
  });
  const x = type("i8", [4]);
  const good: Case = { name: "", attrs: big(0), operands: [x, x], output: x };
  cases.push(
    refusal(good, "kind 3", "AIVM_ATTRIBUTE", { attrs: big(3) }),
    refusal(good, "kind -1", "AIVM_ATTRIBUTE", { attrs: big(-1) }),
    refusal(good, "output of the narrower dtype", "AIVM_DTYPE", { operands: [x, type("i16", [4])] }),
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", { operands: [x, type("i8", [3])] }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [x, type("i8", [0])] }),
    refusal(good, "range that bits can leave", "AIVM_RANGE", {
      operands: [type("i8", [4], [0, 5]), type("i8", [4], [0, 9])],
      attrs: big(1),
      output: type("i8", [4], [0, 9]),
    }),
    refusal(good, "range without negative numbers", "AIVM_RANGE", {
      operands: [type("i8", [4], [-1, 5]), x],
      output: type("i8", [4], [0, 127]),
    }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [x] }),
  );
  return cases;
}

/** Cases of shift. */
export function shiftCases(): Case[] {
  const cases: Case[] = [];
  const values = [
    0, 1, -1, 2, -2, 127, -128, 255, 256, -129, 32767, -32768, 65535, -65536, 2147483647, -2147483648,
  ];
  const x = cycle(type("i32", [16]), values);
  const amounts = cycle(type("i8", [6, 1]), [0, 1, 7, 8, 31, -1]);
  const far = cycle(type("i8", [5, 1]), [15, 16, 32, 33, 127]);
  for (const direction of [0, 1]) {
    for (const width of [8, 16, 32]) {
      for (const signed of [0, 1]) {
        const name = `${direction === 0 ? "left" : "right"}, ${signed === 1 ? "signed" : "unsigned"} ${width} bits`;
        cases.push({
          name,
          attrs: big(direction, width, signed),
          operands: [x, amounts],
          output: type("i32", [6, 16]),
        });
        cases.push({
          name: `${name}, far`,
          attrs: big(direction, width, signed),
          operands: [x, far],
          output: type("i32", [5, 16]),
        });
      }
      const range: readonly [number, number] = width === 32 ? [-2147483648, 2147483647] : [0, 2 ** width - 1];
      cases.push({
        name: `${direction === 0 ? "left" : "right"}, whole range of ${width} unsigned bits`,
        attrs: big(direction, width, 0),
        operands: [
          mixed(type("i32", [9]), 7400 + width + direction),
          mixed(type("i8", [9], [0, 9]), 7450 + width + direction),
        ],
        output: type("i32", [9], range),
      });
    }
  }
  for (const [i, [a, b, out]] of PAIRS.entries()) {
    cases.push({
      name: `[${a.join(",")}] by [${b.join(",")}]`,
      attrs: big(i % 2, 16, i % 3 === 0 ? 0 : 1),
      operands: [mixed(type("i16", a), 7500 + i), mixed(type("i8", b, [-2, 20]), 7520 + i)],
      output: type("i32", out),
    });
  }
  cases.push(
    {
      name: "signed words of 8 bits in i8",
      attrs: big(0, 8, 1),
      operands: [mixed(type("i8", [9]), 7540), mixed(type("i8", [9], [0, 8]), 7541)],
      output: type("i8", [9]),
    },
    {
      name: "signed words of 16 bits in i16",
      attrs: big(1, 16, 1),
      operands: [mixed(type("i16", [9]), 7542), mixed(type("i8", [9], [0, 16]), 7543)],
      output: type("i16", [9]),
    },
    {
      name: "narrowest range of a left shift",
      attrs: big(0, 16, 1),
      operands: [mixed(type("i8", [6], [0, 9]), 7544), mixed(type("i8", [6], [-4, 3]), 7545)],
      output: type("i8", [6], [0, 72]),
    },
    {
      name: "narrowest range of a right shift",
      attrs: big(1, 16, 1),
      operands: [mixed(type("i16", [6], [0, 900]), 7546), mixed(type("i8", [6]), 7547)],
      output: type("i16", [6], [0, 900]),
    },
    {
      name: "left by 1 to 3, narrowest range",
      attrs: big(0, 16, 1),
      operands: [mixed(type("i8", [6], [2, 9]), 7560), mixed(type("i8", [6], [1, 3]), 7561)],
      output: type("i8", [6], [4, 72]),
    },
    {
      name: "right by 1 to 3, narrowest range",
      attrs: big(1, 16, 0),
      operands: [mixed(type("i8", [6], [8, 100]), 7562), mixed(type("i8", [6], [1, 3]), 7563)],
      output: type("i8", [6], [1, 50]),
    },
    {
      name: "negative numbers right by 1 to 3, narrowest range",
      attrs: big(1, 8, 1),
      operands: [mixed(type("i8", [6], [-100, -7]), 7564), mixed(type("i8", [6], [1, 3]), 7565)],
      output: type("i8", [6], [-50, -1]),
    },
    {
      name: "both signs right by 2 or more, narrowest range",
      attrs: big(1, 8, 1),
      operands: [mixed(type("i8", [6]), 7566), mixed(type("i8", [6], [2, 100]), 7567)],
      output: type("i8", [6], [-32, 31]),
    },
    {
      name: "narrowest range that just fits",
      attrs: big(0, 8, 1),
      operands: [mixed(type("i8", [6], [0, 127]), 7548), cycle(type("i8", [6], [-3, 0]), [0, -3])],
      output: type("i8", [6], [0, 127]),
    },
    {
      name: "amounts at the ends of i32",
      attrs: big(1, 32, 1),
      operands: [
        cycle(type("i32", [4]), [-5, 5, -2147483648, 2147483647]),
        cycle(type("i32", [4]), [2147483647, -2147483648, 31, 30]),
      ],
      output: type("i32", [4]),
    },
    {
      name: "a constant amount",
      attrs: big(1, 32, 0),
      operands: [x, constant(cycle(type("i8", [1], [4, 4]), [4]))],
      output: type("i32", [16]),
    },
  );
  const y = type("i8", [4]);
  const good: Case = { name: "", attrs: big(0, 8, 1), operands: [y, y], output: y };
  cases.push(
    refusal(good, "direction 2", "AIVM_ATTRIBUTE", { attrs: big(2, 8, 1) }),
    refusal(good, "width 24", "AIVM_ATTRIBUTE", { attrs: big(0, 24, 1) }),
    refusal(good, "width 64", "AIVM_ATTRIBUTE", { attrs: big(0, 64, 1) }),
    refusal(good, "width 0", "AIVM_ATTRIBUTE", { attrs: big(0, 0, 1) }),
    refusal(good, "signed 2", "AIVM_ATTRIBUTE", { attrs: big(0, 8, 2) }),
    refusal(good, "sizes that do not broadcast", "AIVM_SHAPE", { operands: [y, type("i8", [3])] }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [type("i8", [0]), y] }),
    refusal(good, "unsigned words in i8", "AIVM_RANGE", { attrs: big(0, 8, 0) }),
    refusal(good, "words of 16 bits in i8", "AIVM_RANGE", { attrs: big(0, 16, 1) }),
    refusal(good, "range one short of a right shift", "AIVM_RANGE", {
      attrs: big(1, 8, 1),
      operands: [type("i8", [4], [-100, -7]), type("i8", [4], [1, 3])],
      output: type("i8", [4], [-49, -1]),
    }),
    refusal(good, "range one short of a left shift", "AIVM_RANGE", {
      attrs: big(0, 16, 1),
      operands: [type("i8", [4], [0, 9]), type("i8", [4], [0, 3])],
      output: type("i8", [4], [0, 71]),
    }),
    refusal(good, "one operand", "AIVM_OPERANDS", { operands: [y] }),
  );
  return cases;
}

/** Cases of random. */
export function randomCases(): Case[] {
  const seeds: readonly (readonly [string, readonly number[]])[] = [
    ["0", [0, 0, 0, 0]],
    ["all ones", [-1, -1, -1, -1]],
    ["digits of pi", [-1546137405, 686135296, 320440878, 57701188]],
    ["ends of i32", [-2147483648, 2147483647, 2147483647, -2147483648]],
    ["1 in word 0", [1, 0, 0, 0]],
    ["1 in word 1", [0, 1, 0, 0]],
    ["1 in word 2", [0, 0, 1, 0]],
    ["1 in word 3", [0, 0, 0, 1]],
  ];
  const cases: Case[] = seeds.flatMap(([name, seed]) =>
    ([0, 1, -1] as const).flatMap((stream) =>
      (["i16", "i32"] as const).map((dtype) => ({
        name: `seed ${name}, stream ${stream}, ${dtype}`,
        attrs: big(stream),
        operands: [cycle(type("i32", [4]), seed)],
        output: type(dtype, [6]),
      })),
    ),
  );
  for (const shape of [[], [1], [4], [5], [2, 3], [1, 2, 1, 2, 1, 3], [257]]) {
    cases.push({
      name: `shape [${shape.join(",")}]`,
      attrs: big(77),
      operands: [cycle(type("i32", [4]), [1, 2, 3, 4])],
      output: type("i32", shape),
    });
  }
  cases.push(
    {
      name: "stream at its lower end",
      attrs: big(-2147483648),
      operands: [cycle(type("i32", [4]), [9, 8, 7, 6])],
      output: type("i16", [8]),
    },
    {
      name: "stream at its upper end",
      attrs: big(2147483647),
      operands: [cycle(type("i32", [4]), [9, 8, 7, 6])],
      output: type("i32", [8]),
    },
  );
  const good: Case = { name: "", attrs: big(0), operands: [type("i32", [4])], output: type("i32", [4]) };
  cases.push(
    refusal(good, "seed of 3 words", "AIVM_SHAPE", { operands: [type("i32", [3])] }),
    refusal(good, "seed of rank 2", "AIVM_SHAPE", { operands: [type("i32", [1, 4])] }),
    refusal(good, "seed of i16", "AIVM_DTYPE", { operands: [type("i16", [4])] }),
    refusal(good, "output of i8", "AIVM_DTYPE", { output: type("i8", [4]) }),
    refusal(good, "output range of a part", "AIVM_RANGE", { output: type("i32", [4], [0, 2147483647]) }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { output: type("i32", [0]) }),
    refusal(good, "no stream", "AIVM_ATTRIBUTE", { attrs: [] }),
    refusal(good, "stream beyond i32", "AIVM_ATTRIBUTE", { attrs: big(2147483648) }),
    refusal(good, "two seeds", "AIVM_OPERANDS", { operands: [type("i32", [4]), type("i32", [4])] }),
  );
  return cases;
}

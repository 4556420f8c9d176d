/** Cases of rank, scatter. */
import type { Tensor } from "../oracle/types.ts";
import { ALL, big, type Case, type CaseTensor, constant, cycle, mixed, type } from "./build.ts";
import { refusal } from "./elementwise.ts";

/** Cases of rank. */
export function rankCases(): Case[] {
  const cases: Case[] = [];
  const axes: readonly (readonly [readonly number[], number, number])[] = [
    [[1], 0, 1],
    [[9], 0, 1],
    [[9], 0, 4],
    [[9], 0, 9],
    [[2, 5], 1, 3],
    [[5, 2], 0, 3],
    [[2, 4, 3], 1, 2],
    [[2, 3, 4], 2, 4],
    [[1, 2, 1, 3, 1, 2], 3, 2],
    [[300], 0, 5],
  ];
  for (const [i, [shape, axis, k]] of axes.entries()) {
    for (const largest of [0, 1]) {
      const dtype = ALL[(i + largest) % 3] ?? "i8";
      const out = shape.map((size, at) => (at === axis ? k : size));
      const range: readonly [number, number] = [0, (shape[axis] ?? 1) - 1];
      const name = `${k} ${largest === 1 ? "largest" : "smallest"} of ${dtype} [${shape.join(",")}] along ${axis}`;
      cases.push({
        name,
        attrs: big(axis, largest),
        operands: [mixed(type(dtype, shape), 8000 + 2 * i + largest)],
        output: type("i32", out, range),
      });
      cases.push({
        name: `${name}, ties`,
        attrs: big(axis, largest),
        operands: [mixed(type(dtype, shape, [-1, 1]), 8050 + 2 * i + largest)],
        output: type("i32", out, range),
      });
    }
  }
  for (const largest of [0, 1]) {
    const row = (name: string, values: readonly number[]): Case => ({
      name: `${name}, ${largest === 1 ? "largest" : "smallest"} first`,
      attrs: big(0, largest),
      operands: [cycle(type("i32", [values.length]), values)],
      output: type("i32", [values.length], [0, values.length - 1]),
    });
    cases.push(
      row("all equal", [5, 5, 5, 5]),
      row("ends of i32", [2147483647, -2147483648, 0, 2147483647, -2147483648]),
      row("rising", [1, 2, 3, 4]),
      row("falling", [4, 3, 2, 1]),
    );
  }
  cases.push({
    name: "wider output range",
    attrs: big(0, 1),
    operands: [mixed(type("i8", [5]), 8100)],
    output: type("i32", [2]),
  });
  const good: Case = {
    name: "",
    attrs: big(1, 1),
    operands: [type("i8", [2, 4])],
    output: type("i32", [2, 3], [0, 3]),
  };
  cases.push(
    refusal(good, "largest 2", "AIVM_ATTRIBUTE", { attrs: big(1, 2) }),
    refusal(good, "axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(2, 1) }),
    refusal(good, "axis below 0", "AIVM_ATTRIBUTE", { attrs: big(-1, 1) }),
    refusal(good, "more than there are", "AIVM_SHAPE", { output: type("i32", [2, 5], [0, 3]) }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { output: type("i32", [2, 0], [0, 3]) }),
    refusal(good, "a scalar", "AIVM_SHAPE", {
      operands: [type("i8", [])],
      attrs: big(0, 1),
      output: type("i32", []),
    }),
    refusal(good, "another size elsewhere", "AIVM_SHAPE", { output: type("i32", [1, 3], [0, 3]) }),
    refusal(good, "output of i16", "AIVM_DTYPE", { output: type("i16", [2, 3], [0, 3]) }),
    refusal(good, "range without the last index", "AIVM_RANGE", { output: type("i32", [2, 3], [0, 2]) }),
    refusal(good, "16,385 elements", "AIVM_WITNESS_SIZE", {
      operands: [type("i8", [16385])],
      attrs: big(0, 1),
      output: type("i32", [1]),
    }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [type("i8", [2, 4]), type("i8", [2, 4])] }),
  );
  return cases;
}

const REDUCTIONS = ["none", "add", "mul", "max", "min"] as const;

/** Cases of scatter. */
export function scatterCases(): Case[] {
  const cases: Case[] = [];
  const places = [2, 0, 2, -1, 3, 0, 100, 1];
  const layouts: readonly (readonly [
    string,
    readonly number[],
    number,
    readonly number[],
    readonly number[],
  ])[] = [
    ["one lane", [4], 0, [6], [6]],
    ["one update", [3], 0, [1], [1]],
    ["rows, one list for all", [4, 3], 0, [5, 1], [5, 3]],
    ["rows, a list for each column", [4, 3], 0, [5, 3], [5, 3]],
    ["rows, updates for all columns", [4, 3], 0, [5, 3], [5, 1]],
    ["columns", [2, 4], 1, [1, 3], [2, 3]],
    ["columns, a list for each row", [2, 4], 1, [2, 3], [2, 3]],
    ["middle axis", [2, 3, 2], 1, [2, 4, 2], [1, 4, 1]],
    ["rank 6", [1, 2, 1, 3, 1, 2], 3, [1, 2, 1, 2, 1, 1], [1, 1, 1, 2, 1, 2]],
    ["more updates than elements", [2], 0, [12], [12]],
  ];
  for (const [i, [name, shape, axis, positions, updates]] of layouts.entries()) {
    for (const [reduction, how] of REDUCTIONS.entries()) {
      const dtype = ALL[(i + reduction) % 3] ?? "i8";
      const taken = reduction === 2 ? "i8" : reduction === 1 ? (ALL[i % 3] ?? "i8") : dtype;
      const given = reduction === 1 || reduction === 2 ? (ALL[(i + 1) % 3] ?? "i8") : dtype;
      cases.push({
        name: `${how}, ${name}`,
        attrs: big(axis, reduction, reduction === 2 ? 3 : 1, reduction === 2 ? 4 : 0),
        operands: [
          mixed(type(dtype, shape), 8200 + 10 * i + reduction),
          cycle(type(ALL[i % 3] ?? "i8", positions), places),
          mixed(type(taken, updates), 8400 + 10 * i + reduction),
        ],
        output: type(given, shape),
      });
    }
  }
  const x = cycle(type("i8", [4]), [100, -100, 7, 0]);
  const at = (...values: readonly number[]): CaseTensor => cycle(type("i32", [values.length]), values);
  const of = (...values: readonly number[]): CaseTensor => cycle(type("i8", [values.length]), values);
  const put = (
    name: string,
    reduction: number,
    operands: readonly CaseTensor[],
    output: Tensor,
    by: readonly [number, number] = [1, 0],
  ): void => {
    cases.push({ name, attrs: big(0, reduction, ...by), operands, output });
  };
  put("last of several wins", 0, [x, at(0, 0, 0), of(1, 2, 3)], type("i8", [4]));
  put("positions at the ends of i32", 0, [x, at(-2147483648, 2147483647, 3), of(1, 2, 3)], type("i8", [4]));
  put("nothing hits", 0, [x, at(-1, 4), of(1, 2)], type("i8", [4]));
  put("sum that leaves the range and comes back", 1, [x, at(0, 0, 0), of(127, 127, -128)], type("i8", [4]));
  put("sum that saturates above", 1, [x, at(0, 0), of(100, 100)], type("i8", [4]));
  put("sum that saturates below", 1, [x, at(1, 1), of(-128, -128)], type("i8", [4]));
  put("sum in a range that clamps untouched elements", 1, [x, at(2), of(1)], type("i8", [4], [-50, 50]));
  put(
    "sum of ends of i32",
    1,
    [
      cycle(type("i32", [2]), [2147483647, -2147483648]),
      at(0, 1, 1),
      cycle(type("i32", [3]), [2147483647, -2147483648]),
    ],
    type("i32", [2]),
  );
  put("products clamped after each update", 2, [x, at(0, 0, 1, 1), of(2, -1, -128, 127)], type("i8", [4]));
  put("products, ties", 2, [x, at(2, 2, 0), of(1, 1, 3)], type("i8", [4]), [1, 1]);
  put(
    "products, largest multiplier",
    2,
    [x, at(0, 1, 2, 2), of(127, -128, 5, -5)],
    type("i16", [4]),
    [2097151, 24],
  );
  put("products, multiplier 0", 2, [x, at(0, 1), of(5, 5)], type("i8", [4]), [0, 0]);
  put("products, shift 62", 2, [x, at(0, 1), of(5, 5)], type("i8", [4]), [2097151, 62]);
  put("products of x beyond the output's range", 2, [x, at(0, 1), of(1, 1)], type("i8", [4], [-10, 10]));
  put("products that keep x untouched", 2, [x, at(9), of(3)], type("i16", [4]));
  put(
    "order of products matters",
    2,
    [cycle(type("i8", [1]), [3]), at(0, 0), of(5, 1)],
    type("i8", [1]),
    [1, 1],
  );
  put("largest of several", 3, [x, at(1, 1, 1, 2), of(-128, 5, 3, 6)], type("i8", [4]));
  put("smallest of several", 4, [x, at(0, 0, 0, 2), of(127, 5, 13, 8)], type("i8", [4]));
  put(
    "ranges joined",
    0,
    [mixed(type("i8", [3], [0, 5]), 8600), at(1), cycle(type("i8", [1], [-9, -9]), [-9])],
    type("i8", [3], [-9, 5]),
  );
  put("constant positions", 0, [x, constant(at(3, 1)), of(8, 9)], type("i8", [4]));
  put(
    "300 elements",
    0,
    [
      mixed(type("i8", [300]), 8601),
      cycle(type("i16", [40]), [0, 299, 256, 255, 300, -1]),
      mixed(type("i8", [40]), 8602),
    ],
    type("i8", [300]),
  );
  const good: Case = {
    name: "",
    attrs: big(0, 0, 1, 0),
    operands: [type("i8", [4, 2]), type("i32", [3, 2]), type("i8", [3, 2])],
    output: type("i8", [4, 2]),
  };
  const [a, b, c] = good.operands as [Tensor, Tensor, Tensor];
  cases.push(
    refusal(good, "reduction 5", "AIVM_ATTRIBUTE", { attrs: big(0, 5, 1, 0) }),
    refusal(good, "reduction -1", "AIVM_ATTRIBUTE", { attrs: big(0, -1, 1, 0) }),
    refusal(good, "axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(2, 0, 1, 0) }),
    refusal(good, "multiplier without mul", "AIVM_ATTRIBUTE", { attrs: big(0, 1, 2, 0) }),
    refusal(good, "shift without mul", "AIVM_ATTRIBUTE", { attrs: big(0, 3, 1, 1) }),
    refusal(good, "mul with a multiplier of 22 bits", "AIVM_ATTRIBUTE", { attrs: big(0, 2, 2097152, 0) }),
    refusal(good, "mul with shift 63", "AIVM_ATTRIBUTE", { attrs: big(0, 2, 1, 63) }),
    refusal(good, "mul with updates of i32", "AIVM_DTYPE", {
      attrs: big(0, 2, 1, 0),
      operands: [a, b, type("i32", [3, 2])],
    }),
    refusal(good, "updates of another dtype", "AIVM_DTYPE", { operands: [a, b, type("i16", [3, 2])] }),
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", [4, 2]) }),
    refusal(good, "positions of another rank", "AIVM_SHAPE", { operands: [a, type("i32", [3]), c] }),
    refusal(good, "updates of another rank", "AIVM_SHAPE", { operands: [a, b, type("i8", [3])] }),
    refusal(good, "more positions than updates", "AIVM_SHAPE", { operands: [a, type("i32", [4, 2]), c] }),
    refusal(good, "one position for several updates", "AIVM_SHAPE", {
      operands: [a, type("i32", [1, 2]), c],
    }),
    refusal(good, "lanes that do not fit", "AIVM_SHAPE", { operands: [a, type("i32", [3, 3]), c] }),
    refusal(good, "a scalar", "AIVM_SHAPE", {
      operands: [type("i8", []), type("i32", []), type("i8", [])],
      output: type("i8", []),
    }),
    refusal(good, "a size of 0", "AIVM_SHAPE", { operands: [a, type("i32", [0, 2]), type("i8", [0, 2])] }),
    refusal(good, "range without the updates'", "AIVM_RANGE", {
      operands: [type("i8", [4, 2], [0, 1]), b, type("i8", [3, 2], [0, 2])],
      output: type("i8", [4, 2], [0, 1]),
    }),
    refusal(good, "wrong output shape", "AIVM_SHAPE", { output: type("i8", [3, 2]) }),
    refusal(good, "sums that could reach 2^42", "AIVM_BOUND", {
      attrs: big(0, 1, 1, 0),
      operands: [type("i32", [2]), type("i8", [2048]), type("i32", [2048])],
      output: type("i32", [2]),
    }),
    refusal(good, "products that could pass 2^53", "AIVM_BOUND", {
      attrs: big(0, 2, 2097151, 0),
      operands: [type("i32", [2]), type("i8", [3]), type("i16", [3])],
      output: type("i32", [2]),
    }),
    refusal(good, "16,385 updates", "AIVM_WITNESS_SIZE", {
      operands: [type("i8", [2]), type("i8", [16385]), type("i8", [16385])],
      output: type("i8", [2]),
    }),
    refusal(good, "two operands", "AIVM_OPERANDS", { operands: [a, b] }),
  );
  return cases;
}

/** Cases of reshape, transpose, concat, slice, pad, expand, gather. */
import type { DType } from "../oracle/types.ts";
import { ALL, big, type Case, type CaseTensor, constant, cycle, mixed, shaped, type } from "./build.ts";

function refusal(good: Case, name: string, refused: string, change: Partial<Case>): Case {
  return { ...good, ...change, name, refused };
}

function any(index: number): DType {
  return ALL[index % 3] ?? "i8";
}

/** What every op of one operand that only moves must refuse, from a good case with output range and dtype of x. */
function refusedMoves(good: Case): Case[] {
  const { output } = good;
  return [
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", output.shape) }),
    refusal(good, "output range without x's", "AIVM_RANGE", { output: { ...output, lo: output.lo + 1n } }),
    refusal(good, "a size of 0 in the output", "AIVM_SHAPE", {
      output: shaped(output, [0, ...output.shape.slice(1)]),
    }),
    refusal(good, "no operand", "AIVM_OPERANDS", { operands: [] }),
  ];
}

/** Cases of reshape. */
export function reshapeCases(): Case[] {
  const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[], [1]],
    [[1], []],
    [[1], [1, 1, 1, 1, 1, 1]],
    [[6], [2, 3]],
    [
      [2, 3],
      [3, 2],
    ],
    [[2, 3], [6]],
    [
      [2, 3],
      [1, 2, 1, 3],
    ],
    [
      [2, 3, 4],
      [4, 6],
    ],
    [
      [2, 3, 4],
      [4, 3, 2],
    ],
    [[2, 2, 2, 2, 2, 2], [64]],
    [[64], [2, 2, 2, 2, 2, 2]],
    [[300], [3, 100]],
    [[7], [7]],
    [
      [5, 1],
      [1, 5],
    ],
  ];
  const cases: Case[] = pairs.flatMap(([from, to], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      return {
        name: `${dtype} [${from.join(",")}] to [${to.join(",")}]`,
        attrs: [],
        operands: [mixed(type(dtype, from), 3000 + 2 * i + turn)],
        output: type(dtype, to),
      };
    }),
  );
  const good: Case = { name: "", attrs: [], operands: [type("i8", [2, 3])], output: type("i8", [3, 2]) };
  cases.push({
    name: "wider range",
    attrs: [],
    operands: [mixed(type("i8", [4], [-3, 3]), 3050)],
    output: type("i8", [2, 2], [-5, 3]),
  });
  cases.push(
    ...refusedMoves(good),
    refusal(good, "another number of elements", "AIVM_SHAPE", { output: type("i8", [3, 3]) }),
    refusal(good, "rank 7", "AIVM_LIMIT", { output: type("i8", [1, 1, 1, 1, 1, 2, 3]) }),
    refusal(good, "an attribute", "AIVM_ATTRIBUTE", { attrs: big(0) }),
  );
  return cases;
}

/** Cases of transpose. */
export function transposeCases(): Case[] {
  const perms: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[5], [0]],
    [
      [2, 3],
      [0, 1],
    ],
    [
      [2, 3],
      [1, 0],
    ],
    [
      [1, 4],
      [1, 0],
    ],
    [
      [2, 3, 4],
      [0, 1, 2],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
    ],
    [
      [2, 3, 4],
      [1, 0, 2],
    ],
    [
      [2, 3, 4],
      [1, 2, 0],
    ],
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 3, 4],
      [2, 1, 0],
    ],
    [
      [2, 1, 3, 2],
      [0, 3, 1, 2],
    ],
    [
      [2, 1, 3, 2],
      [0, 2, 3, 1],
    ],
    [
      [1, 2, 3, 1, 2],
      [4, 2, 0, 1, 3],
    ],
    [
      [2, 1, 2, 3, 1, 2],
      [5, 4, 3, 2, 1, 0],
    ],
    [
      [2, 1, 2, 3, 1, 2],
      [3, 5, 0, 2, 4, 1],
    ],
    [
      [3, 100],
      [1, 0],
    ],
  ];
  const cases: Case[] = perms.flatMap(([shape, perm], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      return {
        name: `${dtype} [${shape.join(",")}] by [${perm.join(",")}]`,
        attrs: big(...perm),
        operands: [mixed(type(dtype, shape), 3100 + 2 * i + turn)],
        output: type(
          dtype,
          perm.map((axis) => shape[axis] ?? 1),
        ),
      };
    }),
  );
  const good: Case = {
    name: "",
    attrs: big(1, 0),
    operands: [type("i8", [2, 3])],
    output: type("i8", [3, 2]),
  };
  cases.push(
    ...refusedMoves(good),
    refusal(good, "an axis twice", "AIVM_ATTRIBUTE", { attrs: big(1, 1) }),
    refusal(good, "an axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(0, 2) }),
    refusal(good, "a negative axis", "AIVM_ATTRIBUTE", { attrs: big(-1, 0) }),
    refusal(good, "an axis missing", "AIVM_ATTRIBUTE", { attrs: big(0) }),
    refusal(good, "an axis too many", "AIVM_ATTRIBUTE", { attrs: big(1, 0, 2) }),
    refusal(good, "sizes not permuted", "AIVM_SHAPE", { output: type("i8", [2, 3]) }),
  );
  return cases;
}

/** Cases of concat. */
export function concatCases(): Case[] {
  const lists: readonly (readonly [number, readonly (readonly number[])[]])[] = [
    [0, [[1]]],
    [0, [[3], [2]]],
    [0, [[1], [1], [1], [1]]],
    [
      0,
      [
        [2, 3],
        [1, 3],
      ],
    ],
    [
      1,
      [
        [2, 3],
        [2, 1],
      ],
    ],
    [
      1,
      [
        [2, 1],
        [2, 4],
        [2, 2],
      ],
    ],
    [
      0,
      [
        [1, 2, 2],
        [3, 2, 2],
      ],
    ],
    [
      1,
      [
        [2, 1, 2],
        [2, 2, 2],
      ],
    ],
    [
      2,
      [
        [2, 2, 1],
        [2, 2, 3],
        [2, 2, 1],
      ],
    ],
    [
      3,
      [
        [1, 2, 2, 3],
        [1, 2, 2, 5],
      ],
    ],
    [
      2,
      [
        [2, 1, 1, 2, 1, 2],
        [2, 1, 3, 2, 1, 2],
      ],
    ],
    [
      5,
      [
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1],
      ],
    ],
    [0, [[300], [5]]],
  ];
  const cases: Case[] = lists.flatMap(([axis, shapes], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      const total = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 1), 0);
      const out = (shapes[0] ?? []).map((size, at) => (at === axis ? total : size));
      const operands = shapes.map((shape, at) => mixed(type(dtype, shape), 3200 + 10 * i + 5 * turn + at));
      return {
        name: `${dtype}, ${shapes.map((shape) => `[${shape.join(",")}]`).join(" ")} along ${axis}`,
        attrs: big(axis),
        operands,
        output: type(dtype, out),
      };
    }),
  );
  cases.push(
    {
      name: "ranges joined",
      attrs: big(0),
      operands: [mixed(type("i8", [2], [-9, -3]), 3390), mixed(type("i8", [2], [4, 6]), 3391)],
      output: type("i8", [4], [-9, 6]),
    },
    {
      name: "constants among inputs",
      attrs: big(0),
      operands: [
        mixed(type("i8", [2]), 3392),
        constant(cycle(type("i8", [2]), [1, 2])),
        mixed(type("i8", [1]), 3393),
      ],
      output: type("i8", [5]),
    },
    {
      name: "60 operands",
      attrs: big(0),
      operands: Array.from({ length: 60 }, (_, i) => cycle(type("i8", [1]), [i])),
      output: type("i8", [60]),
    },
  );
  const x = type("i8", [2, 3]);
  const good: Case = { name: "", attrs: big(0), operands: [x, x], output: type("i8", [4, 3]) };
  cases.push(
    ...refusedMoves(good),
    refusal(good, "sizes that differ elsewhere", "AIVM_SHAPE", { operands: [x, type("i8", [2, 2])] }),
    refusal(good, "ranks that differ", "AIVM_SHAPE", { operands: [x, type("i8", [2, 3, 1])] }),
    refusal(good, "scalars", "AIVM_SHAPE", {
      operands: [type("i8", []), type("i8", [])],
      output: type("i8", [2]),
    }),
    refusal(good, "dtypes that differ", "AIVM_DTYPE", { operands: [x, type("i16", [2, 3])] }),
    refusal(good, "axis below 0", "AIVM_ATTRIBUTE", { attrs: big(-1) }),
    refusal(good, "axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(2) }),
    refusal(good, "wrong sum of sizes", "AIVM_SHAPE", { output: type("i8", [5, 3]) }),
    refusal(good, "range of one operand missing", "AIVM_RANGE", {
      operands: [type("i8", [2, 3], [0, 1]), type("i8", [2, 3], [0, 9])],
      output: type("i8", [4, 3], [0, 8]),
    }),
    refusal(good, "an operand with a size of 0", "AIVM_SHAPE", { operands: [x, type("i8", [0, 3])] }),
  );
  return cases;
}

/** Cases of slice. */
export function sliceCases(): Case[] {
  const cuts: readonly (readonly [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
  ])[] = [
    [[], [], [], []],
    [[1], [0], [1], [1]],
    [[5], [0], [1], [5]],
    [[5], [4], [1], [1]],
    [[5], [0], [2], [3]],
    [[5], [1], [3], [2]],
    [[5], [4], [-1], [5]],
    [[5], [4], [-2], [3]],
    [[5], [3], [-3], [2]],
    [[5], [2], [1000], [1]],
    [[5], [2], [-1000], [1]],
    [
      [3, 4],
      [1, 0],
      [1, 1],
      [2, 4],
    ],
    [
      [3, 4],
      [0, 1],
      [2, 2],
      [2, 2],
    ],
    [
      [3, 4],
      [2, 3],
      [-1, -1],
      [3, 4],
    ],
    [
      [3, 4],
      [2, 3],
      [-2, -3],
      [2, 2],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
      [1, -1, 2],
      [2, 3, 2],
    ],
    [
      [2, 1, 3, 2, 1, 2],
      [1, 0, 0, 1, 0, 0],
      [-1, 1, 2, -1, 5, 1],
      [2, 1, 2, 2, 1, 2],
    ],
    [[300], [299], [-1], [300]],
  ];
  const cases: Case[] = cuts.flatMap(([shape, starts, steps, sizes], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      return {
        name: `${dtype} [${shape.join(",")}] from [${starts.join(",")}] by [${steps.join(",")}] to [${sizes.join(",")}]`,
        attrs: big(...starts, ...steps),
        operands: [mixed(type(dtype, shape), 3400 + 2 * i + turn)],
        output: type(dtype, sizes),
      };
    }),
  );
  const good: Case = { name: "", attrs: big(1, 2), operands: [type("i8", [6])], output: type("i8", [3]) };
  cases.push(
    ...refusedMoves(good),
    refusal(good, "step 0", "AIVM_ATTRIBUTE", { attrs: big(1, 0) }),
    refusal(good, "start below 0", "AIVM_ATTRIBUTE", { attrs: big(-1, 2) }),
    refusal(good, "start at the size", "AIVM_ATTRIBUTE", { attrs: big(6, -1) }),
    refusal(good, "end beyond x", "AIVM_ATTRIBUTE", { attrs: big(2, 2) }),
    refusal(good, "end before x", "AIVM_ATTRIBUTE", { attrs: big(1, -1) }),
    refusal(good, "end far beyond 32 bits", "AIVM_ATTRIBUTE", { attrs: big(1, 2147483647) }),
    refusal(good, "step missing", "AIVM_ATTRIBUTE", { attrs: big(1) }),
    refusal(good, "another rank", "AIVM_SHAPE", { output: type("i8", [3, 1]) }),
  );
  return cases;
}

/** Cases of pad. */
export function padCases(): Case[] {
  const pads: readonly (readonly [readonly number[], readonly number[], readonly number[], number])[] = [
    [[], [], [], 5],
    [[1], [0], [1], 0],
    [[3], [0], [3], 9],
    [[3], [2], [5], 9],
    [[3], [0], [5], -9],
    [[3], [1], [6], 0],
    [[2, 2], [1, 1], [4, 4], 7],
    [[2, 2], [0, 3], [2, 5], -128],
    [[2, 2], [3, 0], [5, 2], 127],
    [[1, 2, 2], [1, 0, 2], [3, 2, 5], 1],
    [[2, 1, 2, 1], [0, 1, 0, 1], [3, 2, 3, 4], -1],
    [[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0], [2, 1, 2, 2, 3, 1], 2],
    [[250], [10], [300], 3],
  ];
  const cases: Case[] = pads.flatMap(([shape, before, out, value], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      return {
        name: `${dtype} [${shape.join(",")}] after [${before.join(",")}] in [${out.join(",")}], value ${value}`,
        attrs: big(...before, value),
        operands: [mixed(type(dtype, shape), 3500 + 2 * i + turn)],
        output: type(dtype, out),
      };
    }),
  );
  cases.push(
    {
      name: "value at the lower end of i32",
      attrs: big(1, -2147483648),
      operands: [mixed(type("i32", [2]), 3550)],
      output: type("i32", [4]),
    },
    {
      name: "value at the upper end of i32",
      attrs: big(1, 2147483647),
      operands: [mixed(type("i32", [2]), 3551)],
      output: type("i32", [4]),
    },
    {
      name: "value widens the range",
      attrs: big(1, 20),
      operands: [mixed(type("i8", [2], [0, 5]), 3552)],
      output: type("i8", [4], [0, 20]),
    },
  );
  const good: Case = { name: "", attrs: big(1, 0), operands: [type("i8", [3])], output: type("i8", [6]) };
  cases.push(
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", [6]) }),
    refusal(good, "output range without x's", "AIVM_RANGE", { output: type("i8", [6], [-127, 127]) }),
    refusal(good, "value outside the output's range", "AIVM_RANGE", {
      operands: [type("i8", [3], [0, 5])],
      output: type("i8", [6], [0, 5]),
      attrs: big(1, 6),
    }),
    refusal(good, "value outside the dtype", "AIVM_RANGE", { attrs: big(1, 128) }),
    refusal(good, "before below 0", "AIVM_ATTRIBUTE", { attrs: big(-1, 0) }),
    refusal(good, "no room for x", "AIVM_ATTRIBUTE", { attrs: big(4, 0) }),
    refusal(good, "output smaller than x", "AIVM_ATTRIBUTE", { output: type("i8", [2]), attrs: big(0, 0) }),
    refusal(good, "value missing", "AIVM_ATTRIBUTE", { attrs: big(1) }),
    refusal(good, "another rank", "AIVM_SHAPE", { output: type("i8", [6, 1]) }),
    refusal(good, "no operand", "AIVM_OPERANDS", { operands: [] }),
  );
  return cases;
}

/** Cases of expand. */
export function expandCases(): Case[] {
  const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[], [3]],
    [[], [1, 2, 3, 1, 2, 1]],
    [[1], [4]],
    [[4], [4]],
    [[3], [2, 3]],
    [[1], [2, 3]],
    [
      [2, 1],
      [2, 5],
    ],
    [
      [1, 3],
      [4, 3],
    ],
    [
      [1, 1],
      [2, 2],
    ],
    [
      [2, 1, 3],
      [2, 4, 3],
    ],
    [
      [1, 2, 1],
      [3, 2, 2],
    ],
    [
      [2, 1],
      [3, 1, 2, 4],
    ],
    [
      [1, 2, 1, 3, 1, 2],
      [2, 2, 2, 3, 1, 2],
    ],
    [[1], [300]],
  ];
  const cases: Case[] = pairs.flatMap(([from, to], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      return {
        name: `${dtype} [${from.join(",")}] to [${to.join(",")}]`,
        attrs: [],
        operands: [mixed(type(dtype, from), 3600 + 2 * i + turn)],
        output: type(dtype, to),
      };
    }),
  );
  const good: Case = { name: "", attrs: [], operands: [type("i8", [2, 1])], output: type("i8", [2, 3]) };
  cases.push(
    ...refusedMoves(good),
    refusal(good, "a size that is not 1", "AIVM_SHAPE", { operands: [type("i8", [2, 2])] }),
    refusal(good, "fewer axes than x", "AIVM_SHAPE", { operands: [type("i8", [1, 1, 3])] }),
    refusal(good, "a size reduced to 1", "AIVM_SHAPE", { output: type("i8", [1, 3]) }),
    refusal(good, "an attribute", "AIVM_ATTRIBUTE", { attrs: big(3) }),
  );
  return cases;
}

/** Cases of gather. */
export function gatherCases(): Case[] {
  const picks: readonly (readonly [readonly number[], number, readonly number[]])[] = [
    [[1], 0, [1]],
    [[5], 0, []],
    [[5], 0, [4]],
    [[5], 0, [2, 3]],
    [[3, 4], 0, []],
    [[3, 4], 0, [2]],
    [[3, 4], 1, [5]],
    [[3, 4], 1, [2, 2]],
    [[2, 3, 4], 1, []],
    [[2, 3, 4], 0, [3]],
    [[2, 3, 4], 2, [1, 2]],
    [[2, 3, 4], 1, [2, 1, 2]],
    [[2, 1, 3, 2], 2, [4]],
    [[2, 2, 1, 2, 1, 3], 5, [2]],
    [[2, 2, 1, 2, 1, 3], 0, [3]],
  ];
  const indices: readonly number[] = [0, -1, 1, 100, 2, -128, 127, 3];
  const cases: Case[] = picks.flatMap(([shape, axis, chosen], i) =>
    [0, 1].map((turn) => {
      const dtype = any(i + turn);
      const index: CaseTensor = cycle(type(any(i + 2 * turn), chosen), indices.slice((i + turn) % 5));
      const out = [...shape.slice(0, axis), ...chosen, ...shape.slice(axis + 1)];
      return {
        name: `${dtype} [${shape.join(",")}] along ${axis} by [${chosen.join(",")}]`,
        attrs: big(axis),
        operands: [mixed(type(dtype, shape), 3700 + 2 * i + turn), index],
        output: type(dtype, out),
      };
    }),
  );
  const x = mixed(type("i16", [4, 2]), 3750);
  cases.push(
    {
      name: "indices at both ends of i32",
      attrs: big(0),
      operands: [x, cycle(type("i32", [2]), [-2147483648, 2147483647])],
      output: type("i16", [2, 2]),
    },
    {
      name: "first and last index",
      attrs: big(0),
      operands: [x, cycle(type("i8", [2], [0, 3]), [0, 3])],
      output: type("i16", [2, 2]),
    },
    {
      name: "one before the first and one after the last",
      attrs: big(0),
      operands: [x, cycle(type("i8", [2]), [-1, 4])],
      output: type("i16", [2, 2]),
    },
    {
      name: "constant indices",
      attrs: big(1),
      operands: [x, constant(cycle(type("i32", [3]), [1, 1, 0]))],
      output: type("i16", [4, 3]),
    },
    {
      name: "rows of a constant",
      attrs: big(0),
      operands: [constant(x), cycle(type("i8", [3]), [3, 0, 2])],
      output: type("i16", [3, 2]),
    },
  );
  const good: Case = {
    name: "",
    attrs: big(0),
    operands: [type("i8", [3, 2]), type("i32", [4])],
    output: type("i8", [4, 2]),
  };
  cases.push(
    refusal(good, "output of another dtype", "AIVM_DTYPE", { output: type("i16", [4, 2]) }),
    refusal(good, "output range without x's", "AIVM_RANGE", { output: type("i8", [4, 2], [-127, 127]) }),
    refusal(good, "axis beyond the rank", "AIVM_ATTRIBUTE", { attrs: big(2) }),
    refusal(good, "axis below 0", "AIVM_ATTRIBUTE", { attrs: big(-1) }),
    refusal(good, "x scalar", "AIVM_SHAPE", {
      operands: [type("i8", []), type("i32", [4])],
      output: type("i8", [4]),
    }),
    refusal(good, "wrong output shape", "AIVM_SHAPE", { output: type("i8", [2, 4]) }),
    refusal(good, "output beyond rank 6", "AIVM_LIMIT", {
      operands: [type("i8", [1, 1, 1, 1, 1, 2]), type("i32", [1, 2])],
      output: type("i8", [1, 2, 1, 1, 1, 1, 2]),
    }),
    refusal(good, "a size of 0 in the indices", "AIVM_SHAPE", {
      operands: [type("i8", [3, 2]), type("i32", [0])],
    }),
    refusal(good, "no indices", "AIVM_OPERANDS", { operands: [type("i8", [3, 2])] }),
  );
  return cases;
}

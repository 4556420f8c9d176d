/** Worked examples of the ops on bits, order, positions and random numbers. */
import { expect } from "chai";
import { opNamed, tensorType } from "../../../aivm/index.ts";
import { throwsCode } from "../support/errors.ts";
import { evaluate, nodeFor, type OneOp } from "../support/evaluate.ts";
import { literal } from "../support/nodes.ts";

function valuesOf(given: OneOp): number[] {
  return evaluate(given).values;
}

describe("bitwise", () => {
  const of = (kind: number, a: readonly number[], b: readonly number[]): number[] =>
    valuesOf({ name: "bitwise", operands: [literal([a.length], a), literal([b.length], b)], attrs: [kind] });

  it("is and, or, exclusive or of two's complement", () => {
    expect(of(0, [12, -1, -128], [10, 5, -1])).to.deep.equal([8, 5, -128]);
    expect(of(1, [12, -1, -128], [10, 5, 1])).to.deep.equal([14, -1, -127]);
    expect(of(2, [12, -1, -128], [10, 5, -1])).to.deep.equal([6, -6, 127]);
  });

  it("extends the sign of the narrower operand, whose type the result has not", () => {
    const operands = [literal([1], [-2]), literal([1], [0x7ffffff1], "i32")];
    expect(valuesOf({ name: "bitwise", operands, attrs: [0], dtype: "i32" })).to.deep.equal([0x7ffffff0]);
    throwsCode("AIVM_DTYPE", () => nodeFor({ name: "bitwise", operands, attrs: [0], dtype: "i8" }));
  });

  it("announces a range that is as tight as the operands' bits", () => {
    const range = (kind: number, a: readonly [number, number], b: readonly [number, number]) => {
      const types = [a, b].map(([lo, hi]) => tensorType("i16", [1], { lo, hi }));
      const descriptor = { opcode: 30, operands: [], output: tensorType("i16", [1]), attrs: [kind] };
      return opNamed("bitwise").passedRange?.({ descriptor, operands: types });
    };
    expect(range(0, [0, 100], [-5, 300])).to.deep.equal({ lo: 0, hi: 100 });
    expect(range(1, [0, 100], [0, 3])).to.deep.equal({ lo: 0, hi: 127 });
    expect(range(2, [-3, 0], [0, 4])).to.deep.equal({ lo: -8, hi: 7 });
  });
});

describe("shift", () => {
  const of = (attrs: readonly [number, number, number], x: number, by: number): number | undefined =>
    valuesOf({
      name: "shift",
      operands: [literal([1], [x], "i32"), literal([1], [by], "i32")],
      attrs,
      dtype: "i32",
    })[0];
  const [LEFT, RIGHT, UNSIGNED, SIGNED] = [0, 1, 0, 1] as const;

  it("wraps into its word", () => {
    expect(of([LEFT, 8, UNSIGNED], 0x81, 1)).to.equal(2);
    expect(of([LEFT, 8, SIGNED], 0x41, 1)).to.equal(-126);
    expect(of([LEFT, 16, UNSIGNED], 0xffff, 4)).to.equal(0xfff0);
    expect(of([LEFT, 32, SIGNED], 1, 31)).to.equal(-(2 ** 31));
    expect(of([RIGHT, 8, UNSIGNED], -1, 0)).to.equal(255);
    expect(of([RIGHT, 16, SIGNED], 0x18000, 1)).to.equal(-0x4000);
  });

  it("fills an unsigned word with zeros and repeats the sign of a signed one", () => {
    expect(of([RIGHT, 32, UNSIGNED], -1, 28)).to.equal(15);
    expect(of([RIGHT, 32, SIGNED], -16, 2)).to.equal(-4);
  });

  it("takes an amount below 0 for 0 and one beyond the width for the width", () => {
    expect(of([LEFT, 32, SIGNED], 5, -7)).to.equal(5);
    for (const amount of [32, 33, 64, 2 ** 31 - 1]) {
      expect(of([LEFT, 32, SIGNED], -1, amount)).to.equal(0);
      expect(of([RIGHT, 32, UNSIGNED], -1, amount)).to.equal(0);
      expect(of([RIGHT, 32, SIGNED], -1, amount)).to.equal(-1);
    }
    expect(of([RIGHT, 8, UNSIGNED], 255, 8)).to.equal(0);
  });

  it("announces what the operands' ranges leave of its word", () => {
    const range = (attrs: readonly number[], x: readonly [number, number], by: readonly [number, number]) => {
      const types = [x, by].map(([lo, hi]) => tensorType("i32", [1], { lo, hi }));
      const descriptor = { opcode: 31, operands: [], output: tensorType("i32", [1]), attrs };
      return opNamed("shift").passedRange?.({ descriptor, operands: types });
    };
    expect(range([RIGHT, 32, SIGNED], [-(2 ** 31), 2 ** 31 - 1], [16, 16])).to.deep.equal({
      lo: -32_768,
      hi: 32_767,
    });
    expect(range([RIGHT, 32, SIGNED], [-9, -5], [1, 2])).to.deep.equal({ lo: -5, hi: -2 });
    expect(range([RIGHT, 8, UNSIGNED], [8, 20], [0, 2])).to.deep.equal({ lo: 2, hi: 20 });
    expect(range([LEFT, 16, UNSIGNED], [1, 3], [1, 4])).to.deep.equal({ lo: 2, hi: 48 });
    expect(range([LEFT, 8, SIGNED], [0, 100], [0, 1])).to.deep.equal({ lo: -128, hi: 127 });
    expect(range([RIGHT, 32, UNSIGNED], [-1, 5], [9, 9])).to.deep.equal({ lo: -(2 ** 31), hi: 2 ** 31 - 1 });
  });

  it("has words of 8, 16 and 32 bits only", () => {
    throwsCode("AIVM_ATTRIBUTE", () => of([LEFT, 12 as number, UNSIGNED], 1, 1));
  });
});

describe("rank", () => {
  const x = literal([2, 4], [3, 7, 7, -1, 0, 0, 0, 0]);

  it("gives the places of the first k in order, the lowest index first among equals", () => {
    const of = (largest: number) =>
      valuesOf({ name: "rank", operands: [x], attrs: [1, largest], dtype: "i32", shape: [2, 3] });
    expect(of(1)).to.deep.equal([1, 2, 0, 0, 1, 2]);
    expect(of(0)).to.deep.equal([3, 0, 1, 0, 1, 2]);
  });

  it("orders along any axis", () => {
    const got = evaluate({ name: "rank", operands: [x], attrs: [0, 1], dtype: "i32", shape: [2, 4] });
    expect(got.values).to.deep.equal([0, 0, 0, 1, 1, 1, 1, 0]);
  });

  it("can not give more places than the axis has", () => {
    for (const k of [0, 5]) {
      const given = { name: "rank", operands: [x], attrs: [1, 1], dtype: "i32" as const, shape: [2, k] };
      throwsCode("AIVM_SHAPE", () => nodeFor(given));
    }
  });
});

describe("scatter", () => {
  const [NONE, ADD, MUL, MAX, MIN] = [0, 1, 2, 3, 4] as const;
  const x = literal([4], [10, 20, 30, 40]);
  const of = (reduction: number, positions: readonly number[], updates: readonly number[]): number[] =>
    valuesOf({
      name: "scatter",
      operands: [x, literal([positions.length], positions), literal([updates.length], updates)],
      attrs: [0, reduction, 1, 0],
    });

  it("lets the last of several updates win, and ignores positions that x does not have", () => {
    expect(of(NONE, [1, 3, 1], [5, 6, 7])).to.deep.equal([10, 7, 30, 6]);
    expect(of(NONE, [-1, 4, 127], [5, 6, 7])).to.deep.equal([10, 20, 30, 40]);
  });

  it("adds, multiplies, takes the larger or the smaller, in order", () => {
    expect(of(ADD, [0, 0, 2], [5, -7, 1])).to.deep.equal([8, 20, 31, 40]);
    expect(of(MUL, [0, 1, 1], [-2, 3, 2])).to.deep.equal([-20, 120, 30, 40]);
    expect(of(MAX, [0, 0, 3], [11, 12, -5])).to.deep.equal([12, 20, 30, 40]);
    expect(of(MIN, [0, 0, 3], [11, -12, 99])).to.deep.equal([-12, 20, 30, 40]);
  });

  it("clamps a sum once, at the end, and a product after each update", () => {
    expect(of(ADD, [3, 3], [100, -100])).to.deep.equal([10, 20, 30, 40]);
    expect(of(MUL, [3, 3], [100, 0])).to.deep.equal([10, 20, 30, 0]);
    expect(of(MUL, [3, 3, 3], [100, -1, -1])).to.deep.equal([10, 20, 30, 127]);
  });

  it("requantises each product, half to even", () => {
    const operands = [x, literal([3], [0, 1, 1]), literal([3], [1, 1, 1])];
    const got = valuesOf({ name: "scatter", operands, attrs: [0, MUL, 1, 2] });
    expect(got).to.deep.equal([2, 1, 30, 40]); // 10 / 4 = 2.5 to 2; 20 / 4 = 5, 5 / 4 = 1.25 to 1
  });

  it("writes rows that share one list of positions, and lanes that each have their own", () => {
    const rows = literal([3, 2], [1, 2, 3, 4, 5, 6]);
    const shared = [rows, literal([2, 1], [2, 0]), literal([2, 2], [7, 8, 9, 10])];
    expect(valuesOf({ name: "scatter", operands: shared, attrs: [0, NONE, 1, 0] })).to.deep.equal([
      9, 10, 3, 4, 7, 8,
    ]);
    const own = [rows, literal([1, 2], [0, 2]), literal([1, 2], [7, 8])];
    expect(valuesOf({ name: "scatter", operands: own, attrs: [0, NONE, 1, 0] })).to.deep.equal([
      7, 2, 3, 4, 5, 8,
    ]);
  });

  it("wants as many positions as updates, of x's type", () => {
    const bad = (positions: number, dtype: "i8" | "i16") => () =>
      nodeFor({
        name: "scatter",
        operands: [x, literal([positions], new Array(positions).fill(0)), literal([2], [1, 2], dtype)],
        attrs: [0, NONE, 1, 0],
      });
    throwsCode("AIVM_SHAPE", bad(3, "i8"));
    throwsCode("AIVM_DTYPE", bad(2, "i16"));
  });
});

describe("random", () => {
  const words = (values: readonly number[], dtype: "i16" | "i32", count = 4): number[] => {
    const [stream = 0, ...seed] = values.map((word) => word | 0);
    return valuesOf({
      name: "random",
      operands: [literal([4], seed, "i32")],
      attrs: [stream],
      dtype,
      shape: [count],
    });
  };

  it("gives the bits of Philox-4x32-10 (first block of a key and a counter whose lowest word is 0)", () => {
    expect(words([0, 0, 0, 0, 0], "i32")).to.deep.equal(
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((w) => w | 0),
    );
  });

  it("gives an i16 the upper half of its word", () => {
    expect(words([0, 0, 0, 0, 0], "i16")).to.deep.equal([
      0x6627,
      0xe169 - 65_536,
      0xbc57 - 65_536,
      0x9b00 - 65_536,
    ]);
  });

  it("gives each element the same value whatever the size of the tensor", () => {
    expect(words([7, 1, 2, 3, 4], "i32", 9).slice(0, 5)).to.deep.equal(words([7, 1, 2, 3, 4], "i32", 5));
  });

  it("depends on the stream and on every word of the seed", () => {
    const all = [
      [0, 1, 2, 3, 4],
      [9, 1, 2, 3, 4],
      [0, 9, 2, 3, 4],
      [0, 1, 9, 3, 4],
      [0, 1, 2, 9, 4],
      [0, 1, 2, 3, 9],
    ].map((values) => words(values, "i32").join());
    expect(new Set(all).size).to.equal(all.length);
  });

  it("is uniform: 65,536 bytes pass a chi-square test at one in a thousand", () => {
    const counts = new Array<number>(256).fill(0);
    for (const value of words([3, 1, 2, 3, 4], "i16", 65_536))
      counts[(value >> 8) + 128] = (counts[(value >> 8) + 128] ?? 0) + 1;
    const chi = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
    expect(chi).to.be.within(180, 330.5); // 255 degrees of freedom: 0.1 % above 330.5
  });
});

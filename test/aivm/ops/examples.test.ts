import { expect } from "chai";
import { attrsOf, opNamed, type Tensor } from "../../../aivm/index.ts";
import { evaluate, type OneOp } from "../support/evaluate.ts";
import { literal } from "../support/nodes.ts";

/** Bias, multiplier and shift that leave the accumulator as it is. */
function plain(...bias: number[]): Tensor[] {
  const ones = bias.map(() => 1);
  const zeros = bias.map(() => 0);
  return [
    literal([bias.length], bias, "i32"),
    literal([bias.length], ones, "i32"),
    literal([bias.length], zeros),
  ];
}

const CONV = {
  strideH: 1,
  strideW: 1,
  padTop: 0,
  padLeft: 0,
  padBottom: 0,
  padRight: 0,
  dilationH: 1,
  dilationW: 1,
  groups: 1,
  padValue: 0,
  zero: 0,
};
const conv = (changes: Readonly<Record<string, number>> = {}): number[] =>
  attrsOf(opNamed("conv2d"), { ...CONV, ...changes });

function gives(given: OneOp, values: readonly number[], shape: readonly number[]): void {
  const got = evaluate(given);
  expect(got.values).to.deep.equal(values);
  expect(got.shape).to.deep.equal(shape);
}

describe("conv2d", () => {
  const x = literal([1, 3, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const w = literal([1, 2, 2, 1], [1, 0, 0, 1]);

  it("sums each window against the weights and adds the bias", () => {
    gives({ name: "conv2d", operands: [x, w, ...plain(10)], attrs: conv() }, [16, 18, 22, 24], [1, 2, 2, 1]);
  });

  it("counts a padded position as the zero point of x", () => {
    const attrs = conv({ padTop: 1, padLeft: 1, strideH: 2, strideW: 2, padValue: -3 });
    gives({ name: "conv2d", operands: [x, w, ...plain(0)], attrs }, [-2, 0, 4, 14], [1, 2, 2, 1]);
  });

  it("spreads the window by the dilation", () => {
    gives(
      { name: "conv2d", operands: [x, w, ...plain(0)], attrs: conv({ dilationH: 2, dilationW: 2 }) },
      [10],
      [1, 1, 1, 1],
    );
  });

  it("keeps groups apart", () => {
    const two = literal([1, 1, 1, 4], [1, 2, 3, 4]);
    const weights = literal([2, 1, 1, 2], [1, 10, 1, 10]);
    gives(
      { name: "conv2d", operands: [two, weights, ...plain(0, 0)], attrs: conv({ groups: 2 }) },
      [21, 43],
      [1, 1, 1, 2],
    );
  });

  it("requantises each channel by its own multiplier and shift, half to even, and clamps", () => {
    const one = literal([1, 1, 1, 1], [5]);
    const weights = literal([4, 1, 1, 1], [1, 3, 1, 100]);
    const scale = [
      literal([4], [0, 0, 2, 0], "i32"),
      literal([4], [1, 1, 3, 1], "i32"),
      literal([4], [1, 1, 1, 1]),
    ];
    // 5/2 = 2.5 -> 2, 15/2 = 7.5 -> 8, 7 x 3 / 2 = 10.5 -> 10, 250 -> 127; then zero -1.
    gives(
      { name: "conv2d", operands: [one, weights, ...scale], attrs: conv({ zero: -1 }) },
      [1, 7, 9, 127],
      [1, 1, 1, 4],
    );
  });
});

describe("linear", () => {
  it("multiplies rows of x with rows of w", () => {
    const x = literal([2, 3], [1, 2, 3, -1, 0, 1]);
    const w = literal([2, 3], [1, 1, 1, 2, 0, -2]);
    gives({ name: "linear", operands: [x, w, ...plain(0, 5)], attrs: [0] }, [6, 1, 0, 1], [2, 2]);
  });
});

describe("matmul", () => {
  it("multiplies rows of a with rows of b, each minus its zero point, batch by batch", () => {
    const a = literal([2, 1, 2], [1, 2, 3, 4]);
    const b = literal([1, 2, 2], [1, 0, 0, 1]);
    gives({ name: "matmul", operands: [a, b], attrs: [1, 0, 1, 0, 0] }, [0, 1, 2, 3], [2, 1, 2]);
  });
});

describe("maxPool2d", () => {
  it("takes the largest of each window and ignores padding", () => {
    const x = literal([1, 2, 2, 1], [-5, -2, -3, -4]);
    gives(
      { name: "maxPool2d", operands: [x], attrs: [2, 2, 1, 1, 1, 1, 0, 0, 1, 1] },
      [-5, -2, -3, -2],
      [1, 2, 2, 1],
    );
  });
});

describe("avgPool2d", () => {
  it("scales the sum of each window and rounds half to even", () => {
    const x = literal([1, 2, 2, 2], [1, 10, 2, 20, 3, 30, 4, 40]);
    const attrs = [2, 2, 1, 1, 0, 0, 0, 0, 0, 1, 2, 0];
    gives({ name: "avgPool2d", operands: [x], attrs }, [2, 25], [1, 1, 1, 2]);
  });
});

describe("add", () => {
  it("brings both operands to one scale, adds the offset and broadcasts", () => {
    const a = literal([2, 2], [1, 2, 3, 4]);
    const b = literal([2], [10, 20]);
    gives({ name: "add", operands: [a, b], attrs: [4, -2, 2, 1, 0] }, [-7, -15, -3, -11], [2, 2]);
  });
});

describe("mul", () => {
  it("multiplies what lies above the zero points", () => {
    const a = literal([2], [3, -4]);
    gives({ name: "mul", operands: [a, literal([], [7])], attrs: [1, 2, 1, 1, 0] }, [5, -12], [2]);
  });
});

describe("rescale", () => {
  it("rounds half to even and clamps to the output's range", () => {
    const x = literal([4], [1, 3, 5, 100]);
    gives(
      { name: "rescale", operands: [x], attrs: [0, 1, 1, 0], range: { lo: 0, hi: 10 } },
      [0, 2, 2, 10],
      [4],
    );
  });
});

describe("table", () => {
  it("looks up each value, the lowest one first", () => {
    const entries = literal(
      [256],
      Array.from({ length: 256 }, (_, i) => 300 - i),
      "i16",
    );
    gives(
      { name: "table", operands: [literal([3], [-128, 0, 127]), entries], dtype: "i16" },
      [300, 172, 45],
      [3],
    );
  });
});

describe("data movement", () => {
  const x = literal([2, 3], [1, 2, 3, 4, 5, 6]);

  it("reshape keeps the order", () => {
    gives({ name: "reshape", operands: [x], shape: [3, 2] }, [1, 2, 3, 4, 5, 6], [3, 2]);
  });

  it("transpose permutes the axes", () => {
    gives({ name: "transpose", operands: [x], attrs: [1, 0] }, [1, 4, 2, 5, 3, 6], [3, 2]);
  });

  it("concat joins along an axis", () => {
    gives(
      { name: "concat", operands: [x, literal([2, 1], [7, 8])], attrs: [1] },
      [1, 2, 3, 7, 4, 5, 6, 8],
      [2, 4],
    );
    gives(
      { name: "concat", operands: [x, literal([1, 3], [7, 8, 9])], attrs: [0] },
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [3, 3],
    );
  });

  it("slice takes every step-th element, backwards too", () => {
    gives({ name: "slice", operands: [x], attrs: [1, 2, 1, -2], shape: [1, 2] }, [6, 4], [1, 2]);
  });

  it("pad surrounds with a value", () => {
    gives(
      { name: "pad", operands: [x], attrs: [0, 1, 9], shape: [2, 5] },
      [9, 1, 2, 3, 9, 9, 4, 5, 6, 9],
      [2, 5],
    );
  });

  it("expand repeats", () => {
    gives(
      { name: "expand", operands: [literal([2, 1], [1, 2])], shape: [2, 2, 2] },
      [1, 1, 2, 2, 1, 1, 2, 2],
      [2, 2, 2],
    );
  });

  it("gather takes slices by index and clamps an index out of range", () => {
    const indices = literal([3], [2, -7, 99]);
    gives({ name: "gather", operands: [x, indices], attrs: [1] }, [3, 1, 3, 6, 4, 6], [2, 3]);
  });
});

describe("reductions", () => {
  const x = literal([2, 3], [5, 7, 7, -1, -1, -2]);

  it("argmax gives the lowest index of a largest element", () => {
    gives({ name: "argmax", operands: [x], attrs: [1], dtype: "i32" }, [1, 0], [2, 1]);
  });

  it("maxReduce gives the largest along the axis", () => {
    gives({ name: "maxReduce", operands: [x], attrs: [0] }, [5, 7, 7], [1, 3]);
  });

  it("sumReduce scales the sum along the axis", () => {
    gives({ name: "sumReduce", operands: [x], attrs: [1, 1, 1, 1, 0] }, [8, -4], [2, 1]);
  });
});

describe("choices", () => {
  it("where takes a at a condition that is not 0, else b", () => {
    const operands = [literal([3], [1, 0, -1]), literal([3], [1, 2, 3]), literal([], [9])];
    gives({ name: "where", operands }, [1, 9, 3], [3]);
  });

  it("compare gives 1 where the relation holds", () => {
    const operands = [literal([3], [1, 2, 3]), literal([], [2])];
    const byRelation = [0, 1, 2].map(
      (relation) => evaluate({ name: "compare", operands, attrs: [relation] }).values,
    );
    expect(byRelation).to.deep.equal([
      [0, 1, 0],
      [1, 0, 0],
      [1, 1, 0],
    ]);
  });
});

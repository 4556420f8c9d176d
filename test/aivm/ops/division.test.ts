import { expect } from "chai";
import { evaluateOp } from "../../../aivm/engine/reference/referenceEngine.ts";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import {
  attrsOf,
  elementFunction,
  type OpNode,
  opNamed,
  type Tensor,
  type TensorType,
  tensorType,
} from "../../../aivm/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { throwsCode } from "../support/errors.ts";
import { evaluate, nodeFor, type OneOp } from "../support/evaluate.ts";
import { loaded, programOf } from "../support/models.ts";
import { literal, randomNode } from "../support/nodes.ts";
import { createRandom } from "../support/random.ts";

const FUZZ_CASES = Number(process.env.AIVM_FUZZ_CASES ?? 150);

const PLAIN = { zeroA: 0, zeroB: 0, multiplier: 1, shift: 0, zero: 0 };

function quotient(changes: Readonly<Record<string, number>> = {}): number[] {
  return attrsOf(opNamed("div"), { ...PLAIN, rounding: 0, ...changes });
}

function gives(given: OneOp, values: readonly number[]): void {
  expect(evaluate(given).values).to.deep.equal(values);
}

function i32(...values: readonly number[]): Tensor {
  return literal([values.length], values, "i32");
}

describe("div", () => {
  const a = i32(7, -7, 5, -5, 6, -6, 1, 3);
  const two = literal([], [2], "i32");

  it("rounds half to even, toward zero or down", () => {
    gives({ name: "div", operands: [a, two], attrs: quotient() }, [4, -4, 2, -2, 3, -3, 0, 2]);
    gives({ name: "div", operands: [a, two], attrs: quotient({ rounding: 1 }) }, [3, -3, 2, -2, 3, -3, 0, 1]);
    gives({ name: "div", operands: [a, two], attrs: quotient({ rounding: 2 }) }, [3, -4, 2, -3, 3, -3, 0, 1]);
  });

  it("divides what lies above the zero points, scales, adds the zero point and clamps", () => {
    const attrs = quotient({ zeroA: 1, zeroB: -1, multiplier: 3, shift: 1, zero: 10 });
    // (9 - 1) x 3 / ((2 + 1) x 2) = 4; (-99 - 1) x 3 / 6 = -50; 100 x 3 / 6 = 50 -> 60 -> 45.
    const range = { lo: -45, hi: 45 };
    gives({ name: "div", operands: [i32(9, -99, 101), two], attrs, range }, [14, -40, 45]);
  });

  it("lifts the dividend when the shift is below 0", () => {
    const attrs = quotient({ shift: -4 });
    gives({ name: "div", operands: [i32(1, -1, 5), i32(3)], attrs }, [5, -5, 27]);
  });

  it("by 0 gives the end of the range that the dividend points to, and the zero point for 0 / 0", () => {
    for (const rounding of [0, 1, 2]) {
      const attrs = quotient({ zero: 3, rounding });
      gives({ name: "div", operands: [i32(1, -1, 0), i32(0)], attrs, range: { lo: -9, hi: 8 } }, [8, -9, 3]);
    }
  });

  it("is exact at the ends of i32", () => {
    const least = -2147483648;
    const operands = [i32(least, least, least, 2147483647), i32(-1, 1, least, least)];
    gives({ name: "div", operands, attrs: quotient(), dtype: "i32" }, [2147483647, least, 1, -1]);
  });
});

describe("mod", () => {
  const a = i32(7, -7, 7, -7, 6, 5);
  const b = i32(3, 3, -3, -3, 3, 0);

  it("has the divisor's sign, or the dividend's; by 0 it is 0", () => {
    gives({ name: "mod", operands: [a, b], attrs: [0], dtype: "i32" }, [1, 2, -2, -1, 0, 0]);
    gives({ name: "mod", operands: [a, b], attrs: [1], dtype: "i32" }, [1, -1, 1, -1, 0, 0]);
  });

  it("is exact at the ends of i32", () => {
    const [least, most] = [-2147483648, 2147483647];
    const operands = [i32(least, least, most, 1), i32(most, -1, least, least)];
    gives({ name: "mod", operands, attrs: [0], dtype: "i32" }, [2147483646, 0, -1, -2147483647]);
    gives({ name: "mod", operands, attrs: [1], dtype: "i32" }, [-1, 0, most, 1]);
  });

  it("needs an output range that holds every remainder", () => {
    const node = nodeFor({ name: "mod", operands: [literal([1], [1]), literal([1], [1])], attrs: [0] });
    const types = node.operands.map((type) => ({ ...type, lo: 1, hi: 9 }));
    const passed = (sign: number): unknown =>
      opNamed("mod").passedRange?.({
        ...node,
        operands: types,
        descriptor: { ...node.descriptor, attrs: [sign] },
      });
    expect([passed(0), passed(1)]).to.deep.equal([
      { lo: 0, hi: 8 },
      { lo: 0, hi: 8 },
    ]);
  });
});

describe("isqrt", () => {
  it("gives the nearest integer to the root of the lifted argument; a negative one counts as 0", () => {
    const x = i32(0, 1, 2, 3, 6, 7, 100, -4, 12);
    gives({ name: "isqrt", operands: [x], attrs: [0, 0, 1, 0, 0] }, [0, 1, 1, 2, 2, 3, 10, 0, 3]);
    gives({ name: "isqrt", operands: [x], attrs: [0, 4, 1, 0, 0] }, [0, 4, 6, 7, 10, 11, 40, 0, 14]);
    // An odd lift: the root of 2 x.
    gives({ name: "isqrt", operands: [x], attrs: [0, 1, 1, 0, 0] }, [0, 1, 2, 2, 3, 4, 14, 0, 5]);
  });

  it("takes the root above the zero point and requantises it", () => {
    // Roots 3 and 5 of 9 and 25: 3 x 3 / 2 = 4.5 -> 4, 5 x 3 / 2 = 7.5 -> 8.
    gives({ name: "isqrt", operands: [i32(8, 24, -2)], attrs: [-1, 0, 3, 1, -5] }, [-1, 3, -5]);
  });

  it("is refused where the argument could leave 2^53", () => {
    const node = (lift: number): (() => unknown) => {
      const input = tensorType("i32", [1], { lo: 0, hi: 2 ** 31 - 1 });
      const output = tensorType("i32", [1]);
      const operands = [{ kind: "input" as const, index: 0 }];
      return () =>
        loaded(
          programOf({ inputs: [input], ops: [{ opcode: 24, operands, output, attrs: [0, lift, 1, 0, 0] }] }),
        );
    };
    node(22)();
    throwsCode("AIVM_BOUND", node(23));
  });
});

describe("matmulDiv", () => {
  it("divides each row of the product by its own number, once", () => {
    const a = literal([2, 2], [1, 2, 3, 4]);
    const b = literal([2, 2], [1, 0, 1, 1]);
    const d = literal([2, 1], [2, -2], "i32");
    const attrs = attrsOf(opNamed("matmulDiv"), PLAIN);
    // Sums 1, 3 and 3, 7: 0.5 -> 0, 1.5 -> 2, -1.5 -> -2, -3.5 -> -4.
    gives({ name: "matmulDiv", operands: [a, b, d], attrs }, [0, 2, -2, -4]);
    const zeros = literal([2, 1], [0, 0], "i32");
    const range = { lo: -7, hi: 9 };
    gives({ name: "matmulDiv", operands: [a, b, zeros], attrs, range }, [9, 9, 9, 9]);
  });

  it("takes one divisor per row, of any batch that broadcasts", () => {
    const a = literal([2, 1, 1], [6, 8]);
    const b = literal([1, 2, 1], [1, 2]);
    const attrs = attrsOf(opNamed("matmulDiv"), PLAIN);
    gives({ name: "matmulDiv", operands: [a, b, literal([1, 1, 1], [2], "i32")], attrs }, [3, 6, 4, 8]);
    gives({ name: "matmulDiv", operands: [a, b, literal([2, 1, 1], [2, 4], "i32")], attrs }, [3, 6, 2, 4]);
    throwsCode("AIVM_SHAPE", () => nodeFor({ name: "matmulDiv", operands: [a, b, i32(1, 2)], attrs }));
    throwsCode("AIVM_SHAPE", () =>
      nodeFor({ name: "matmulDiv", operands: [a, b, literal([3, 1, 1], [1, 1, 1], "i32")], attrs }),
    );
  });
});

// ---- reference, wasm engine and formula ---------------------------------------------------------------------------

const DIVIDING = ["div", "mod", "isqrt", "matmulDiv"];

/** round(n / d): the candidates on both sides, compared by cross multiplication. */
function rounded(n: bigint, d: bigint, rounding: number): bigint {
  if (d < 0n) return rounded(-n, -d, rounding);
  let floor = n / d;
  while (floor * d > n) floor -= 1n;
  if (rounding === 2 || floor * d === n) return floor;
  if (rounding === 1) return n < 0n ? floor + 1n : floor;
  const twice = 2n * (n - floor * d);
  return twice < d || (twice === d && floor % 2n === 0n) ? floor : floor + 1n;
}

function clamped(value: bigint, { lo, hi }: TensorType): number {
  // An end drawn as -0 is 0.
  return (value < BigInt(lo) ? lo : value > BigInt(hi) ? hi : Number(value)) + 0;
}

/** What a division gives by the rules of the spec, in bigints. */
function quotientOf(
  node: OpNode,
  from: { readonly dividend: bigint; readonly divisor: bigint; readonly rounding: number },
): number {
  const { attrs, output } = node.descriptor;
  const [, , multiplier = 0, shift = 0, zero = 0] = attrs;
  const dividend = from.dividend * BigInt(multiplier) * 2n ** BigInt(Math.max(0, -shift));
  const divisor = from.divisor * 2n ** BigInt(Math.max(0, shift));
  if (divisor === 0n && dividend !== 0n) return (dividend < 0n ? output.lo : output.hi) + 0;
  const value = divisor === 0n ? 0n : rounded(dividend, divisor, from.rounding);
  return clamped(value + BigInt(zero), output);
}

type Formula = (node: OpNode, values: readonly bigint[][]) => number;

/** Value of an element from the operand values it reads, in the order in which it reads them. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  div(node, [[a = 0n] = [], [b = 0n] = []]) {
    const [zeroA = 0, zeroB = 0, , , , rounding = 0] = node.descriptor.attrs;
    return quotientOf(node, { dividend: a - BigInt(zeroA), divisor: b - BigInt(zeroB), rounding });
  },
  mod(node, [[a = 0n] = [], [b = 0n] = []]) {
    if (b === 0n) return clamped(0n, node.descriptor.output);
    return clamped(a - b * rounded(a, b, node.descriptor.attrs[0] === 1 ? 1 : 2), node.descriptor.output);
  },
  isqrt(node, [[x = 0n] = []]) {
    const [zeroX = 0, lift = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
    const argument = (x - BigInt(zeroX)) * 2n ** BigInt(lift);
    let root = 0n;
    for (let bit = 2n ** 60n; bit > 0n; bit /= 2n) if ((root + bit) ** 2n <= argument) root += bit;
    if (4n * argument > (2n * root + 1n) ** 2n) root += 1n;
    return clamped(
      BigInt(zero) + rounded(root * BigInt(multiplier), 2n ** BigInt(shift), 0),
      node.descriptor.output,
    );
  },
  matmulDiv(node, [a = [], b = [], [d = 0n] = []]) {
    const [zeroA = 0, zeroB = 0] = node.descriptor.attrs;
    const dividend = a.reduce((sum, v, k) => sum + (v - BigInt(zeroA)) * ((b[k] ?? 0n) - BigInt(zeroB)), 0n);
    return quotientOf(node, { dividend, divisor: d, rounding: 0 });
  },
};

/** What the wasm engine gives for one op whose operands are inputs. */
async function onWasm({ descriptor, operands: types }: OpNode, inputs: readonly Tensor[]): Promise<number[]> {
  const operands = inputs.map((_, index) => ({ kind: "input" as const, index }));
  const program = programOf({ inputs: types, ops: [{ ...descriptor, operands }] });
  const engine = await createWasmEngine({ model: { program, constants: [] }, wasm: await freshKernels() });
  const { outputs } = await engine.run({ inputs });
  return Array.from(outputs[0]?.data ?? []);
}

/** Compares reference and wasm engine with the formula on every element. */
async function compareAll(
  name: string,
  node: OpNode,
  operands: readonly Tensor[],
  label: string,
): Promise<void> {
  const { data } = evaluateOp(node, operands);
  const element = elementFunction(node);
  const want = Array.from(data, (_, i) => {
    const values: bigint[][] = operands.map(() => []);
    element(i, (operand, index) => {
      const value = operands[operand]?.data[index] ?? 0;
      values[operand]?.push(BigInt(value));
      return value;
    });
    return FORMULAS[name]?.(node, values) ?? Number.NaN;
  });
  expect(Array.from(data), `reference, ${label}`).to.deep.equal(want);
  expect(await onWasm(node, operands), `wasm, ${label}`).to.deep.equal(want);
}

describe("reference, wasm engine and bigint formula agree", () => {
  for (const name of DIVIDING) {
    it(`on ${name} of random shapes and extreme values`, async () => {
      for (let seed = 1; seed <= FUZZ_CASES; seed++) {
        const { node, operands } = randomNode(name, createRandom(seed * 31 + 7));
        await compareAll(name, node, operands, `seed ${seed}`);
      }
    });
  }

  it("on quotients at and beside ties and integers, up to the proven bound", async () => {
    const random = createRandom(99);
    for (let i = 0; i < FUZZ_CASES * 4; i++) {
      const bits = random.int(1, 30);
      const divisor = random.pick([-1, 1]) * random.int(1, 2 ** bits);
      // Dividends that are an odd multiple of half the divisor, or a multiple, give or take one.
      const most = Math.floor((2 ** 31 - 2) / Math.abs(divisor));
      const half = (random.int(-2 * most, 2 * most) * divisor) / 2;
      const dividends = [-1, 0, 1].map((off) => Math.trunc(half) + off);
      const lift = random.int(-21, 0);
      for (const rounding of [0, 1, 2]) {
        const attrs = quotient({ shift: lift, rounding, multiplier: random.pick([1, 1, 3, 2 ** 21 - 1]) });
        const given: OneOp = {
          name: "div",
          operands: [i32(...dividends), i32(divisor)],
          attrs,
          dtype: "i32",
        };
        const node = nodeFor(given);
        if ((opNamed("div").bound?.(node, []).product ?? 0n) > 2n ** 53n) continue;
        await compareAll("div", node, given.operands, `${dividends[0]} / ${divisor}, lift ${lift}`);
      }
    }
  });

  it("on roots at and beside k x (k + 1), up to the proven bound", async () => {
    const random = createRandom(98);
    const roots = (x: readonly number[], lift: number): Promise<void> => {
      const given: OneOp = { name: "isqrt", operands: [i32(...x)], attrs: [0, lift, 1, 0, 0], dtype: "i32" };
      return compareAll("isqrt", nodeFor(given), given.operands, `${x.join()} lifted by ${lift}`);
    };
    for (let i = 0; i < FUZZ_CASES; i++) {
      const k = random.int(0, random.pick([9, 46_340]));
      const x = [-1, 0, 1].map((off) => Math.min(k * (k + 1) + off, 2 ** 31 - 1));
      await roots(x, random.int(0, 22));
    }
    // With k or k + 1 a multiple of 2^22, k x (k + 1) is an i32 lifted by 22: the largest arguments there are.
    for (let j = 1; j <= 22; j++) await roots([j * (j * 2 ** 22 + 1), j * (j * 2 ** 22 - 1)], 22);
  });
});

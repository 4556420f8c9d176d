/** Parameters of every kind of map within the bounds that loading proves, and the formula of an element. */
import type { MAP } from "../../../../../aivm/engine/plan/format.ts";
import { type DivisionRounding, divide } from "../../../../../aivm/numeric/divide.ts";
import { isqrt } from "../../../../../aivm/numeric/isqrt.ts";
import { MAX_MULTIPLIER, requantize, roundShift } from "../../../../../aivm/numeric/requant.ts";
import { DTYPE_RANGE, type DType, type TensorData } from "../../../../../aivm/tensor/tensor.ts";
import type { Random } from "../../../support/random.ts";
import { randomData } from "./nests.ts";

/** One kind with its parameters. */
export interface MapCase {
  readonly y: DType;
  readonly operands: readonly {
    readonly dtype: DType;
    readonly range?: { readonly lo: number; readonly hi: number };
  }[];
  readonly parameters: readonly number[];
  readonly table?: TensorData;
  readonly formula: (a: number, b: number, c: number) => number;
}

const ALL: readonly DType[] = ["i8", "i16", "i32"];
const NARROW = { lo: -30_000, hi: 30_000 };
const BITS = { i8: 9, i16: 17, i32: 32 } as const;

/** A case of each kind. */
export const MAP_CASES: Readonly<Record<keyof typeof MAP, (random: Random) => MapCase>> = {
  copy(random) {
    const dtype = random.pick(ALL);
    return { y: dtype, operands: [{ dtype }], parameters: [], formula: (a) => a };
  },
  add(random) {
    const operands = [{ dtype: random.pick(ALL) }, { dtype: random.pick(ALL) }];
    const [mA = 0, mB = 0] = operands.map(({ dtype }) => signedMultiplier(random, dtype));
    const offset = random.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.int(-(2 ** 30), 2 ** 30)]);
    const shift = shiftOf(random);
    const { y, zero, lo, hi } = endOf(random);
    const clamp = (v: number): number => Math.max(lo, Math.min(hi, v));
    return {
      y,
      operands,
      parameters: [mA, mB, offset, shift, zero, lo, hi],
      formula: (a, b) => clamp(zero + roundShift(a * mA + b * mB + offset, shift)),
    };
  },
  mul(random) {
    const operands = [0, 1].map(() => ({ dtype: random.pick(ALL) }));
    const bounded = operands.map(({ dtype }) => (dtype === "i32" ? { dtype, range: NARROW } : { dtype }));
    const [zeroA, zeroB] = [zeroOf(random), zeroOf(random)];
    const { y, zero, lo, hi } = endOf(random);
    const by = { multiplier: multiplierOf(random), shift: shiftOf(random), zero, lo, hi };
    return {
      y,
      operands: bounded,
      parameters: [zeroA, zeroB, by.multiplier, by.shift, zero, lo, hi],
      formula: (a, b) => requantize((a - zeroA) * (b - zeroB), by),
    };
  },
  rescale(random) {
    const zeroX = zeroOf(random);
    const { y, zero, lo, hi } = endOf(random);
    const by = { multiplier: multiplierOf(random), shift: shiftOf(random), zero, lo, hi };
    return {
      y,
      operands: [{ dtype: random.pick(ALL) }],
      parameters: [zeroX, by.multiplier, by.shift, zero, lo, hi],
      formula: (a) => requantize(a - zeroX, by),
    };
  },
  table(random) {
    const dtype = random.int(0, 9) === 0 ? "i16" : "i8";
    const y = random.pick(ALL);
    const half = dtype === "i8" ? 128 : 32_768;
    const table = randomData(random, y, 2 * half);
    return { y, operands: [{ dtype }], parameters: [], table, formula: (a) => table[a + half] ?? 0 };
  },
  where(random) {
    const y = random.pick(ALL);
    const condition = {
      dtype: random.pick(ALL),
      range: random.pick([
        { lo: 0, hi: 1 },
        { lo: -128, hi: 127 },
      ]),
    };
    return {
      y,
      operands: [condition, { dtype: y }, { dtype: y }],
      parameters: [],
      formula: (a, b, c) => (a !== 0 ? b : c),
    };
  },
  compare(random) {
    const relation = random.int(0, 2);
    return {
      y: "i8",
      operands: [{ dtype: random.pick(ALL) }, { dtype: random.pick(ALL) }],
      parameters: [relation, 0, 1],
      formula: (a, b) => ((relation === 0 ? a === b : relation === 1 ? a < b : a <= b) ? 1 : 0),
    };
  },
  div(random) {
    const operands = [{ dtype: random.pick(ALL) }, { dtype: random.pick(ALL) }] as const;
    const [zeroA, zeroB] = [zeroOf(random), zeroOf(random)];
    const multiplier = random.pick([0, 1, 2, 3, 2 ** 19, random.int(0, 2 ** 19)]);
    const lift = 52 - BITS[operands[0].dtype] - 20;
    const shift = random.int(-Math.max(0, lift), 53 - BITS[operands[1].dtype]);
    const rounding = random.int(0, 2) as DivisionRounding;
    const { y, zero, lo, hi } = endOf(random);
    const by = { multiplier, shift, zero, rounding, lo, hi };
    return {
      y,
      operands,
      parameters: [zeroA, zeroB, multiplier, shift, zero, rounding, lo, hi],
      formula: (a, b) => divide(a - zeroA, b - zeroB, by),
    };
  },
  mod(random) {
    const sign = random.int(0, 1);
    return {
      y: "i32",
      operands: [{ dtype: random.pick(ALL) }, { dtype: random.pick(ALL) }],
      parameters: [sign],
      formula: (a, b) => (b === 0 ? 0 : a - b * (sign === 1 ? Math.trunc(a / b) : Math.floor(a / b))),
    };
  },
  isqrt(random) {
    const dtype = random.pick(ALL);
    const zeroX = zeroOf(random);
    const lift = random.int(0, 53 - BITS[dtype]);
    const { y, zero, lo, hi } = endOf(random);
    const by = { multiplier: multiplierOf(random), shift: shiftOf(random), zero, lo, hi };
    return {
      y,
      operands: [{ dtype }],
      parameters: [zeroX, lift, by.multiplier, by.shift, zero, lo, hi],
      formula: (a) => requantize(isqrt(Math.max(0, a - zeroX) * 2 ** lift), by),
    };
  },
  bitwise(random) {
    const kind = random.int(0, 2);
    const operands = [{ dtype: random.pick(ALL) }, { dtype: random.pick(ALL) }] as const;
    const y = BITS[operands[0].dtype] > BITS[operands[1].dtype] ? operands[0].dtype : operands[1].dtype;
    return {
      y,
      operands,
      parameters: [kind],
      formula: (a, b) => (kind === 0 ? a & b : kind === 1 ? a | b : a ^ b),
    };
  },
  shift(random) {
    const [direction, width, signed] = [random.int(0, 1), random.pick([8, 16, 32]), random.int(0, 1)];
    const word = (value: bigint): number =>
      Number(signed === 1 || width === 32 ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value));
    const move = (a: number, b: number): number => {
      const x = signed === 1 ? BigInt.asIntN(width, BigInt(a)) : BigInt.asUintN(width, BigInt(a));
      const by = BigInt(Math.max(0, Math.min(width, b)));
      return word(direction === 0 ? x << by : x >> by);
    };
    const by = { dtype: random.pick(ALL), range: { lo: -3, hi: 40 } };
    return {
      y: "i32",
      operands: [{ dtype: random.pick(ALL) }, by],
      parameters: [direction, width, signed],
      formula: move,
    };
  },
};

/** An add to the whole range of y. */
export function addCase(given: {
  readonly y: DType;
  readonly types: readonly [DType, DType];
  readonly mA: number;
  readonly mB: number;
  readonly offset: number;
  readonly shift: number;
}): MapCase {
  const { y, types, mA, mB, offset, shift } = given;
  const { lo, hi } = DTYPE_RANGE[y];
  return {
    y,
    operands: types.map((dtype) => ({ dtype })),
    parameters: [mA, mB, offset, shift, -3, lo, hi],
    formula: (a, b) => Math.max(lo, Math.min(hi, roundShift(a * mA + b * mB + offset, shift) - 3)),
  };
}

/** An output dtype with a zero point and a range inside it. */
function endOf(random: Random): {
  readonly y: DType;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
} {
  const y = random.pick(ALL);
  const whole = DTYPE_RANGE[y];
  const tight = random.int(0, 2) === 0;
  return {
    y,
    zero: zeroOf(random),
    lo: tight ? -100 : whole.lo,
    hi: tight ? random.int(-100, 100) : whole.hi,
  };
}

function zeroOf(random: Random): number {
  return random.pick([0, 0, 1, -1, 127, -128, -32_768, 32_767]);
}

function shiftOf(random: Random): number {
  return random.pick([0, 1, 2, 8, 20, 31, 40, 62, random.int(0, 62)]);
}

function multiplierOf(random: Random): number {
  return random.pick([0, 1, 2, 3, MAX_MULTIPLIER, 2 ** 20, random.int(0, MAX_MULTIPLIER)]);
}

function signedMultiplier(random: Random, dtype: DType): number {
  const most = dtype === "i32" ? 2 ** 20 : MAX_MULTIPLIER;
  return random.pick([0, 1, -1, 2, most, -most, random.int(-most, most)]);
}

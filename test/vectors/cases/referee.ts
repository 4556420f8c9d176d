/**
 * Nodes of valid programs with operands outside their declared ranges: what a referee meets when two parties agree on a
 * wrong tensor. Declared ranges are narrow, so that the proofs allow multipliers and lifts that such operands overflow.
 */
import type { DType } from "../oracle/types.ts";
import { big, type Case, type CaseTensor, constant, cycle, mixed, type } from "./build.ts";
import { inverseOf } from "./numbers.ts";

/** A case of the op named. */
export interface RefereeCase extends Case {
  readonly op: string;
}

/** Declared narrow; the values are anywhere in the dtype, its ends first. */
function beyond(
  dtype: DType,
  shape: readonly number[],
  range: readonly [number, number],
  seed: number,
): CaseTensor {
  const declared = type(dtype, shape, range);
  const { data = [] } = mixed(type(dtype, shape), seed);
  return { ...declared, data };
}

const M = 2097151;
const UNIT: readonly [number, number] = [-1, 1];

/** All of them. */
export function refereeCases(): RefereeCase[] {
  return [...sums(), ...divisions(), ...moves()];
}

function of(
  op: string,
  name: string,
  attrs: readonly number[],
  operands: readonly CaseTensor[],
  output: CaseTensor,
): RefereeCase {
  return { op, name, attrs: big(...attrs), operands, output };
}

/** Accumulators whose product with the multiplier leaves 2^53. */
function sums(): RefereeCase[] {
  const finish = (count: number, shift: number): CaseTensor[] => [
    constant(cycle(type("i32", [count], [-9, 9]), [1, -1, 0])),
    constant(cycle(type("i32", [count], [0, M]), [M, M - 2])),
    constant(cycle(type("i8", [count], [0, 62]), [shift, shift - 1])),
  ];
  const w = (shape: readonly number[]): CaseTensor =>
    constant(cycle(type("i16", shape), [-32768, 32767, -32767]));
  const shifts = [24, 26, 40, 62];
  return shifts.flatMap((shift) => [
    of(
      "linear",
      `products beyond 2^53, shift ${shift}`,
      [-3],
      [beyond("i16", [3, 60], UNIT, 9000 + shift), w([4, 60]), ...finish(4, shift)],
      type("i32", [3, 4]),
    ),
    of(
      "conv2d",
      `products beyond 2^53, shift ${shift}`,
      [1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 5],
      [beyond("i16", [1, 3, 3, 6], UNIT, 9010 + shift), w([2, 3, 3, 6]), ...finish(2, shift)],
      type("i32", [1, 3, 3, 2]),
    ),
    of(
      "matmul",
      `products beyond 2^53, shift ${shift}`,
      [0, 0, M, shift, 1],
      [beyond("i16", [2, 90], UNIT, 9020 + shift), beyond("i16", [3, 90], UNIT, 9030 + shift)],
      type("i32", [2, 3]),
    ),
    of(
      "avgPool2d",
      `products beyond 2^53, shift ${shift}`,
      [8, 8, 1, 1, 1, 1, 0, 0, 1, M, shift, 1],
      [beyond("i16", [1, 8, 8, 2], UNIT, 9040 + shift)],
      type("i16", [1, 2, 2, 2]),
    ),
    of(
      "sumReduce",
      `products beyond 2^53, shift ${shift}`,
      [1, -1, M, shift, 0],
      [beyond("i32", [3, 70], UNIT, 9050 + shift)],
      type("i32", [3, 1]),
    ),
    of(
      "rescale",
      `full i32, shift ${shift}`,
      [32767, M, shift, 0],
      [beyond("i32", [20], UNIT, 9060 + shift)],
      type("i32", [20]),
    ),
    of(
      "mul",
      `full i16, shift ${shift}`,
      [-32768, 32767, M, shift, 0],
      [beyond("i16", [20], UNIT, 9070 + shift), beyond("i16", [20], UNIT, 9080 + shift)],
      type("i32", [20]),
    ),
    of(
      "add",
      `full i32, shift ${shift}`,
      [M, -M, 2147483647, shift, 0],
      [beyond("i32", [20], UNIT, 9090 + shift), beyond("i32", [20], UNIT, 9100 + shift)],
      type("i32", [20]),
    ),
  ]);
}

/** Dividends, divisors and arguments far beyond what the proofs allow. */
function divisions(): RefereeCase[] {
  const cases: RefereeCase[] = [];
  for (const rounding of [0, 1, 2]) {
    for (const [multiplier, shift] of [
      [1, -50],
      [M, -30],
      [M, 0],
      [M, 52],
    ] as const) {
      cases.push(
        of(
          "div",
          `rounding ${rounding}, multiplier ${multiplier}, shift ${shift}`,
          [0, 0, multiplier, shift, 2, rounding],
          [beyond("i32", [24], UNIT, 9200 + rounding), beyond("i32", [24], [1, 1], 9210 + shift)],
          type("i32", [24]),
        ),
      );
    }
    cases.push(
      of(
        "div",
        `rounding ${rounding}, divisors that were never 0`,
        [0, 0, M, -20, 0, rounding],
        [beyond("i32", [5], UNIT, 9220), { ...type("i8", [5], [1, 3]), data: big(0, 0, 0, 0, 0) }],
        type("i32", [5], [-77, 88]),
      ),
    );
  }
  for (const lift of [30, 45, 52]) {
    cases.push(
      of(
        "isqrt",
        `arguments beyond 2^53, lift ${lift}`,
        [0, lift, 1, 0, 0],
        [beyond("i32", [16], [0, 1], 9230 + lift)],
        type("i32", [16]),
      ),
    );
    cases.push(
      of(
        "isqrt",
        `roots times 2^21 - 1, lift ${lift}`,
        [-32768, 37, M, lift, 0],
        [beyond("i32", [16], [-32768, -32767], 9240 + lift)],
        type("i32", [16]),
      ),
    );
  }
  for (const shift of [-30, -10, 0, 20, 50]) {
    cases.push(
      of(
        "matmulDiv",
        `shift ${shift}`,
        [0, 0, shift < 0 ? 1 : M, shift, 1],
        [
          beyond("i16", [3, 8], UNIT, 9250 + shift),
          beyond("i16", [2, 8], UNIT, 9310 + shift),
          beyond("i32", [3, 1], [1, 1], 9370 + shift),
        ],
        type("i32", [3, 2]),
      ),
    );
  }
  for (const lift of [28, 29, 30]) {
    // v = r * r + r with r = 2^lift - 1, just below the middle between two squares, in more than 53 bits.
    const x = { ...type("i32", [4], [0, 1]), data: big(2 ** lift - 1, 2 ** lift, 2 ** lift + 1, 1) };
    cases.push(
      of("isqrt", `middles between squares, lift ${lift}`, [0, lift, 1, 0, 0], [x], type("i32", [4])),
    );
  }
  cases.push(...quotientsBesideTies());
  for (const sign of [0, 1]) {
    cases.push(
      of(
        "mod",
        `sign ${sign}`,
        [sign],
        [beyond("i32", [24], [0, 9], 9430 + sign), beyond("i32", [24], [1, 4], 9440 + sign)],
        type("i32", [24]),
      ),
    );
    cases.push(
      of(
        "mod",
        `sign ${sign}, clamped to the declared range`,
        [sign],
        [beyond("i32", [24], [0, 9], 9450 + sign), beyond("i32", [24], [1, 4], 9460 + sign)],
        type("i8", [24], [0, 3]),
      ),
    );
  }
  return cases;
}

/** acc * multiplier = d * (q + 1/2) + 1 or - 1, beyond 2^53: a product rounded to a 64-bit float would make a tie. */
function quotientsBesideTies(): RefereeCase[] {
  const d = 1n << 30n;
  return [1n, -1n].flatMap((off) =>
    [8n, 9n].map((more) => {
      const acc = (((d / 2n + off) * inverseOf(BigInt(M), d)) % d) + more * d;
      // acc in digits of base 2^14: 2^28 as often as needed, then 2^14 times a digit, then a digit.
      const top = Number(acc >> 28n);
      const a = [...new Array<number>(top).fill(16384), Number((acc >> 14n) % 16384n), Number(acc % 16384n)];
      const b = [...new Array<number>(top + 1).fill(16384), 1];
      const row = (values: readonly number[]): CaseTensor => ({
        ...type("i16", [1, values.length], UNIT),
        data: big(...values),
      });
      const divisor = { ...type("i32", [1, 1], [1, 1]), data: [d] };
      return of(
        "matmulDiv",
        `beside a tie by ${off}, after ${more}`,
        [0, 0, M, 0, 0],
        [row(a), row(b), divisor],
        type("i32", [1, 1]),
      );
    }),
  );
}

/** Values that the last clamp brings back, and positions that no valid run has. */
function moves(): RefereeCase[] {
  const x = beyond("i8", [2, 6], [-5, 5], 9500);
  const narrow = (shape: readonly number[]): CaseTensor => type("i8", shape, [-5, 5]);
  const image = beyond("i8", [1, 3, 4, 1], [-5, 5], 9501);
  const cases = [
    of("reshape", "clamped", [], [x], narrow([3, 4])),
    of("transpose", "clamped", [1, 0], [x], narrow([6, 2])),
    of("concat", "clamped", [1], [x, x], narrow([2, 12])),
    of("slice", "clamped", [1, 5, -1, -2], [x], narrow([2, 3])),
    of("pad", "clamped", [1, 0, 3], [x], narrow([3, 7])),
    of("expand", "clamped", [], [x], narrow([2, 2, 6])),
    of("maxReduce", "clamped", [1], [x], narrow([2, 1])),
    of("argmax", "any values", [1], [x], type("i32", [2, 1], [0, 5])),
    of("rank", "any values", [1, 1], [x], type("i32", [2, 6], [0, 5])),
    of("maxPool2d", "clamped", [2, 2, 1, 1, 0, 0, 0, 0, 1, 1], [image], type("i8", [1, 2, 3, 1], [-5, 5])),
    of("gather", "indices and values", [1], [x, beyond("i32", [5], [0, 5], 9502)], narrow([2, 5])),
    of(
      "table",
      "x outside its range",
      [],
      [x, constant(cycle(type("i8", [256], [-5, 5]), [-5, 0, 3, 5, 1]))],
      narrow([2, 6]),
    ),
    of(
      "where",
      "clamped",
      [],
      [beyond("i8", [2, 6], [0, 1], 9503), x, cycle(type("i8", [], [2, 2]), [2])],
      narrow([2, 6]),
    ),
    of("compare", "any values", [1], [x, beyond("i32", [6], UNIT, 9504)], type("i8", [2, 6], [0, 1])),
    of(
      "shift",
      "left, clamped",
      [0, 16, 1],
      [beyond("i8", [9], [0, 3], 9505), beyond("i8", [9], [0, 2], 9506)],
      type("i8", [9], [0, 12]),
    ),
    of(
      "shift",
      "right, clamped",
      [1, 8, 0],
      [beyond("i32", [9], [0, 200], 9507), beyond("i32", [9], [1, 2], 9508)],
      type("i8", [9], [0, 100]),
    ),
    of("random", "any seed", [7], [beyond("i32", [4], [0, 0], 9509)], type("i16", [5])),
  ];
  for (const kind of [0, 1, 2]) {
    cases.push(
      of(
        "bitwise",
        `kind ${kind}, clamped`,
        [kind],
        [beyond("i32", [9], [0, 3], 9510), beyond("i32", [9], [0, 2], 9511)],
        type("i32", [9], [0, 3]),
      ),
    );
  }
  for (const reduction of [0, 1, 2, 3, 4]) {
    const by = reduction === 2 ? [1, 2] : [1, 0];
    const updates =
      reduction === 2 ? cycle(type("i16", [7], [-3, 3]), [1, 2, -1, 3]) : beyond("i32", [7], UNIT, 9520);
    const positions = cycle(type("i8", [7]), [0, 1, 0, 2, -1, 1, 0]);
    cases.push(
      of(
        "scatter",
        `reduction ${reduction}, clamped`,
        [0, reduction, ...by],
        [beyond("i32", [4], UNIT, 9530), positions, updates],
        type("i32", [4], [-90, 90]),
      ),
    );
  }
  return cases;
}

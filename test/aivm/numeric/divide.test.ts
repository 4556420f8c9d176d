import { expect } from "chai";
import fc from "fast-check";
import { type DivisionRounding, divide, divideRound, divideRoundBig } from "../../../aivm/numeric/divide.ts";
import { isqrt, isqrtBig } from "../../../aivm/numeric/isqrt.ts";

const ROUNDINGS: readonly DivisionRounding[] = [0, 1, 2];
const safe = fc.maxSafeInteger();

/** Rounding by its definition: the integers on both sides of the quotient, and which one the rule takes. */
function defined(dividend: bigint, divisor: bigint, rounding: DivisionRounding): bigint {
  const [n, d] = divisor < 0n ? [-dividend, -divisor] : [dividend, divisor];
  const floor = n >= 0n ? n / d : -((-n + d - 1n) / d);
  if (rounding === 2) return floor;
  if (rounding === 1) return floor < 0n && floor * d !== n ? floor + 1n : floor;
  const above = 2n * (n - floor * d) - d;
  return above > 0n || (above === 0n && floor % 2n !== 0n) ? floor + 1n : floor;
}

describe("rounded division", () => {
  it("is the definition, for numbers and for bigints", () => {
    fc.assert(
      fc.property(
        safe,
        fc.oneof(safe, fc.integer({ min: -99, max: 99 })).filter((d) => d !== 0),
        (n, d) => {
          for (const rounding of ROUNDINGS) {
            const want = defined(BigInt(n), BigInt(d), rounding);
            expect(divideRoundBig(BigInt(n), BigInt(d), rounding)).to.equal(want);
            expect(BigInt(divideRound(n, d, rounding))).to.equal(want);
          }
        },
      ),
      { seed: 5, numRuns: 2000 },
    );
  });

  it("sends ties to the even neighbour, of any size and sign", () => {
    const half = fc.record({
      quotient: fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
      half: fc.integer({ min: 1, max: 2 ** 26 }),
      sign: fc.constantFrom(1, -1),
      off: fc.constantFrom(-1, 0, 1),
    });
    fc.assert(
      fc.property(half, ({ quotient, half: h, sign, off }) => {
        const dividend = sign * ((2 * quotient + 1) * h + off);
        const want = defined(BigInt(dividend), BigInt(sign * 2 * h), 0);
        expect(BigInt(divideRound(dividend, sign * 2 * h, 0))).to.equal(want);
      }),
      { seed: 6, numRuns: 2000 },
    );
  });

  it("is exact and inside the range for any operands, however large", () => {
    const parameters = fc.record({
      multiplier: fc.integer({ min: 0, max: 2 ** 21 - 1 }),
      shift: fc.integer({ min: -52, max: 62 }),
      rounding: fc.constantFrom(...ROUNDINGS),
      zero: fc.integer({ min: -32768, max: 32767 }),
    });
    const operand = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), safe);
    fc.assert(
      fc.property(operand, operand, parameters, (a, b, by) => {
        const [lo, hi] = [-(2 ** 31), 2 ** 31 - 1];
        const dividend = BigInt(a) * BigInt(by.multiplier) * 2n ** BigInt(Math.max(0, -by.shift));
        const divisor = BigInt(b) * 2n ** BigInt(Math.max(0, by.shift));
        const atZero = dividend === 0n ? BigInt(by.zero) : BigInt(dividend < 0n ? lo : hi);
        const exact = divisor === 0n ? atZero : BigInt(by.zero) + defined(dividend, divisor, by.rounding);
        const want = exact < BigInt(lo) ? lo : exact > BigInt(hi) ? hi : Number(exact);
        expect(divide(a, b, { ...by, lo, hi }) + 0).to.equal(want);
      }),
      { seed: 7, numRuns: 3000 },
    );
  });
});

describe("integer square root", () => {
  const isNearest = (root: bigint, value: bigint): boolean =>
    (2n * root - 1n) ** 2n <= 4n * value || root === 0n ? 4n * value <= (2n * root + 1n) ** 2n : false;

  it("is the nearest integer, for numbers and for bigints", () => {
    const value = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 }));
    fc.assert(
      fc.property(value, (v) => {
        expect(isNearest(BigInt(isqrt(v)), BigInt(v))).to.equal(true);
        expect(isqrtBig(BigInt(v))).to.equal(BigInt(isqrt(v)));
      }),
      { seed: 8, numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 90n }), (v) => isNearest(isqrtBig(v), v)),
      { seed: 9, numRuns: 500 },
    );
  });

  it("changes exactly above k x (k + 1), up to 2^53", () => {
    const root = fc.oneof(fc.nat({ max: 94_906_264 }), fc.integer({ min: 94_900_000, max: 94_906_264 }));
    fc.assert(
      fc.property(root, (k) => {
        expect([isqrt(k * (k + 1)), isqrt(k * (k + 1) + 1)]).to.deep.equal([k, k + 1]);
      }),
      { seed: 10, numRuns: 2000 },
    );
    expect(isqrt(2 ** 53)).to.equal(94_906_266);
  });
});

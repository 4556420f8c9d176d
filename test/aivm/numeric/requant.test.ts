import { expect } from "chai";
import fc from "fast-check";
import { clamp } from "../../../aivm/numeric/clamp.ts";
import {
  MAX_MULTIPLIER,
  MAX_SHIFT,
  requantize,
  roundShift,
  roundShiftBig,
} from "../../../aivm/numeric/requant.ts";

const SEED = { seed: 20, numRuns: 3000 };
const I32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** The definition, with nothing but bigint: compare twice the remainder with the divisor. */
function exactRequantize(acc: bigint, multiplier: bigint, shift: bigint): bigint {
  const divisor = 1n << shift;
  const product = acc * multiplier;
  let quotient = product / divisor;
  let rest = product - quotient * divisor;
  if (rest < 0n) {
    rest += divisor;
    quotient -= 1n;
  }
  if (2n * rest > divisor || (2n * rest === divisor && quotient % 2n !== 0n)) quotient += 1n;
  return quotient;
}

describe("roundShift", () => {
  it("rounds halves to even, on both sides of zero", () => {
    const halves = [-7, -5, -3, -1, 1, 3, 5, 7].map((value) => roundShift(value, 1));
    expect(halves.map((value) => value + 0)).to.deep.equal([-4, -2, -2, 0, 0, 2, 2, 4]);
  });

  it("leaves integers alone at shift 0, up to 2^53", () => {
    for (const value of [0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1]) expect(roundShift(value, 0)).to.equal(value);
  });

  it("agrees with bigint for every value below 2^53 and every shift", () => {
    const value = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: MAX_SHIFT }), (v, shift) => {
        const want = exactRequantize(BigInt(v), 1n, BigInt(shift));
        expect(BigInt(roundShift(v, shift))).to.equal(want);
        expect(roundShiftBig(BigInt(v), shift)).to.equal(want);
      }),
      SEED,
    );
  });

  it("agrees with bigint exactly on ties and next to them", () => {
    const odd = fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((v) => 2 * v + 1);
    fc.assert(
      fc.property(odd, fc.integer({ min: 1, max: 30 }), fc.constantFrom(-1, 0, 1), (half, shift, step) => {
        const value = half * 2 ** (shift - 1) + step;
        expect(BigInt(roundShift(value, shift))).to.equal(exactRequantize(BigInt(value), 1n, BigInt(shift)));
      }),
      SEED,
    );
  });
});

describe("requantize", () => {
  const open = { zero: 0, lo: I32.min, hi: I32.max };

  it("is clamp(zero + RNE(acc x multiplier / 2^shift)) for any accumulator and parameters", () => {
    const acc = fc.oneof(fc.integer(I32), fc.integer({ min: -(2 ** 47), max: 2 ** 47 }));
    const multiplier = fc.oneof(fc.integer({ min: 0, max: MAX_MULTIPLIER }), fc.constant(MAX_MULTIPLIER));
    fc.assert(
      fc.property(
        acc,
        multiplier,
        fc.integer({ min: 0, max: MAX_SHIFT }),
        fc.integer({ min: -200, max: 200 }),
        (a, m, s, zero) => {
          const exact = BigInt(zero) + exactRequantize(BigInt(a), BigInt(m), BigInt(s));
          const want = exact < -128n ? -128 : exact > 127n ? 127 : Number(exact);
          expect(requantize(a, { multiplier: m, shift: s, zero, lo: -128, hi: 127 }) + 0).to.equal(want);
          const wide = exact < BigInt(I32.min) ? I32.min : exact > BigInt(I32.max) ? I32.max : Number(exact);
          expect(requantize(a, { ...open, multiplier: m, shift: s, zero }) + 0).to.equal(wide);
        },
      ),
      SEED,
    );
  });

  it("stays exact where the product leaves 2^53", () => {
    // 2^44 + 1 times 2^21 - 1 needs 65 bits; f64 would lose the last ones and with them this tie.
    const acc = 2 ** 44 + 1;
    const params = { ...open, multiplier: MAX_MULTIPLIER, shift: 34 };
    const want = exactRequantize(BigInt(acc), BigInt(MAX_MULTIPLIER), 34n);
    expect(requantize(acc, params)).to.equal(Number(want > 2n ** 31n - 1n ? 2n ** 31n - 1n : want));
  });

  it("clamps parameters out of their range instead of failing", () => {
    expect(requantize(5, { ...open, multiplier: -3, shift: 1 })).to.equal(0);
    expect(requantize(1, { ...open, multiplier: 2 ** 30, shift: 0 })).to.equal(MAX_MULTIPLIER);
    expect(requantize(5, { ...open, multiplier: 4, shift: -9 })).to.equal(20);
    expect(requantize(2 ** 40, { ...open, multiplier: 2 ** 20, shift: 127 })).to.equal(0);
  });
});

describe("clamp", () => {
  it("moves a value to the nearer end of its range", () => {
    expect([-9, -2, 0, 2, 9].map((value) => clamp(value, -2, 2))).to.deep.equal([-2, -2, 0, 2, 2]);
  });
});

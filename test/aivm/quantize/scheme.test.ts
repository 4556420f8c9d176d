import { expect } from "chai";
import fc from "fast-check";
import { MAX_MULTIPLIER } from "../../../aivm/numeric/requant.ts";
import {
  activationQuantization,
  asymmetric8,
  multiplierFor,
  quantizeReal,
  roundHalfEven,
  symmetric16,
} from "../../../aivm/quantize/scheme.ts";
import { quantizeWeights, weightErrorMeans } from "../../../aivm/quantize/weights.ts";

const real = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("quantisation scheme", () => {
  it("rounds half to even", () => {
    expect([0.5, 1.5, 2.5, 3.5, -1.5, -2.5, 2.4999].map(roundHalfEven)).to.deep.equal([
      0, 2, 2, 4, -2, -2, 2,
    ]);
  });

  it("represents every value of the calibrated range within half a step, and 0 exactly", () => {
    fc.assert(
      fc.property(real, real, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, t) => {
        const range = { min: Math.min(a, b), max: Math.max(a, b) };
        for (const precision of ["a8", "a16"] as const) {
          const q = activationQuantization(precision, range);
          const value = range.min + t * (range.max - range.min);
          const back = q.scale * (quantizeReal(value, q) - q.zero);
          // The ends of an asymmetric range move by the rounding of its zero point.
          expect(Math.abs(back - value)).to.be.at.most(1.01 * q.scale);
          expect(quantizeReal(0, q)).to.equal(q.zero);
          expect(q.lo).to.be.at.most(q.zero);
          expect(q.hi).to.be.at.least(q.zero);
        }
      }),
      { seed: 11 },
    );
  });

  it("uses the whole type", () => {
    expect(symmetric16({ min: -2, max: 1 })).to.deep.include({
      dtype: "i16",
      zero: 0,
      lo: -32767,
      hi: 32767,
      scale: 2 / 32767,
    });
    expect(asymmetric8({ min: 0, max: 255 })).to.deep.include({ dtype: "i8", zero: -128, scale: 1 });
    expect(asymmetric8({ min: 3, max: 255 }).zero).to.equal(-128);
  });

  it("finds a multiplier within 2^-20 of any factor below 2^21, and keeps the product below 2^53", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 2 ** -40, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        (factor, bound) => {
          const m = multiplierFor(factor, bound);
          expect(m).to.not.equal(undefined);
          if (m === undefined) return;
          expect(m.multiplier).to.be.at.most(MAX_MULTIPLIER);
          expect(m.multiplier * bound).to.be.at.most(2 ** 53);
          expect(Math.abs(m.multiplier / 2 ** m.shift / factor - 1)).to.be.at.most(2 ** -20);
        },
      ),
      { seed: 5 },
    );
    expect(multiplierFor(2 ** 22, 1)).to.equal(undefined);
    expect(multiplierFor(0.25, 1000)).to.deep.equal({ multiplier: 1, shift: 2 });
  });

  it("quantises weights per channel, within half a step of each channel's own scale", () => {
    const rows = [0.4, -1, 0.25, 100, 60, -25];
    const w = quantizeWeights(rows, { channels: 2, dtype: "i8" });
    expect([...w.data]).to.deep.equal([51, -127, 32, 127, 76, -32]);
    expect([...w.scales]).to.deep.equal([1 / 127, 100 / 127]);
  });

  it("measures what weight rounding adds on average", () => {
    const rows = [0.3, 0.6];
    const w = quantizeWeights(rows, { channels: 1, dtype: "i8" });
    const means = Float64Array.of(2, 4);
    const exact = (w.scales[0] ?? 0) * ((w.data[0] ?? 0) * 2 + (w.data[1] ?? 0) * 4) - (0.3 * 2 + 0.6 * 4);
    expect(weightErrorMeans(rows, w, [means])[0]).to.be.closeTo(exact, 1e-12);
  });
});

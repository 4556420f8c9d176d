import { expect } from "chai";
import fc from "fast-check";
import {
  addToHistogram,
  createHistogram,
  type Histogram,
  percentileRange,
  shareBeyond,
  storageError,
} from "../../../aivm/quantize/histogram.ts";

function histogramOf(...batches: readonly (readonly number[])[]): Histogram {
  const histogram = createHistogram();
  for (const batch of batches) addToHistogram(histogram, batch);
  return histogram;
}

const real = fc.double({ min: -1e4, max: 1e4, noNaN: true });

describe("histogram", () => {
  it("counts every finite value once, however the values come and grow", () => {
    fc.assert(
      fc.property(fc.array(real, { minLength: 1 }), fc.array(real, { minLength: 1 }), (a, b) => {
        const histogram = histogramOf(
          a,
          b.map((v) => 1000 * v),
        );
        const total = histogram.counts.reduce((x, y) => x + y, 0);
        // Values are all 0: there is no bin width yet, and all lie in the bin of 0.
        expect(total).to.equal(a.length + b.length);
        expect(histogram.total).to.equal(total);
      }),
      { seed: 3 },
    );
    expect(histogramOf([1, Number.NaN, Number.POSITIVE_INFINITY]).total).to.equal(1);
  });

  it("keeps each value within a bin of where it was", () => {
    fc.assert(
      fc.property(fc.array(real, { minLength: 1, maxLength: 30 }), (values) => {
        const histogram = histogramOf(...values.map((v) => [v]));
        const width = histogram.limit / 1024;
        const range = percentileRange(histogram, 100);
        expect(range.min).to.be.within(Math.min(...values) - width, Math.min(...values));
        expect(range.max).to.be.within(Math.max(...values), Math.max(...values) + width);
      }),
      { seed: 4 },
    );
  });

  it("finds the percentile range", () => {
    const values = Array.from({ length: 10_001 }, (_, i) => i / 10_000);
    const range = percentileRange(histogramOf(values, [500]), 99);
    expect(range.min).to.be.closeTo(0.005, 0.5);
    expect(range.max).to.be.closeTo(0.995, 0.5);
    expect(percentileRange(histogramOf(values, [500]), 100).max).to.be.closeTo(500, 0.5);
  });

  it("weighs rounding against clipping", () => {
    const histogram = histogramOf(
      Array.from({ length: 100_000 }, (_, i) => i / 100_000),
      [50],
    );
    const wide = storageError(histogram, { min: 0, max: 50 }, 255);
    const narrow = storageError(histogram, { min: 0, max: 1 }, 255);
    expect(wide).to.be.closeTo((50 / 255) ** 2 / 12, 1e-5);
    // 49 clipped off one value in 100,001.
    expect(narrow).to.be.closeTo(49 ** 2 / 100_001, 1e-3);
  });

  it("counts what lies beyond a range", () => {
    const histogram = histogramOf([0, 0.1, 0.2, 0.9, -0.9]);
    expect(shareBeyond(histogram, { min: -1, max: 0.5 })).to.equal(0.2);
    expect(shareBeyond(histogram, { min: -1, max: 1 })).to.equal(0);
  });
});

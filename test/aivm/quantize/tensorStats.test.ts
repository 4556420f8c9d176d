import { expect } from "chai";
import { uniform } from "../../../aivm/quantize/augment.ts";
import { addSample, emptySeen, type Seen, statsOf } from "../../../aivm/quantize/tensorStats.ts";

const use = { held: false, measured: true, counted: true };

/** A tensor of 40,000 values in [-1, 1) with one more value in it, seen once for the ranges and once held out. */
function seenWith(outlier: number): Seen {
  const random = uniform(2);
  const draw = (): Float32Array => Float32Array.from({ length: 40_000 }, () => 2 * random() - 1);
  const entry = emptySeen(40_000, false);
  const sample = draw();
  sample[17] = outlier;
  addSample(entry, sample, use);
  addSample(entry, draw(), { ...use, held: true, measured: false });
  return entry;
}

describe("statistics of a tensor", () => {
  it("offer a percentile range where an outlier costs the other values their steps", () => {
    const stats = statsOf(seenWith(30));
    expect(stats.max).to.equal(30);
    expect(stats.clipped?.percentile).to.equal(99.99);
    expect(stats.clipped?.range.max).to.be.within(0.99, 1.1);
  });

  it("offer none where min-max is as good", () => {
    expect(statsOf(seenWith(1)).clipped).to.equal(undefined);
  });

  it("average the measured samples only", () => {
    const entry = emptySeen(2, true);
    addSample(entry, Float32Array.of(1, 2), use);
    addSample(entry, Float32Array.of(3, 6), use);
    addSample(entry, Float32Array.of(100, 100), { ...use, held: true, measured: false });
    const { mean, power, max } = statsOf(entry);
    expect([...mean]).to.deep.equal([2, 4]);
    expect([...power]).to.deep.equal([5, 20]);
    expect(max).to.equal(100);
  });

  it("tell a mask from what is no number", () => {
    const entry = emptySeen(1, false);
    addSample(entry, Float32Array.of(Number.NEGATIVE_INFINITY), use);
    expect(statsOf(entry)).to.deep.include({ masked: true, finite: true, min: 0, max: 0 });
    addSample(entry, Float32Array.of(Number.NaN), use);
    expect(statsOf(entry).finite).to.equal(false);
  });
});

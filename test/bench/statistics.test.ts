import { expect } from "chai";
import { geometricMean, median } from "./statistics.ts";

describe("statistics of benchmarks", () => {
  it("takes the middle value, or the mean of the two middle ones, whatever the order", () => {
    expect(median([5, 1, 3])).to.equal(3);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([10, 9, 100])).to.equal(10);
  });

  it("leaves the list as it was", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });

  it("means ratios geometrically: twice as fast and half as fast cancel", () => {
    expect(geometricMean([2, 0.5])).to.be.closeTo(1, 1e-12);
    expect(geometricMean([1, 10, 100])).to.be.closeTo(10, 1e-12);
    expect(geometricMean([3])).to.be.closeTo(3, 1e-12);
  });
});

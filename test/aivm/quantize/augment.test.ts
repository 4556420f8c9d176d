import { expect } from "chai";
import { augment, uniform } from "../../../aivm/quantize/augment.ts";

const picture = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => i);
const shape = [2, 4, 6] as const;

describe("augmentation of calibration samples", () => {
  it("gives the same samples for the same seed, others for another", () => {
    const how = { shape, count: 9, shift: 2, flip: true, brightness: 0.3, crop: 0.3 };
    const once = augment([picture], { ...how, seed: 3 });
    expect(augment([picture], { ...how, seed: 3 })).to.deep.equal(once);
    expect(augment([picture], { ...how, seed: 4 })).to.not.deep.equal(once);
    expect(once).to.have.length(9);
  });

  it("starts with the pictures themselves and stays within their values", () => {
    const other = picture.map((v) => v / 2);
    const all = augment([picture, other], { shape, count: 40, seed: 1, brightness: 0.9, crop: 0.5 });
    expect(all[0]).to.deep.equal(picture);
    expect(all[1]).to.deep.equal(other);
    for (const sample of all) {
      expect(Math.min(...sample)).to.be.at.least(0);
      expect(Math.max(...sample)).to.be.at.most(47);
    }
  });

  it("only moves what exists: without brightness every value is one of the same channel", () => {
    const all = augment([picture], { shape, count: 30, seed: 5, shift: 3, flip: true, crop: 0.5 });
    expect(new Set(all.map((sample) => sample.join())).size).to.be.greaterThan(10);
    for (const sample of all) {
      expect(sample.subarray(0, 24).every((v) => Number.isInteger(v) && v < 24)).to.equal(true);
      expect(sample.subarray(24).every((v) => v >= 24)).to.equal(true);
    }
  });

  it("changes nothing when it may not", () => {
    const all = augment([picture], { shape, count: 3, seed: 5 });
    for (const sample of all) expect(sample).to.deep.equal(picture);
  });

  it("refuses pictures of another size", () => {
    expect(() => augment([picture.subarray(1)], { shape, count: 3, seed: 5 })).to.throw(RangeError);
    expect(() => augment([], { shape, count: 3, seed: 5 })).to.throw(RangeError);
  });

  it("draws numbers that fill [0, 1)", () => {
    const random = uniform(1);
    const drawn = Array.from({ length: 4000 }, random);
    expect(Math.min(...drawn)).to.be.within(0, 0.01);
    expect(Math.max(...drawn)).to.be.within(0.99, 1);
    expect(drawn.reduce((a, b) => a + b, 0) / 4000).to.be.closeTo(0.5, 0.02);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import {
  broadcastShape,
  broadcastStrides,
  coordinatesOf,
  elementCount,
  stridesOf,
} from "../../../aivm/tensor/shape.ts";
import { throwsCode } from "../support/errors.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });

describe("shapes", () => {
  it("count one element for a scalar and the product otherwise", () => {
    expect([elementCount([]), elementCount([2, 3, 4])]).to.deep.equal([1, 24]);
  });

  it("find an element from its coordinates and its coordinates from the element", () => {
    fc.assert(
      fc.property(shapes, fc.nat(), (shape, n) => {
        const element = n % elementCount(shape);
        const strides = stridesOf(shape);
        const back = coordinatesOf(element, shape).reduce(
          (sum, at, axis) => sum + at * (strides[axis] ?? 0),
          0,
        );
        expect(back).to.equal(element);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("broadcast as NumPy does: right-aligned, equal or 1", () => {
    expect(broadcastShape([4, 1, 3], [2, 1])).to.deep.equal([4, 2, 3]);
    expect(broadcastShape([], [2])).to.deep.equal([2]);
    throwsCode("AIVM_SHAPE", () => broadcastShape([2, 3], [2]));
  });

  it("read a broadcast operand with stride 0 along its repeated axes", () => {
    expect(broadcastStrides([3, 1], [2, 3, 4])).to.deep.equal([0, 1, 0]);
    throwsCode("AIVM_SHAPE", () => broadcastStrides([2, 2], [4]));
    throwsCode("AIVM_SHAPE", () => broadcastStrides([2], [3]));
  });
});

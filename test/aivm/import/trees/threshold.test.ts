import { expect } from "chai";
import fc from "fast-check";
import { float32AtMost, MOST_FLOAT32 } from "../../../../aivm/import/trees/threshold.ts";

const view = new DataView(new ArrayBuffer(4));

/** The float32 `steps` above x in the order of floats; infinities are kept. */
function neighbour(x: number, steps: number): number {
  view.setFloat32(0, x);
  const bits = view.getInt32(0);
  const order = (bits >= 0 ? bits : -(bits & 0x7fff_ffff)) + steps;
  const most = 0x7f80_0000;
  const kept = Math.min(Math.max(order, -most), most);
  view.setInt32(0, kept >= 0 ? kept : -kept | -0x8000_0000);
  return view.getFloat32(0);
}

/** Doubles of every size, half of them a hair's breadth from a float32. */
const thresholds = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc
    .tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -2, max: 2 }))
    .map(([x, by]) => x + by * 2 ** -52 * Math.abs(x)),
  fc.constantFrom(0, -0, 1e-46, -1e-46, 1e300, -1e300, MOST_FLOAT32, -MOST_FLOAT32, 3.5e38, -3.5e38),
);

describe("a float64 threshold for float32 features", () => {
  it("decides for every float32, the nearest ones above all, as the float64 does", () => {
    fc.assert(
      fc.property(
        thresholds,
        fc.integer({ min: -3, max: 3 }),
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        (threshold, steps, anywhere) => {
          const limit = float32AtMost(threshold);
          expect(Math.fround(limit)).to.equal(limit);
          for (const x of [neighbour(Math.fround(threshold), steps), anywhere]) {
            if (Number.isFinite(x)) expect(x <= limit, `${x} <= ${threshold}`).to.equal(x <= threshold);
          }
        },
      ),
      { seed: 3, numRuns: 5_000 },
    );
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { type Lifetime, placeBuffers } from "../../../../aivm/engine/plan/memory.ts";

const lifetimes: fc.Arbitrary<Lifetime[]> = fc.array(
  fc
    .record({
      bytes: fc.integer({ min: 0, max: 1000 }),
      first: fc.integer({ min: -1, max: 20 }),
      length: fc.nat(6),
    })
    .map(({ bytes, first, length }) => ({ bytes, first, last: first + length })),
  { maxLength: 40 },
);

describe("places in the arena", () => {
  it("never overlap while both buffers live, lie at multiples of 64 and inside the arena", () => {
    fc.assert(
      fc.property(lifetimes, (list) => {
        const { offsets, bytes } = placeBuffers(list);
        for (const [i, a] of list.entries()) {
          const from = offsets[i] ?? Number.NaN;
          expect(from % 64).to.equal(0);
          expect(from + a.bytes).to.be.at.most(bytes);
          for (const [j, b] of list.entries()) {
            if (i === j || a.last < b.first || b.last < a.first) continue;
            const other = offsets[j] ?? Number.NaN;
            expect(from >= other + b.bytes || other >= from + a.bytes, `${i} and ${j}`).to.equal(true);
          }
        }
      }),
    );
  });

  it("are shared by buffers that follow each other", () => {
    const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 640, first: i, last: i + 1 }));
    expect(placeBuffers(chain).bytes).to.equal(1280);
  });
});

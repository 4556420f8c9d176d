import { expect } from "chai";
import fc from "fast-check";
import { artifactLengthOf, drawnChunk, epochAt, replayMsOf } from "../../../../chain/modules/model/math.ts";
import { sha256, utf8 } from "../../../../common/index.ts";
import { tinyModel } from "../../../node-runner/support/tinyModel.ts";

describe("figures of module model", () => {
  it("the length of an artifact follows from its registration", () => {
    for (const seed of [1, 2, 3]) {
      const { registration, artifactBytes } = tinyModel(seed);
      expect(artifactLengthOf(registration)).to.equal(BigInt(artifactBytes));
    }
  });

  it("replay time is gas and bytes at the reference rates, rounded up", () => {
    const params = { rRef: 2_000_000_000n, bRef: 25_000_000n };
    expect(replayMsOf({ vmGas: 0n, artifactBytes: 0n }, params)).to.equal(0n);
    expect(replayMsOf({ vmGas: 1n, artifactBytes: 1n }, params)).to.equal(2n);
    expect(replayMsOf({ vmGas: 2_000_000_000n, artifactBytes: 25_000_000n }, params)).to.equal(2000n);
  });

  it("epochs begin at 1 and change every so many blocks", () => {
    expect([0n, 4n, 5n, 9n, 10n].map((height) => epochAt(height, 5n))).to.deep.equal([1n, 1n, 2n, 2n, 3n]);
  });

  it("a draw always names a chunk that exists, and every chunk can be drawn", () => {
    const shapes = [[300], [1], [512, 2]];
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const at = drawnChunk(sha256(utf8(text)), shapes);
        if (at === undefined) return false;
        seen.add(`${at.constant}/${at.chunk}`);
        return at.chunks === [2, 1, 4][at.constant] && at.chunk < at.chunks;
      }),
      { seed: 7, numRuns: 300 },
    );
    expect(seen.size).to.equal(7);
    expect(drawnChunk(sha256(), [])).to.equal(undefined);
  });
});

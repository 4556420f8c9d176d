import { expect } from "chai";
import { type PhiloxBlock, philox } from "../../../aivm/numeric/philox.ts";

describe("Philox-4x32-10", () => {
  // Known answers of the authors' library (Random123, kat_vectors): counter, key, block.
  const known: readonly (readonly [PhiloxBlock, readonly [number, number], PhiloxBlock])[] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, block] of known) {
    it(`gives the published block for counter ${counter.map((word) => word.toString(16)).join(" ")}`, () => {
      expect(philox(counter, key)).to.deep.equal(block);
    });
  }

  it("takes a signed word for the unsigned one with its bits", () => {
    expect(philox([-1, -1, -1, -1], [-1, -1])).to.deep.equal(known[1]?.[2]);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import {
  AivmError,
  basisPointsOf,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isAivmError,
  readU32be,
  readU64be,
  u32be,
  u64be,
} from "../../common/index.ts";

describe("common/bytes", () => {
  it("hex there and back, with and without prefix, either case", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => equalBytes(hexToBytes(bytesToHex(bytes)), bytes)),
      { seed: 7 },
    );
    expect(hexToBytes("0xAbCd")).to.deep.equal(new Uint8Array([0xab, 0xcd]));
  });

  it("refuses what is not hex, naming what it got", () => {
    for (const text of ["abc", "zz", "0x1", "a b "])
      expect(() => hexToBytes(text), text).to.throw("AIVM_HEX");
  });

  it("orders bytes as strings: a prefix first, then by the first difference", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Math.sign(Buffer.compare(a, b)));
        expect(equalBytes(a, b)).to.equal(compareBytes(a, b) === 0);
      }),
      { seed: 8 },
    );
  });

  it("big-endian integers there and back, the edges included", () => {
    for (const value of [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1])
      expect(readU32be(u32be(value))).to.equal(value);
    for (const value of [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n])
      expect(readU64be(u64be(value))).to.equal(value);
    expect(readU32be(concatBytes(u32be(1), u32be(2)), 4)).to.equal(2);
  });

  it("shares round down, so that nobody is paid more than there is", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n }),
        fc.integer({ min: 0, max: 10_000 }),
        (amount, points) => {
          expect(basisPointsOf(amount, points) + basisPointsOf(amount, 10_000 - points) <= amount).to.equal(
            true,
          );
        },
      ),
      { seed: 9 },
    );
  });
});

describe("common/errors", () => {
  it("says what, which, expected, got and the remedy in one sentence", () => {
    const error = new AivmError("X_SHAPE", {
      what: "input",
      item: "image",
      want: "[1,8,8]",
      got: "[1,8]",
      remedy: "Reshape it.",
    });
    expect(error.message).to.equal("X_SHAPE: input (image): expected [1,8,8], got [1,8]. Reshape it.");
    expect(isAivmError(error, "X_SHAPE")).to.equal(true);
    expect(isAivmError(error, "Y")).to.equal(false);
    expect(isAivmError(new Error("x"))).to.equal(false);
  });
});

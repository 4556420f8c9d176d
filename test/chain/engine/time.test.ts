import { expect } from "chai";
import fc from "fast-check";
import {
  formatTime,
  nanosToTimestamp,
  parseTime,
  timestampToNanos,
} from "../../../chain/engine/embedded/time.ts";
import { isAivmError } from "../../../common/errors.ts";

describe("block time", () => {
  it("prints and reads the times that CometBFT prints", () => {
    for (const text of [
      "0001-01-01T00:00:00Z",
      "1969-12-31T23:59:59.999999999Z",
      "1970-01-01T00:00:00Z",
      "2000-02-29T12:00:00.5Z",
      "2023-05-17T14:12:53.088875124Z",
      "2100-03-01T00:00:00.00001Z",
      "9999-12-31T23:59:59Z",
    ]) {
      expect(formatTime(parseTime(text))).to.equal(text);
    }
  });

  it("agrees with the calendar of JavaScript on every millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        const iso = new Date(ms).toISOString();
        expect(timestampToNanos(parseTime(iso))).to.equal(BigInt(ms) * 1_000_000n);
        expect(Date.parse(formatTime(nanosToTimestamp(BigInt(ms) * 1_000_000n)))).to.equal(ms);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("reads offsets as the same instant", () => {
    expect(parseTime("2026-01-02T05:04:05+02:00")).to.deep.equal(parseTime("2026-01-02T03:04:05Z"));
    expect(parseTime("2026-01-01T22:04:05-05:00")).to.deep.equal(parseTime("2026-01-02T03:04:05Z"));
  });

  for (const text of [
    "",
    "2026-13-01T00:00:00Z",
    "2026-01-01 00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      try {
        parseTime(text);
        expect.fail("read");
      } catch (error) {
        expect(isAivmError(error, "CHAIN_TIME")).to.equal(true);
      }
    });
  }
});

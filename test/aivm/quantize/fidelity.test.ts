import { expect } from "chai";
import { type InputPort, tensorType } from "../../../aivm/index.ts";
import { quantizeInput } from "../../../aivm/quantize/fidelity.ts";
import { throwsCode } from "../support/errors.ts";

const port: InputPort = { name: "x", type: tensorType("i8", [3]), scale: 0.5, zero: 1, ingest: "tensor" };

describe("input values in the integers of a port", () => {
  it("are rounded half to even and saturate, infinities included", () => {
    const { data } = quantizeInput(port, [0.25, 1_000, Number.NEGATIVE_INFINITY], true);
    expect(Array.from(data)).to.deep.equal([1, 127, -128]);
  });

  it("are refused when they are no numbers, and integers when they do not fit", () => {
    throwsCode("AIVM_RANGE", () => quantizeInput(port, [0, Number.NaN, 0], true));
    throwsCode("AIVM_RANGE", () => quantizeInput(port, [0, 128, 0], false));
  });
});

import { expect } from "chai";
import {
  inputLength,
  inputsFromBytes,
  outputLength,
  outputsFromBytes,
  tensorsToBytes,
  tensorType,
} from "../../../aivm/index.ts";
import { throwsCode } from "../support/errors.ts";
import { full, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

describe("the ends of a program as bytes", () => {
  const program = programOf({
    inputs: [full("i16", 2), tensorType("i8", [3], { lo: 0, hi: 9 })],
    ops: [
      { opcode: 8, operands: [{ kind: "input", index: 0 }], output: full("i32", 2), attrs: [0, 1, 0, 0] },
    ],
  });
  const inputs = [literal([2], [1, -1], "i16"), literal([3], [7, 8, 9])];

  it("are the tensors' bytes in program order", () => {
    const bytes = tensorsToBytes(inputs);
    expect(bytes).to.deep.equal(new Uint8Array([1, 0, 255, 255, 7, 8, 9]));
    expect(inputsFromBytes(program, bytes)).to.deep.equal(inputs);
    expect([inputLength(program), outputLength(program)]).to.deep.equal([7, 8]);
    expect(
      outputsFromBytes(program, new Uint8Array([1, 0, 0, 0, 255, 255, 255, 255]))[0]?.data,
    ).to.deep.equal(new Int32Array([1, -1]));
  });

  it("are refused with a wrong length or a value out of range", () => {
    throwsCode("AIVM_INPUT_LENGTH", () => inputsFromBytes(program, new Uint8Array(6)));
    throwsCode("AIVM_INPUT_LENGTH", () => outputsFromBytes(program, new Uint8Array(9)));
    throwsCode("AIVM_RANGE", () => inputsFromBytes(program, new Uint8Array([1, 0, 255, 255, 7, 8, 10])));
  });
});

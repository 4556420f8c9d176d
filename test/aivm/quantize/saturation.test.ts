import { expect } from "chai";
import { createReferenceEngine, type OpDescriptor, tensorOf, tensorType } from "../../../aivm/index.ts";
import { measureSaturation } from "../../../aivm/quantize/saturation.ts";
import { loaded, programOf } from "../support/models.ts";

describe("saturation of a program over samples", () => {
  it("counts the input values beyond the range, and the elements at an end of each product", async () => {
    // real = 0.5 q, so the input holds -64 to 63.5; the product is q x 2, clamped to the ends of 8 bits.
    const linear: OpDescriptor = {
      opcode: 2,
      operands: [
        { kind: "input", index: 0 },
        ...[0, 1, 2, 3].map((index) => ({ kind: "const" as const, index })),
      ],
      output: tensorType("i8", [4, 1]),
      attrs: [0],
    };
    const constants = [
      tensorOf("i8", [1, 1], [2]),
      tensorOf("i32", [1], [0]),
      tensorOf("i32", [1], [1]),
      tensorOf("i8", [1], [0]),
    ];
    const program = programOf({
      inputs: [tensorType("i8", [4, 1])],
      constants: constants.map(({ dtype, shape }) => tensorType(dtype, shape)),
      ops: [linear],
    });
    const model = loaded(program, constants);
    const report = await measureSaturation({
      program: model.program,
      engine: createReferenceEngine(model),
      samples: [[[100, 63.5, 10, -100]], [[0, 1, 2, 31.5]]],
    });
    // 100 and -100 are beyond the input's range. 100, 63.5 and -100 end at the ends of 8 bits; 31.5 gives 126.
    expect(report).to.deep.equal({
      samples: 2,
      inputs: 2 / 8,
      ops: 3 / 8,
      tensors: [
        { tensor: "x0", share: 2 / 8 },
        { tensor: "op 0 linear", share: 3 / 8 },
      ],
    });
  });
});

import { expect } from "chai";
import {
  type OpDescriptor,
  opNamed,
  type Program,
  programGas,
  type Tensor,
  tensorOf,
  tensorType,
  validateArtifact,
  validateStructure,
} from "../../../aivm/index.ts";
import { throwsCode } from "../support/errors.ts";
import { full, programOf } from "../support/models.ts";

/** linear: x i8 [2,K] by w i8 [3,K] -> i8 [2,3]. */
function linearProgram(length: number, x = full("i8", 2, length)): Program {
  const constants = [
    full("i8", 3, length),
    full("i32", 3),
    tensorType("i32", [3], { lo: 0, hi: 2 ** 21 - 1 }),
    tensorType("i8", [3], { lo: 0, hi: 62 }),
  ];
  const operands = [
    { kind: "input" as const, index: 0 },
    ...constants.map((_, index) => ({ kind: "const" as const, index })),
  ];
  const ops = [{ opcode: opNamed("linear").opcode, operands, output: full("i8", 2, 3), attrs: [0] }];
  return programOf({ inputs: [x], constants, ops });
}

function linearConstants(length: number, weight: number, multiplier = 1): Tensor[] {
  const fill = (count: number, value: number): number[] => new Array<number>(count).fill(value);
  return [
    tensorOf("i8", [3, length], fill(3 * length, weight)),
    tensorOf("i32", [3], fill(3, 0)),
    tensorOf("i32", [3], fill(3, multiplier)),
    tensorOf("i8", [3], fill(3, 0)),
  ];
}

/** A program of one op on two i8 [4] inputs. */
function oneOp(changes: Partial<OpDescriptor>): Program {
  const base: OpDescriptor = {
    opcode: opNamed("rescale").opcode,
    operands: [{ kind: "input", index: 0 }],
    output: full("i8", 4),
    attrs: [0, 1, 0, 0],
  };
  return programOf({ inputs: [full("i8", 4), full("i8", 4)], ops: [{ ...base, ...changes }] });
}

describe("the structure of a program", () => {
  it("tells gas, memory and witness bounds of a sound program", () => {
    const facts = validateStructure(linearProgram(8));
    expect(facts.gas).to.equal(6n * 9n);
    expect(facts.gas).to.equal(programGas(linearProgram(8)));
    expect(facts).to.deep.include({ activationBytes: 6, constantBytes: 24 + 12 + 12 + 3, operands: 8 });
  });

  it("needs references that point backward, at something", () => {
    for (const ref of [
      { kind: "op", index: 0 },
      { kind: "op", index: 7 },
      { kind: "input", index: 2 },
      { kind: "const", index: 0 },
      { kind: "input", index: -1 },
      { kind: "input", index: 0.5 },
    ] as const) {
      throwsCode("AIVM_REFERENCE", () => validateStructure(oneOp({ operands: [ref] })), "op 0");
    }
  });

  it("needs known ops with their operands and attributes", () => {
    throwsCode("AIVM_OPCODE", () => validateStructure(oneOp({ opcode: 999 })), "op 0");
    throwsCode("AIVM_OPERANDS", () => validateStructure(oneOp({ operands: [] })), "op 0");
    throwsCode("AIVM_ATTRIBUTE", () => validateStructure(oneOp({ attrs: [0, 1, 0] })), "op 0");
    throwsCode("AIVM_ATTRIBUTE", () => validateStructure(oneOp({ attrs: [0, 1, 63, 0] })), "op 0");
    throwsCode("AIVM_ATTRIBUTE", () => validateStructure(oneOp({ attrs: [0, 2 ** 21, 0, 0] })), "op 0");
    throwsCode("AIVM_ATTRIBUTE", () => validateStructure(oneOp({ attrs: [0, 1.5, 0, 0] })), "op 0");
  });

  it("needs output types that the op has", () => {
    throwsCode("AIVM_SHAPE", () => validateStructure(oneOp({ output: full("i8", 5) })), "op 0");
    throwsCode("AIVM_SHAPE", () => validateStructure(oneOp({ output: full("i8", 0) })), "op 0");
    throwsCode(
      "AIVM_RANGE",
      () => validateStructure(oneOp({ output: tensorType("i8", [4], { lo: 3, hi: 2 }) })),
      "op 0",
    );
    throwsCode(
      "AIVM_RANGE",
      () => validateStructure(oneOp({ output: tensorType("i8", [4], { lo: 0, hi: 300 }) })),
      "op 0",
    );
    const reshape = { opcode: opNamed("reshape").opcode, attrs: [] };
    throwsCode("AIVM_DTYPE", () => validateStructure(oneOp({ ...reshape, output: full("i16", 4) })), "op 0");
    const narrow = tensorType("i8", [4], { lo: 0, hi: 9 });
    throwsCode("AIVM_RANGE", () => validateStructure(oneOp({ ...reshape, output: narrow })), "op 0");
  });

  it("refuses shapes beyond the limits without allocating anything", () => {
    throwsCode(
      "AIVM_LIMIT",
      () => validateStructure(oneOp({ output: full("i8", 1, 1, 1, 1, 1, 1, 1) })),
      "op 0",
    );
    throwsCode("AIVM_LIMIT", () =>
      validateStructure(programOf({ inputs: [full("i8", 2 ** 20, 2 ** 20)], ops: [] })),
    );
    const huge = oneOp({
      opcode: opNamed("expand").opcode,
      attrs: [],
      output: full("i8", 2 ** 31, 2 ** 31, 4),
    });
    throwsCode("AIVM_LIMIT", () => validateStructure(huge), "op 0");
  });

  it("refuses an element whose witness would not fit one transaction", () => {
    throwsCode("AIVM_WITNESS_SIZE", () => validateStructure(linearProgram(16_385)), "op 0");
    expect(() => validateStructure(linearProgram(16_384))).not.to.throw();
    // As many operands in i16 are within the count, but not within 48 KiB.
    throwsCode(
      "AIVM_WITNESS_SIZE",
      () => validateStructure(linearProgram(16_384, full("i16", 2, 16_384))),
      "op 0",
    );
    // Strided reads: one chunk each.
    const pooled = programOf({
      inputs: [full("i16", 1, 14, 14, 512)],
      ops: [
        {
          opcode: opNamed("avgPool2d").opcode,
          operands: [{ kind: "input", index: 0 }],
          output: full("i16", 1, 1, 1, 512),
          attrs: [14, 14, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0],
        },
      ],
    });
    throwsCode("AIVM_WITNESS_SIZE", () => validateStructure(pooled), "op 0");
  });

  it("proves the accumulators of ops without constants from their ranges", () => {
    const sum = (multiplier: number): Program =>
      programOf({
        inputs: [full("i32", 4)],
        ops: [
          {
            opcode: opNamed("sumReduce").opcode,
            operands: [{ kind: "input", index: 0 }],
            output: full("i32", 1),
            attrs: [0, 0, multiplier, 20, 0],
          },
        ],
      });
    // 4 x 2^31 x 2^20 is 2^53 exactly.
    expect(() => validateStructure(sum(2 ** 20))).not.to.throw();
    throwsCode("AIVM_BOUND", () => validateStructure(sum(2 ** 20 + 1)), "op 0");
  });

  it("needs at least one input, op and output, and outputs that are ops", () => {
    const sound = oneOp({});
    throwsCode("AIVM_LIMIT", () => validateStructure({ ...sound, inputs: [] }));
    throwsCode("AIVM_LIMIT", () => validateStructure({ ...sound, ops: [] }));
    throwsCode("AIVM_LIMIT", () => validateStructure({ ...sound, outputs: [] }));
    const [port] = sound.outputs;
    if (port === undefined) throw new RangeError("no output");
    const output = (source: typeof port.source): Program => ({ ...sound, outputs: [{ ...port, source }] });
    throwsCode("AIVM_REFERENCE", () => validateStructure(output({ kind: "op", index: 1 })), "output y0");
    throwsCode("AIVM_REFERENCE", () => validateStructure(output({ kind: "input", index: 0 })), "output y0");
  });

  it("needs metadata that makes sense", () => {
    const sound = oneOp({});
    const [input, ...others] = sound.inputs;
    if (input === undefined) throw new RangeError("no input");
    const withInput = (changes: object): Program => ({
      ...sound,
      inputs: [{ ...input, ...changes }, ...others],
    });
    for (const scale of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1e300]) {
      throwsCode("AIVM_META", () => validateStructure(withInput({ scale })), "input x0");
    }
    throwsCode("AIVM_META", () => validateStructure(withInput({ zero: 128 })), "input x0");
    throwsCode("AIVM_META", () => validateStructure({ ...sound, specVersion: 2 }));
    throwsCode("AIVM_META", () => validateStructure({ ...sound, name: "" }));
    throwsCode("AIVM_LIMIT", () => validateStructure({ ...sound, card: "x".repeat(100_000) }));
  });
});

describe("an artifact's weights", () => {
  it("decide whether an accumulator can leave its width", () => {
    const program = linearProgram(4096, full("i16", 2, 4096));
    // 4096 x 32768 x 127 x multiplier: 2^34 x 2^19 is just inside 2^53, one more bit is not.
    expect(() => validateArtifact(program, linearConstants(4096, 127, 2 ** 19))).not.to.throw();
    throwsCode("AIVM_BOUND", () => validateArtifact(program, linearConstants(4096, 127, 2 ** 20)), "op 0");
    expect(() => validateArtifact(program, linearConstants(4096, 1, 2 ** 20))).not.to.throw();
  });

  it("must have the declared types and stay in the declared ranges", () => {
    const program = linearProgram(8);
    const sound = linearConstants(8, 1);
    throwsCode("AIVM_LIMIT", () => validateArtifact(program, sound.slice(1)));
    throwsCode("AIVM_SHAPE", () => validateArtifact(program, linearConstants(9, 1)), "constant 0");
    throwsCode("AIVM_RANGE", () => validateArtifact(program, linearConstants(8, 1, 2 ** 21)), "constant 2");
    const [first, ...rest] = sound;
    if (first === undefined) throw new RangeError("no weights");
    throwsCode(
      "AIVM_DTYPE",
      () => validateArtifact(program, [{ ...first, dtype: "i16" }, ...rest]),
      "constant 0",
    );
  });
});

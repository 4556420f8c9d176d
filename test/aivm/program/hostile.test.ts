/** Artifacts made to cost more than they weigh, to show what they are not, or to mean two things. */
import { expect } from "chai";
import {
  encodeArtifact,
  loadArtifact,
  type OpDescriptor,
  opNamed,
  type Program,
  programFromBytes,
  type Ref,
  tensorOf,
  validateArtifact,
  validateStructure,
} from "../../../aivm/index.ts";
import { constantOperand } from "../../../aivm/ops/op.ts";
import { concatBytes, u32be, utf8 } from "../../../common/index.ts";
import { encodeMessage } from "../../../proto/codec.ts";
import { throwsCode } from "../support/errors.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

const input = (index: number): Ref => ({ kind: "input", index });
const op = (index: number): Ref => ({ kind: "op", index });

function descriptor(name: string, parts: Omit<OpDescriptor, "opcode">): OpDescriptor {
  return { opcode: opNamed(name).opcode, ...parts };
}

const identity = descriptor("reshape", { operands: [input(0)], output: full("i8", 4), attrs: [] });
const sound = programOf({ inputs: [full("i8", 4)], ops: [identity] });

/** An artifact file around a header of any bytes. */
function fileOf(header: Uint8Array): Uint8Array {
  const head = concatBytes(utf8("aivmart1"), u32be(header.length), header);
  const file = new Uint8Array(Math.ceil(head.length / 64) * 64);
  file.set(head);
  return file;
}

/** `count` copies of a bytes field. */
function fields(number: number, body: Uint8Array, count: number): Uint8Array {
  const one = [8 * number + 2, body.length, ...body];
  return Uint8Array.from({ length: one.length * count }, (_, i) => one[i % one.length] ?? 0);
}

describe("an artifact of few bytes", () => {
  it("can not ask for many objects: fields are counted before anything is decoded", () => {
    const nothing = new Uint8Array(0);
    for (const number of [1, 3])
      throwsCode("AIVM_LIMIT", () => loadArtifact(fileOf(fields(number, nothing, 65_537))));
    for (const [number, count] of [
      [3, 65],
      [4, 65_537],
      [5, 65],
    ] as const) {
      throwsCode("AIVM_LIMIT", () =>
        programFromBytes({ descriptors: [], meta: fields(number, nothing, count) }),
      );
    }
    const manyOperands = fields(2, nothing, 257);
    throwsCode("AIVM_LIMIT", () => programFromBytes({ descriptors: [manyOperands], meta: nothing }));
    const manyAttrs = encodeMessage("aivm.artifact.v1.OpDescriptor", {
      opcode: 10,
      attrs: new Array(400).fill(1),
    });
    throwsCode("AIVM_LIMIT", () => programFromBytes({ descriptors: [manyAttrs], meta: nothing }));
    const wide = encodeMessage("aivm.artifact.v1.OpDescriptor", {
      opcode: 12,
      operands: new Array(256).fill({ kind: 1, index: 0 }),
      output: { dtype: 1, shape: [4], lo: 0, hi: 1 },
    });
    throwsCode("AIVM_LIMIT", () =>
      programFromBytes({ descriptors: new Array(4097).fill(wide), meta: nothing }),
    );
  });

  it("can not name a header longer than any model needs, or one that is no fields at all", () => {
    const long = fileOf(new Uint8Array(2 ** 24 + 1));
    throwsCode("AIVM_ARTIFACT", () => loadArtifact(long));
    for (const bytes of [[255], [10, 255], [10, 5, 1], [11], [80, 1], [9, 1]]) {
      throwsCode("AIVM_DECODE", () => loadArtifact(fileOf(new Uint8Array(bytes))));
    }
  });

  it("can not declare inputs or outputs larger than the limit, one by one within it", () => {
    const large = full("i32", 2 ** 28);
    throwsCode("AIVM_LIMIT", () =>
      validateStructure(programOf({ inputs: new Array(64).fill(large), ops: [identity] })),
    );
    const big = { ...identity, output: full("i8", 2 ** 28) };
    const copies = { inputs: [full("i8", 2 ** 28)], ops: [big], outputs: new Array<number>(17).fill(0) };
    throwsCode("AIVM_LIMIT", () => validateStructure(programOf(copies)));
  });

  it("can not make the proof of its accumulators long", () => {
    // Weights that are no constants: 2^28 channels, every one the same.
    const channels = 2 ** 28;
    const wide = (): Program =>
      programOf({
        inputs: [full("i8", 1), full("i8", channels, 1), full("i32", channels), full("i8", channels)],
        ops: [
          descriptor("linear", {
            operands: [input(0), input(1), input(2), input(2), input(3)],
            output: full("i8", channels),
            attrs: [0],
          }),
        ],
      });
    const { ops } = wide();
    expect(validateStructure(wide()).operands).to.equal(1);
    throwsCode("AIVM_LIMIT", () => validateStructure({ ...wide(), ops: [...ops, ...ops] }), "op 1");
  });

  it("has the rows of a constant summed once, however many ops read it", () => {
    const operand = constantOperand(literal([2, 3], [1, -2, 3, 0, 0, -128]));
    expect(operand.rowSums?.()).to.deep.equal([6, 128]);
    expect(operand.rowSums?.()).to.equal(operand.rowSums?.());
  });

  it("is refused before its constants are read when it costs more than the reader can afford", () => {
    const model = loaded(sound);
    const file = encodeArtifact(sound, []);
    const { gas, activationBytes } = model.facts;
    expect(loadArtifact(file, { atMost: { gas, activationBytes } }).modelId).to.deep.equal(model.modelId);
    throwsCode("AIVM_LIMIT", () => loadArtifact(file, { atMost: { gas: gas - 1n } }));
    throwsCode("AIVM_LIMIT", () => loadArtifact(file, { atMost: { activationBytes: activationBytes - 1 } }));
  });
});

describe("the metadata of an artifact", () => {
  it("holds no text that steers a terminal or hides from the reader", () => {
    for (const bad of [
      "a\u001b[2Jb",
      "a\nb",
      "a\u0000",
      "\u202egnp.exe",
      "zero\u200bwidth",
      "\ud800",
      "\ufeffx",
    ]) {
      throwsCode("AIVM_META", () => validateStructure({ ...sound, name: bad }));
      throwsCode("AIVM_META", () => validateStructure({ ...sound, precision: bad }));
      for (const end of ["inputs", "outputs"] as const) {
        const [port, ...rest] = sound[end];
        throwsCode("AIVM_META", () =>
          validateStructure({ ...sound, [end]: [{ ...port, name: bad }, ...rest] }),
        );
      }
    }
    throwsCode("AIVM_META", () => validateStructure({ ...sound, card: "\u001b[31m" }));
    for (const name of ["modèle", "数字", "😀 a_b-c.d/e:f"]) {
      expect(() => validateStructure({ ...sound, name, card: '{\n\t"a": 1\n}' })).not.to.throw();
    }
  });

  it("names every input and every output once", () => {
    const [x] = sound.inputs;
    const [y] = sound.outputs;
    if (x === undefined || y === undefined) throw new RangeError("no ports");
    throwsCode("AIVM_META", () => validateStructure({ ...sound, inputs: [x, x] }));
    throwsCode("AIVM_META", () => validateStructure({ ...sound, outputs: [y, y] }));
    expect(() => validateStructure({ ...sound, outputs: [{ ...y, name: x.name }] })).not.to.throw();
  });

  it("declares no constant that no op reads", () => {
    const program = { ...sound, constants: [full("i8", 2)] };
    throwsCode("AIVM_META", () => validateStructure(program));
    throwsCode("AIVM_META", () => validateArtifact(program, [literal([2], [1, 2])]));
  });
});

describe("the operands of an element", () => {
  it("are what the op reads, whatever it costs", () => {
    const depthwise = programOf({
      inputs: [full("i8", 1, 9, 9, 300)],
      constants: [full("i8", 300, 3, 3, 1), full("i32", 300), full("i8", 300)],
      ops: [
        descriptor("conv2d", {
          operands: [input(0), ...[0, 1, 1, 2].map((index): Ref => ({ kind: "const", index }))],
          output: full("i8", 1, 7, 7, 300),
          attrs: [1, 1, 0, 0, 0, 0, 1, 1, 300, 0, 0],
        }),
      ],
    });
    // The rows of the window hold 601 elements each, of which the op reads three.
    expect(validateStructure(depthwise).operands).to.equal(9);
    const gather = programOf({
      inputs: [full("i8", 50), full("i8", 3)],
      ops: [
        descriptor("gather", { operands: [input(0), input(1)], output: full("i8", 3), attrs: [0] }),
        {
          ...identity,
          operands: [op(0)],
          output: full("i8", 3),
        },
      ],
    });
    expect(validateStructure(gather).operands).to.equal(1);
  });
});

describe("the proof of an accumulator", () => {
  it("is exact at its edge: 2^53 passes, one more does not", () => {
    const around = (bias: number): (() => unknown) => {
      const values = [
        tensorOf("i16", [1, 8], new Array(8).fill(-32768)),
        tensorOf("i32", [1], [bias]),
        tensorOf("i32", [1], [2 ** 20]),
        tensorOf("i8", [1], [0]),
      ];
      const program = programOf({
        inputs: [full("i16", 8)],
        constants: values.map(({ dtype, shape }) => full(dtype, ...shape)),
        ops: [
          descriptor("linear", {
            operands: [input(0), ...values.map((_, index): Ref => ({ kind: "const", index }))],
            output: full("i8", 1),
            attrs: [0],
          }),
        ],
      });
      return () => validateArtifact(program, values);
    };
    // 8 x 2^15 x 2^15 x 2^20 is 2^53.
    expect(around(0)).not.to.throw();
    throwsCode("AIVM_BOUND", around(1), "op 0");
    throwsCode("AIVM_BOUND", around(-1), "op 0");
  });
});

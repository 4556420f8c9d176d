/** Programs whose ops read too much for a witness, split until they do not: beside the same programs unsplit. */
import { expect } from "chai";
import { type ProgramParts, splitForWitness } from "../../../../aivm/import/split/splitForWitness.ts";
import {
  createReferenceEngine,
  encodeArtifact,
  loadArtifact,
  nodeOf,
  OPS,
  type OpDescriptor,
  opNamed,
  type Ref,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../../aivm/index.ts";
import { operandsBound } from "../../../../aivm/program/witnessBound.ts";
import { throwsCode } from "../../support/errors.ts";
import { modelAround, programOf } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom, type Random, randomTensor } from "../../support/random.ts";

async function outputOf(parts: ProgramParts, inputs: readonly Tensor[]): Promise<Tensor> {
  const [output] = (await createReferenceEngine(parts).run({ inputs })).outputs;
  if (output === undefined) throw new RangeError("no output");
  return output;
}

/** The split program, checked: it loads, and no element of it has more than `limit` operands. */
function split(parts: ProgramParts, limit: number): ProgramParts {
  const done = splitForWitness(parts, limit);
  const model = loadArtifact(encodeArtifact(done.program, done.constants));
  for (const descriptor of done.program.ops) {
    expect(operandsBound(nodeOf(done.program, descriptor))).to.be.at.most(limit);
  }
  return model;
}

const LIMIT = 4;

/** Ops that a split leaves exact while their sums fit an i32, as those of these cases do. */
const EXACT = ["sumReduce", "maxReduce", "argmax", "maxPool2d", "avgPool2d", "matmul"];

describe("splitting a program for its witnesses", () => {
  for (const name of EXACT) {
    it(`keeps every bit of ${name}`, async () => {
      let splits = 0;
      for (let seed = 1; seed <= 30; seed++) {
        const given = randomNode(name, createRandom(seed * 411 + opNamed(name).opcode));
        // Blocks of i32 values and long products of i16 do not fit an i32: those have a test of their own.
        const wide = given.node.operands.some((type) => type.dtype === "i32");
        if (
          (name === "sumReduce" && wide) ||
          (name === "matmul" && given.node.operands.every((t) => t.dtype === "i16"))
        )
          continue;
        const { model, inputs } = modelAround(given);
        const small = split(model, LIMIT);
        if (small.program.ops.length > model.program.ops.length) splits++;
        expect(await outputOf(small, inputs), `seed ${seed}`).to.deep.equal(await outputOf(model, inputs));
      }
      expect(splits).to.be.above(3);
    });
  }

  it("leaves a program that needs no splitting as it is", () => {
    for (const { name } of OPS) {
      const { model } = modelAround(randomNode(name, createRandom(5)));
      const once = splitForWitness(model);
      expect(once.program.ops.at(-1)).to.deep.include({ attrs: model.program.ops.at(-1)?.attrs });
      const again = splitForWitness(once);
      expect(again.program).to.deep.equal(once.program);
      expect(again.constants).to.deep.equal(once.constants);
      for (const index of once.program.ops.keys())
        expect(again.refOf({ kind: "op", index })).to.deep.equal({ kind: "op", index });
    }
  });

  it("gives what the whole dot product gives where shifts are small, else at most one more or less", async () => {
    const seen = { exact: 0, equal: 0, other: 0, most: 0 };
    for (let seed = 1; seed <= 24; seed++) {
      const random = createRandom(seed);
      const small = seed % 2 === 0;
      const parts = seed % 4 < 2 ? denseCase(random, small) : convCase(random, small);
      const inputs = parts.program.inputs.map((port) => randomTensor(random, port.type));
      const done = split(parts, random.int(2, 3));
      expect(done.program.ops.length).to.be.above(1);
      const [got, want] = [await outputOf(done, inputs), await outputOf(parts, inputs)];
      for (const [i, value] of want.data.entries()) {
        const difference = Math.abs(value - (got.data[i] ?? 0));
        seen.most = Math.max(seen.most, difference);
        if (small) {
          expect(difference).to.equal(0);
          seen.exact++;
        } else if (difference === 0) seen.equal++;
        else seen.other++;
      }
    }
    expect(seen.exact).to.be.above(100);
    expect(seen.most).to.be.at.most(1);
    // Parts x 2^-(bits + 1) of a tie: with these sums a few in ten thousand.
    expect(seen.other).to.be.below(seen.equal / 50);
  });

  it("sums of wide values stay within the last bit of an i32", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createRandom(seed);
      const type = tensorType("i32", [2, 200], { lo: 0, hi: random.pick([2 ** 24, 2 ** 31 - 1]) });
      const ops: OpDescriptor[] = [
        {
          opcode: opNamed("sumReduce").opcode,
          operands: [{ kind: "input", index: 0 }],
          output: tensorType("i32", [2, 1]),
          attrs: [1, 0, 1, 9, 0],
        },
      ];
      const parts = { program: programOf({ inputs: [type], ops }), constants: [] };
      const inputs = [randomTensor(random, type)];
      const [got, want] = [await outputOf(split(parts, 16), inputs), await outputOf(parts, inputs)];
      for (const [i, value] of want.data.entries()) {
        expect(Math.abs(value - (got.data[i] ?? 0))).to.be.at.most(type.hi === 2 ** 24 ? 0 : 1);
      }
    }
  });

  it("leaves out what no output needs, and what only that read", () => {
    const x = tensorType("i8", [3]);
    const opcode = opNamed("add").opcode;
    const operands = (index: number): Ref[] => [
      { kind: "input", index: 0 },
      { kind: "const", index },
    ];
    const sum = (index: number): OpDescriptor => ({
      opcode,
      operands: operands(index),
      output: x,
      attrs: [1, 1, 0, 0, 0],
    });
    const constants = [1, 2].map((value) => tensorOf("i8", [3], [value, value, value]));
    const program = programOf({ inputs: [x], constants: [x, x], ops: [sum(0), sum(1)], outputs: [1] });
    const done = splitForWitness({ program, constants });
    expect(done.program.ops).to.deep.equal([sum(0)]);
    expect(done.constants).to.deep.equal(constants.slice(1));
    expect(done.program.outputs[0]?.source).to.deep.equal({ kind: "op", index: 0 });
  });

  it("names an op that can not be split", () => {
    // A depthwise convolution whose weights are no constants.
    const types = [
      tensorType("i8", [1, 4, 4, 2]),
      tensorType("i8", [2, 3, 3, 1]),
      tensorType("i32", [2]),
      tensorType("i32", [2], { lo: 0, hi: 9 }),
      tensorType("i8", [2]),
    ];
    const ops = [
      {
        opcode: opNamed("conv2d").opcode,
        operands: types.map((_, index) => ({ kind: "input" as const, index })),
        output: tensorType("i8", [1, 2, 2, 2]),
        attrs: [1, 1, 0, 0, 0, 0, 1, 1, 2, 0, 0],
      },
    ];
    const parts = { program: programOf({ inputs: types, ops }), constants: [] };
    throwsCode("AIVM_WITNESS_SIZE", () => splitForWitness(parts, 4), "op 0 (conv2d)");
    for (const limit of [1, 16_385, 3.5, Number.NaN])
      throwsCode("AIVM_LIMIT", () => splitForWitness(parts, limit));
  });
});

/** Weights, bias, multiplier and shift for a product whose result is about 8 bits; `small`: shifts that leave it exact. */
function layer(
  random: Random,
  of: { readonly weights: TensorType; readonly length: number; readonly small: boolean },
): Tensor[] {
  const channels = of.weights.shape[0] ?? 1;
  const vector = (dtype: "i32" | "i8", value: () => number): Tensor =>
    tensorOf(dtype, [channels], Array.from({ length: channels }, value));
  const scaling = of.small
    ? [vector("i32", () => random.int(0, 3)), vector("i8", () => random.int(0, 6))]
    : [
        vector("i32", () => random.int(2 ** 19, 2 ** 20)),
        vector("i8", () => 27 + Math.ceil(Math.log2(of.length))),
      ];
  return [randomTensor(random, of.weights), vector("i32", () => random.int(-5000, 5000)), ...scaling];
}

function around(
  x: TensorType,
  constants: readonly Tensor[],
  op: Omit<OpDescriptor, "operands">,
): ProgramParts {
  const operands: Ref[] = [
    { kind: "input", index: 0 },
    ...constants.map((_, index): Ref => ({ kind: "const", index })),
  ];
  const types = constants.map(({ dtype, shape }) => tensorType(dtype, shape));
  return { program: programOf({ inputs: [x], constants: types, ops: [{ ...op, operands }] }), constants };
}

function denseCase(random: Random, small: boolean): ProgramParts {
  const length = random.int(10, 60);
  const channels = random.int(1, 4);
  const x = tensorType("i8", [random.int(1, 3), length]);
  const constants = layer(random, { weights: tensorType("i8", [channels, length]), length, small });
  const output = tensorType(random.pick(["i8", "i16"] as const), [x.shape[0] ?? 1, channels]);
  return around(x, constants, { opcode: opNamed("linear").opcode, output, attrs: [random.int(-5, 5)] });
}

function convCase(random: Random, small: boolean): ProgramParts {
  const groups = random.pick([1, 1, 2]);
  const groupSize = random.int(1, 6);
  const channels = groups * random.int(1, 2);
  const [kh, kw] = [random.int(2, 4), random.int(2, 4)];
  const [stride, dilation] = [random.int(1, 2), random.int(1, 2)];
  const pads = [0, 1, 2, 3].map(() => random.int(0, 2));
  const x = tensorType("i8", [random.int(1, 2), 9, 8, groups * groupSize]);
  const weights = tensorType("i8", [channels, kh, kw, groupSize]);
  const constants = layer(random, { weights, length: kh * kw * groupSize, small });
  const attrs = [
    stride,
    stride,
    ...pads,
    dilation,
    dilation,
    groups,
    random.int(-128, 127),
    random.int(-5, 5),
  ];
  const op = { opcode: opNamed("conv2d").opcode, output: tensorType("i8", []), attrs };
  const draft = around(x, constants, op);
  const shape = opNamed("conv2d").infer({
    descriptor: { ...op, operands: [] },
    operands: [x, ...draft.program.constants],
  });
  return around(x, constants, { ...op, output: tensorType("i8", shape) });
}

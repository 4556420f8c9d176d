import { expect } from "chai";
import fc from "fast-check";
import {
  descriptorToBytes,
  encodeArtifact,
  loadArtifact,
  metaToBytes,
  modelIdOf,
  opNamed,
  programFromBytes,
  registeredModel,
  type Tensor,
  tensorRoot,
} from "../../../aivm/index.ts";
import { AivmError, concatBytes, sha256, treeRoot, u32be, utf8 } from "../../../common/index.ts";
import { throwsCode } from "../support/errors.ts";
import { full, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

const table = literal(
  [256],
  Array.from({ length: 256 }, (_, i) => Math.abs(i - 128) - 1),
);
const bias = literal([3], [1, -2, 3], "i16");
const constants: readonly Tensor[] = [table, bias];
const program = programOf({
  inputs: [full("i8", 3)],
  constants: [full("i8", 256), full("i16", 3)],
  ops: [
    {
      opcode: opNamed("table").opcode,
      operands: [
        { kind: "input", index: 0 },
        { kind: "const", index: 0 },
      ],
      output: full("i8", 3),
      attrs: [],
    },
    {
      opcode: opNamed("add").opcode,
      operands: [
        { kind: "op", index: 0 },
        { kind: "const", index: 1 },
      ],
      output: full("i16", 3),
      attrs: [1, 1, 0, 0, 0],
    },
  ],
});
const artifact = encodeArtifact(program, constants);

describe("an artifact", () => {
  it("gives back the program, the constants and the id that made it", () => {
    const model = loadArtifact(artifact);
    expect(model.program).to.deep.equal(program);
    expect(model.constants).to.deep.equal(constants);
    expect(model.modelId).to.deep.equal(modelIdOf(program, constants));
    expect(model.vmGas).to.equal(6n);
    expect(loadArtifact(artifact, { modelId: model.modelId }).modelId).to.deep.equal(model.modelId);
  });

  it("has the id H(0x02 || program root || weights root || meta root)", () => {
    const weights = treeRoot(constants.map((tensor, c) => concatBytes(u32be(c), tensorRoot(tensor))));
    const ops = treeRoot(program.ops.map(descriptorToBytes));
    const want = sha256(new Uint8Array([2]), ops, weights, sha256(metaToBytes(program)));
    expect(loadArtifact(artifact).modelId).to.deep.equal(want);
  });

  it("aligns every constant to 64 bytes and pads with zeros", () => {
    expect(artifact.length % 64).to.equal(0);
    expect(artifact.subarray(-64)).to.deep.equal(
      Uint8Array.from([1, 0, 254, 255, 3, 0, ...new Uint8Array(58)]),
    );
    expect(artifact.subarray(-64 - 256, -64)).to.deep.equal(new Uint8Array(table.data.buffer));
  });

  it("is another model after any one bit of it is flipped, or none", () => {
    const { modelId } = loadArtifact(artifact);
    for (let bit = 0; bit < artifact.length * 8; bit += 5) {
      const flipped = Uint8Array.from(artifact);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => loadArtifact(flipped, { modelId }), `bit ${bit}`).to.throw(AivmError);
    }
  });

  it("is refused when it is truncated, extended, random or empty", () => {
    for (let length = 0; length < artifact.length; length += 7) {
      expect(() => loadArtifact(artifact.subarray(0, length))).to.throw(AivmError);
    }
    throwsCode("AIVM_ARTIFACT", () => loadArtifact(concatBytes(artifact, new Uint8Array(64))));
    throwsCode("AIVM_ARTIFACT", () => loadArtifact(utf8("not an artifact at all, only text of some length")));
    const head = artifact.subarray(0, 12);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, framed) => {
        expect(() => loadArtifact(framed ? concatBytes(head, noise) : noise)).to.throw(AivmError);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("is refused when its header names another root or the caller wants another model", () => {
    const { modelId } = loadArtifact(artifact);
    throwsCode("AIVM_HASH", () => loadArtifact(artifact, { modelId: sha256(modelId) }));
    const other = Uint8Array.from(artifact);
    other[artifact.length - 64] = 9;
    throwsCode("AIVM_HASH", () => loadArtifact(other));
  });

  it("is not made from a program that would be refused", () => {
    throwsCode("AIVM_SHAPE", () =>
      encodeArtifact(
        program,
        [bias, table].map((t) => ({ ...t, dtype: "i8" as const })),
      ),
    );
    throwsCode("AIVM_LIMIT", () => encodeArtifact(program, []));
  });
});

describe("a registration", () => {
  const { registration, modelId, weightsRoot, constantRoots } = loadArtifact(artifact);

  it("means the same model as the artifact, without its weights", () => {
    const model = registeredModel(registration);
    expect(model.modelId).to.deep.equal(modelId);
    expect(model.program).to.deep.equal(program);
    expect(model.weightsRoot).to.deep.equal(weightsRoot);
    expect(model.constantRoots).to.deep.equal(constantRoots);
    expect([model.vmGas, model.artifactBytes]).to.deep.equal([6n, artifact.length]);
    expect(programFromBytes(registration)).to.deep.equal(program);
  });

  it("is refused when its constants are not the metadata's", () => {
    const [first, ...rest] = registration.constants;
    if (first === undefined) throw new RangeError("no constants");
    for (const wrong of [
      { ...first, shape: [16, 16] },
      { ...first, dtype: "i16" as const },
      { ...first, root: new Uint8Array(31) },
    ]) {
      throwsCode("AIVM_META", () => registeredModel({ ...registration, constants: [wrong, ...rest] }));
    }
    throwsCode("AIVM_META", () => registeredModel({ ...registration, constants: rest }));
  });

  it("has another id when a root, a descriptor or the metadata differs", () => {
    const [first, ...rest] = registration.constants;
    if (first === undefined) throw new RangeError("no constants");
    const renamed = metaToBytes({ ...program, name: "other" });
    const [one, two] = registration.descriptors;
    if (one === undefined || two === undefined) throw new RangeError("no ops");
    const scaled = descriptorToBytes({
      ...(program.ops[1] ?? { opcode: 0, operands: [], output: full("i8") }),
      attrs: [1, 2, 0, 0, 0],
    });
    const ids = [
      registration,
      { ...registration, constants: [{ ...first, root: sha256(first.root) }, ...rest] },
      { ...registration, meta: renamed },
      { ...registration, descriptors: [one, scaled] },
    ].map((changed) => String(registeredModel(changed).modelId));
    expect(new Set(ids).size).to.equal(4);
  });

  it("is refused when descriptors or metadata are not canonical", () => {
    const noise = new Uint8Array([255, 1, 2]);
    throwsCode("AIVM_DECODE", () => registeredModel({ ...registration, descriptors: [noise] }));
    throwsCode("AIVM_DECODE", () => registeredModel({ ...registration, meta: noise }));
    throwsCode("AIVM_DECODE", () =>
      registeredModel({ ...registration, meta: concatBytes(registration.meta, new Uint8Array([56, 0])) }),
    );
  });
});

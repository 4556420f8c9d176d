import { expect } from "chai";
import {
  buildTrace,
  createReferenceEngine,
  decodeWitness,
  type ElementRef,
  elementCount,
  encodeWitness,
  type LoadedModel,
  MAX_WITNESS_BYTES,
  nodeOf,
  OPS,
  openChunks,
  opNamed,
  type Trace,
  verifyWitness,
  type WitnessRoots,
  witnessBytesBound,
  witnessElement,
} from "../../../aivm/index.ts";
import { full, loaded, modelAround, programOf } from "../support/models.ts";
import { randomNode } from "../support/nodes.ts";
import { createRandom, randomTensor } from "../support/random.ts";

interface Scene {
  readonly model: LoadedModel;
  readonly trace: Trace;
  readonly roots: WitnessRoots;
  readonly lastOp: number;
}

async function sceneOf(name: string, seed: number): Promise<Scene> {
  const { model, inputs } = modelAround(randomNode(name, createRandom(seed * 31 + opNamed(name).opcode)));
  return sceneAround(model, inputs);
}

async function sceneAround(model: LoadedModel, inputs: Trace["execution"]["inputs"]): Promise<Scene> {
  const { ops = [] } = await createReferenceEngine(model).run({ inputs, keepOps: true });
  const { program, weightsRoot } = model;
  const trace = buildTrace({ program, inputs, seed: new Uint8Array(32), maxTokens: 0, opOutputs: ops });
  const roots = { traceRoot: trace.root, inputRoot: trace.slotRoots[0] ?? trace.root, weightsRoot };
  return { model, trace, roots, lastOp: program.ops.length - 1 };
}

function judge(scene: Scene, at: ElementRef, bytes: Uint8Array): ReturnType<typeof verifyWitness> {
  const decoded = decodeWitness(bytes);
  if (!decoded.ok) return decoded;
  return verifyWitness({ program: scene.model.program, roots: scene.roots, at, witness: decoded.witness });
}

describe("the witness of one element", () => {
  for (const { name } of OPS) {
    it(`proves the engine's value of every element of ${name}, within the bound that validation announced`, async () => {
      for (let seed = 1; seed <= 6; seed++) {
        const scene = await sceneOf(name, seed);
        const { program } = scene.model;
        const output = scene.trace.execution.opOutputs[scene.lastOp];
        const descriptor = program.ops[scene.lastOp];
        if (output === undefined || descriptor === undefined) throw new RangeError("no last op");
        const bound = witnessBytesBound(program, nodeOf(program, descriptor));
        const step = Math.max(1, Math.floor(output.data.length / 12));
        for (let element = 0; element < output.data.length; element += step) {
          const at = { op: scene.lastOp, element };
          const { witness, value } = witnessElement({ trace: scene.trace, model: scene.model, at });
          const bytes = encodeWitness(witness);
          expect(judge(scene, at, bytes)).to.deep.equal({ ok: true, value: output.data[element] });
          expect(value).to.equal(output.data[element]);
          expect(bytes.length).to.be.at.most(bound);
        }
      }
    });

    it(`of ${name} is rejected when one bit of any of its bytes is flipped`, async () => {
      const scene = await sceneOf(name, 3);
      const random = createRandom(opNamed(name).opcode);
      const elements = elementCount(scene.model.program.ops[scene.lastOp]?.output.shape ?? []);
      const at = { op: scene.lastOp, element: random.int(0, elements - 1) };
      const bytes = encodeWitness(witnessElement({ trace: scene.trace, model: scene.model, at }).witness);
      for (let i = 0; i < bytes.length; i++) {
        const tampered = Uint8Array.from(bytes);
        tampered[i] = (bytes[i] ?? 0) ^ (1 << random.int(0, 7));
        expect(judge(scene, at, tampered).ok, `byte ${i} of ${bytes.length}`).to.equal(false);
      }
    });
  }
});

describe("the judge of a witness", () => {
  let scene: Scene;
  let at: ElementRef;

  before(async () => {
    const wide = full("i8", 2, 600);
    const descriptor = {
      opcode: opNamed("matmul").opcode,
      output: full("i32", 2, 2),
      attrs: [0, 0, 1, 0, 0],
    };
    const model = loaded(
      programOf({
        inputs: [wide, wide],
        ops: [
          {
            opcode: opNamed("rescale").opcode,
            operands: [{ kind: "input", index: 0 }],
            output: wide,
            attrs: [0, 1, 0, 0],
          },
          {
            ...descriptor,
            operands: [
              { kind: "op", index: 0 },
              { kind: "input", index: 1 },
            ],
          },
        ],
      }),
    );
    const random = createRandom(5);
    scene = await sceneAround(model, [randomTensor(random, wide), randomTensor(random, wide)]);
    at = { op: 1, element: 3 };
  });

  const witnessOf = () => witnessElement({ trace: scene.trace, model: scene.model, at }).witness;
  const verdictOf = (changes: {
    readonly witness?: ReturnType<typeof witnessOf>;
    readonly at?: ElementRef;
  }) =>
    verifyWitness({ program: scene.model.program, roots: scene.roots, at, witness: witnessOf(), ...changes });

  it("accepts the honest one", () => {
    expect(verdictOf({}).ok).to.equal(true);
  });

  it("calls a witness without one of its chunks incomplete, and one with a chunk too many surplus", () => {
    const one = witnessElement({ trace: scene.trace, model: scene.model, at: { op: 0, element: 0 } }).witness;
    expect(verdictOf({ at: { op: 0, element: 300 }, witness: one })).to.deep.include({
      code: "AIVM_WITNESS_INCOMPLETE",
    });
    const [tensor] = scene.trace.execution.inputs;
    if (tensor === undefined) throw new RangeError("no input");
    const more = { operands: one.operands.map(({ path }) => ({ ...openChunks(tensor, [0, 1]), path })) };
    expect(verdictOf({ at: { op: 0, element: 0 }, witness: more })).to.deep.include({
      code: "AIVM_WITNESS_SURPLUS",
    });
  });

  it("refuses operands in another order, too few or too many of them", () => {
    const { operands } = witnessOf();
    expect(verdictOf({ witness: { operands: [...operands].reverse() } })).to.deep.include({
      code: "AIVM_WITNESS_PROOF",
    });
    expect(verdictOf({ witness: { operands: operands.slice(1) } })).to.deep.include({
      code: "AIVM_WITNESS_OPERANDS",
    });
    const three = { operands: [...operands, ...operands.slice(1)] };
    expect(verdictOf({ witness: three })).to.deep.include({ code: "AIVM_WITNESS_OPERANDS" });
  });

  it("refuses an element or an op that does not exist", () => {
    expect(verdictOf({ at: { op: 1, element: 4 } })).to.deep.include({ code: "AIVM_WITNESS_ELEMENT" });
    expect(verdictOf({ at: { op: 2, element: 0 } })).to.deep.include({ code: "AIVM_WITNESS_ELEMENT" });
  });

  it("refuses a witness against other roots", () => {
    for (const name of ["traceRoot", "inputRoot"] as const) {
      const roots = { ...scene.roots, [name]: new Uint8Array(32) };
      const verdict = verifyWitness({ program: scene.model.program, roots, at, witness: witnessOf() });
      expect(verdict).to.deep.include({ ok: false, code: "AIVM_WITNESS_PROOF" });
    }
  });

  it("refuses bytes that are no witness or more than 48 KiB", () => {
    expect(decodeWitness(new Uint8Array([255, 255]))).to.deep.include({ code: "AIVM_WITNESS_ENCODING" });
    expect(decodeWitness(new Uint8Array(MAX_WITNESS_BYTES + 1))).to.deep.include({
      code: "AIVM_WITNESS_SIZE",
    });
  });
});

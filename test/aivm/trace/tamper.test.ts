/** Witnesses taken apart and put together wrongly, for every op there is; and how large they get. */
import { expect } from "chai";
import {
  buildTrace,
  createReferenceEngine,
  decodeWitness,
  type ElementWitness,
  elementCount,
  encodeWitness,
  type LoadedModel,
  MAX_WITNESS_BYTES,
  nodeOf,
  OPS,
  type OpDescriptor,
  type OperandOpening,
  opNamed,
  type Tensor,
  type TensorType,
  type Trace,
  verifyWitness,
  witnessBytesBound,
  witnessElement,
} from "../../../aivm/index.ts";
import { concatBytes } from "../../../common/index.ts";
import { full, loaded, modelAround, programOf } from "../support/models.ts";
import { randomNode } from "../support/nodes.ts";
import { createRandom, randomTensor } from "../support/random.ts";

interface Scene {
  readonly model: LoadedModel;
  readonly trace: Trace;
}

async function sceneOf(model: LoadedModel, inputs: readonly Tensor[]): Promise<Scene> {
  const { ops = [] } = await createReferenceEngine(model).run({ inputs, keepOps: true });
  const { program } = model;
  return {
    model,
    trace: buildTrace({ program, inputs, seed: new Uint8Array(32), maxTokens: 0, opOutputs: ops }),
  };
}

function accepted(scene: Scene, element: number, bytes: Uint8Array): number | undefined {
  const { model, trace } = scene;
  const decoded = decodeWitness(bytes);
  if (!decoded.ok) return undefined;
  const roots = {
    traceRoot: trace.root,
    inputRoot: trace.slotRoots[0] ?? trace.root,
    weightsRoot: model.weightsRoot,
  };
  const at = { op: model.program.ops.length - 1, element };
  const verdict = verifyWitness({ program: model.program, roots, at, witness: decoded.witness });
  return verdict.ok ? verdict.value : undefined;
}

function lastOutput({ trace, model }: Scene): Tensor {
  const output = trace.execution.opOutputs[model.program.ops.length - 1];
  if (output === undefined) throw new RangeError("no output");
  return output;
}

/** The witness with one operand's opening changed. */
function changed(
  witness: ElementWitness,
  index: number,
  change: (opening: OperandOpening) => Partial<OperandOpening>,
): ElementWitness {
  return { operands: witness.operands.map((own, i) => (i === index ? { ...own, ...change(own) } : own)) };
}

/** Openings that say something else than the honest one. */
function forgeries(witness: ElementWitness): [string, ElementWitness][] {
  const hash = new Uint8Array(32).fill(7);
  return witness.operands.flatMap((opening, i): [string, ElementWitness][] => {
    const { chunks, data, siblings, path } = opening;
    const size = data.length / Math.max(1, chunks.length);
    const of = (what: string, change: Partial<OperandOpening>): [string, ElementWitness] => [
      `operand ${i}: ${what}`,
      changed(witness, i, () => change),
    ];
    const empty = new Uint8Array(0);
    const all = [
      of("a hash more among the siblings", { siblings: concatBytes(siblings, hash) }),
      of("a hash more in the path", { path: concatBytes(path, hash) }),
      of("half a hash more", { siblings: concatBytes(siblings, hash.subarray(16)) }),
      of("a chunk more than its index says", { data: concatBytes(data, new Uint8Array(256)) }),
      of("an index without its chunk", { chunks: [...chunks, (chunks.at(-1) ?? 0) + 1] }),
      of("a byte more of data", { data: concatBytes(data, new Uint8Array(1)) }),
    ];
    if (chunks.length === 0) return all;
    return [
      ...all,
      of("nothing at all", { chunks: [], data: empty, siblings: empty, path: empty }),
      of("the first chunk twice", {
        chunks: [chunks[0] ?? 0, ...chunks],
        data: concatBytes(data.subarray(0, size), data),
      }),
      of("the next index", { chunks: chunks.map((chunk) => chunk + 1) }),
      of("without its first chunk", { chunks: chunks.slice(1), data: data.subarray(size) }),
      ...(chunks.length > 1 ? [of("in another order", { chunks: [...chunks].reverse() })] : []),
      ...(siblings.length > 0
        ? [of("without its last sibling", { siblings: siblings.subarray(0, -32) })]
        : []),
      ...(path.length > 0 ? [of("without its first hash", { path: path.subarray(32) })] : []),
    ];
  });
}

describe("the witness of every op", () => {
  for (const { name, opcode } of OPS) {
    it(`of ${name} holds in no other form: cut, longer, doubled, reordered, or with any opening forged`, async () => {
      for (let seed = 1; seed <= 2; seed++) {
        const random = createRandom(seed * 53 + opcode);
        const { model, inputs } = modelAround(randomNode(name, random));
        const scene = await sceneOf(model, inputs);
        const output = lastOutput(scene);
        const element = random.int(0, output.data.length - 1);
        const at = { op: model.program.ops.length - 1, element };
        const { witness } = witnessElement({ trace: scene.trace, model, at });
        const bytes = encodeWitness(witness);
        expect(accepted(scene, element, bytes)).to.equal(output.data[element]);
        for (const [what, forged] of forgeries(witness)) {
          expect(accepted(scene, element, encodeWitness(forged)), `${what}, seed ${seed}`).to.equal(
            undefined,
          );
        }
        const cut = Math.max(1, Math.floor(bytes.length / 40));
        for (let length = 0; length < bytes.length; length += cut) {
          expect(accepted(scene, element, bytes.subarray(0, length)), `${length} bytes`).to.equal(undefined);
        }
        for (const more of [new Uint8Array(1), new Uint8Array([10, 0]), bytes]) {
          expect(accepted(scene, element, concatBytes(bytes, more))).to.equal(undefined);
        }
      }
    });
  }
});

/** Nodes with many chunks, read in the ways that cost most. */
const LARGE: readonly {
  readonly name: string;
  readonly types: readonly TensorType[];
  readonly output: TensorType;
  readonly attrs: readonly number[];
}[] = [
  {
    name: "maxPool2d",
    types: [full("i16", 1, 20, 20, 30)],
    output: full("i16", 1, 4, 4, 30),
    attrs: [3, 3, 2, 2, 0, 0, 0, 0, 6, 6],
  },
  {
    name: "avgPool2d",
    types: [full("i8", 1, 9, 9, 100)],
    output: full("i32", 1, 5, 5, 100),
    attrs: [5, 5, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0],
  },
  { name: "maxReduce", types: [full("i32", 30, 10, 50)], output: full("i32", 1, 10, 50), attrs: [0] },
  {
    name: "argmax",
    types: [full("i8", 3, 9000)],
    output: { ...full("i32", 3, 1), lo: 0, hi: 8999 },
    attrs: [1],
  },
  {
    name: "sumReduce",
    types: [full("i8", 20, 61, 33)],
    output: full("i32", 20, 1, 33),
    attrs: [1, 0, 1, 0, 0],
  },
  {
    name: "matmul",
    types: [full("i8", 20, 999), full("i8", 20, 999)],
    output: full("i32", 20, 20),
    attrs: [0, 0, 1, 0, 0],
  },
  {
    name: "gather",
    types: [full("i16", 300, 50), full("i32", 200)],
    output: full("i16", 200, 50),
    attrs: [0],
  },
  { name: "transpose", types: [full("i8", 100, 90)], output: full("i8", 90, 100), attrs: [1, 0] },
  {
    name: "concat",
    types: [full("i8", 9, 90), full("i8", 9, 900), full("i8", 9, 1)],
    output: full("i8", 9, 991),
    attrs: [1],
  },
];

describe("the bytes of a witness", () => {
  it("never exceed what validation announced, also over many chunks", async () => {
    let largest = 0;
    for (const [i, { name, types, output, attrs }] of LARGE.entries()) {
      const random = createRandom(i + 1);
      const op: OpDescriptor = {
        opcode: opNamed(name).opcode,
        operands: types.map((_, index) => ({ kind: "input", index })),
        output,
        attrs,
      };
      const model = loaded(programOf({ inputs: types, ops: [op] }));
      const scene = await sceneOf(
        model,
        types.map((type) => randomTensor(random, type)),
      );
      const bound = witnessBytesBound(model.program, nodeOf(model.program, op));
      expect(bound).to.equal(model.facts.witnessBytes).and.to.be.at.most(MAX_WITNESS_BYTES);
      const count = elementCount(output.shape);
      for (const element of [0, count - 1, ...Array.from({ length: 1 }, () => random.int(0, count - 1))]) {
        const { witness, value } = witnessElement({ trace: scene.trace, model, at: { op: 0, element } });
        const bytes = encodeWitness(witness);
        expect(bytes.length, name).to.be.at.most(bound);
        expect(accepted(scene, element, bytes)).to.equal(value);
        largest = Math.max(largest, bytes.length / bound);
      }
    }
    // The bound is no empty promise either.
    expect(largest).to.be.above(0.8);
  });
});

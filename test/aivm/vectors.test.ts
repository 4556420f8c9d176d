/** Every vector of every op, on everything that computes: element function, both engines, and the referee. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { evaluateOp } from "../../aivm/engine/reference/referenceEngine.ts";
import { createWasmEngine } from "../../aivm/engine/wasm/wasmEngine.ts";
import {
  buildTrace,
  CHUNK_ELEMENTS,
  createReferenceEngine,
  createTensor,
  decodeWitness,
  encodeWitness,
  evaluateElement,
  type LoadedModel,
  nodeOf,
  OPS,
  type OpNode,
  opGas,
  opNamed,
  opOf,
  recordReads,
  requantize,
  SPEC_VERSION,
  type Tensor,
  type TensorData,
  type TensorType,
  type Trace,
  tensorType,
  validateArtifact,
  validateStructure,
  verifyWitness,
  witnessElement,
} from "../../aivm/index.ts";
import { freshKernels } from "../../scripts/buildWasm.ts";
import { vectorFiles } from "../vectors/generate.ts";
import { throwsCode } from "./support/errors.ts";
import { programOf } from "./support/models.ts";
import {
  type Batch,
  batchesOf,
  constantsOf,
  nodeOfVector,
  type OpVector,
  placed,
  tensorOfVector,
  wantedData,
} from "./support/vectorBatches.ts";
import { opFiles, readVectors, VECTORS, vectorPaths } from "./support/vectors.ts";

/** Ops that compute with their values: a larger number of vectors is asked for. */
const ARITHMETIC: ReadonlySet<string> = new Set(
  OPS.filter((op) => op.bound !== undefined).map((op) => op.name),
);

/** Ops that compute without an accumulator. */
const MORE: ReadonlySet<string> = new Set(["mod", "bitwise", "shift", "random"]);

const LEAST = { arithmetic: 50, other: 20 };

/** Most inputs of one program. */
const MAX_INPUTS = 64;

/** The same where every witness hashes all inputs. */
const WITNESS_INPUTS = 12;

const OTHER_FILES = [
  "artifacts.json",
  "encoding.json",
  "numbers.json",
  "referee.json",
  "traces.json",
  "trees.json",
];

function hasData(vector: OpVector): boolean {
  return vector.operands.every((operand) => operand.data !== undefined);
}

function traceOf(batch: Batch, opOutputs: readonly Tensor[]): Trace {
  const { model, inputs } = batch;
  return buildTrace({ program: model.program, inputs, opOutputs, seed: new Uint8Array(32), maxTokens: 0 });
}

/** Value of one element as the referee finds it from bytes alone. */
function judged(batch: Batch, trace: Trace, at: { readonly op: number; readonly element: number }): number {
  const { model } = batch;
  const { witness } = witnessElement({ trace, model, at });
  const decoded = decodeWitness(encodeWitness(witness));
  if (!decoded.ok) throw new RangeError(`${decoded.code}: ${decoded.at}`);
  const [inputRoot = trace.root] = trace.slotRoots;
  const roots = { traceRoot: trace.root, inputRoot, weightsRoot: model.weightsRoot };
  const verdict = verifyWitness({ program: model.program, roots, at, witness: decoded.witness });
  if (!verdict.ok) throw new RangeError(`${verdict.code}: ${verdict.at}`);
  return verdict.value;
}

/** All elements of one op, each from the chunks that it reads and no others. */
function fromChunks(batch: Batch, op: number): number[] {
  const { program, constants } = batch.model;
  const descriptor = program.ops[op];
  if (descriptor === undefined) throw new RangeError(`no op ${op}`);
  const node = nodeOf(program, descriptor);
  const tensors = { input: batch.inputs, op: [], const: constants };
  const operands = descriptor.operands.map((ref) => {
    const tensor = tensors[ref.kind][ref.index];
    if (tensor === undefined) throw new RangeError(`no ${ref.kind} ${ref.index}`);
    return tensor;
  });
  return wantedData(batch.vectors[op] ?? missing()).map((_, element) => fromOpened(node, operands, element));
}

/** One element from the chunks that it reads and no others. */
function fromOpened(node: OpNode, operands: readonly Tensor[], element: number): number {
  const reads = recordReads({ node, operands, element });
  const chunks = reads.chunks.map((indices, i) => {
    const tensor = operands[i] ?? missing();
    return new Map(indices.map((index) => [index, chunkOf(tensor, index)]));
  });
  const verdict = evaluateElement({ node, element, chunks });
  if (!verdict.ok) throw new RangeError(`${verdict.code}: ${verdict.at}`);
  return verdict.value;
}

/** Elements of one chunk, zeros beyond the tensor. */
function chunkOf({ dtype, data }: Tensor, index: number): TensorData {
  const chunk = createTensor(dtype, [CHUNK_ELEMENTS]).data;
  chunk.set(data.subarray(index * CHUNK_ELEMENTS, (index + 1) * CHUNK_ELEMENTS));
  return chunk;
}

function missing(): never {
  throw new RangeError("missing");
}

describe("the vectors of the specification", () => {
  const files = opFiles();

  it("are what their generator makes", () => {
    const made = vectorFiles();
    expect(made.map(([path]) => path).sort()).to.deep.equal(vectorPaths());
    for (const [path, text] of made) {
      expect(
        readFileSync(join(VECTORS, path), "utf8") === text,
        `${path} is stale: run make vectors`,
      ).to.equal(true);
    }
  });

  it("cover every op and nothing else, with enough of each", () => {
    expect(files.map((file) => file.op).sort()).to.deep.equal(OPS.map((op) => op.name).sort());
    const known = [...OPS.map((op) => `ops/${op.name}.json`), ...OTHER_FILES].sort();
    expect(vectorPaths()).to.deep.equal(known);
    for (const { op, opcode, operands, attributes, spec, vectors } of files) {
      const registered = opNamed(op);
      expect({ spec, opcode, operands, attributes }, op).to.deep.equal({
        spec: SPEC_VERSION,
        opcode: registered.opcode,
        operands: registered.operands,
        attributes: registered.attributes,
      });
      const least = ARITHMETIC.has(op) || MORE.has(op) ? LEAST.arithmetic : LEAST.other;
      expect(vectors.filter((vector) => vector.error === undefined).length, op).to.be.at.least(least);
      expect(vectors.filter((vector) => vector.error !== undefined).length, `${op}, refused`).to.be.at.least(
        5,
      );
      for (const { name, gas, error } of vectors) {
        expect((gas === undefined) !== (error === undefined), `${op}, ${name}: gas or error`).to.equal(true);
      }
    }
  });

  for (const file of files) {
    describe(file.op, () => {
      const batches = batchesOf(file, MAX_INPUTS);

      it("element function: infers the shape, passes the range, gives every element and the gas", () => {
        for (const vector of file.vectors.filter((item) => item.error === undefined)) {
          const node = nodeOfVector(file.opcode, vector);
          expect(opOf(file.opcode).infer(node), vector.name).to.deep.equal(vector.output.shape);
          const got = evaluateOp(node, vector.operands.map(tensorOfVector)).data;
          expect(Array.from(got), vector.name).to.deep.equal(wantedData(vector));
          expect(opGas(node), `${vector.name}, gas`).to.equal(BigInt(vector.gas ?? -1));
        }
      });

      it("element function: stays in range before the last clamp", () => {
        for (const vector of file.vectors.filter((item) => item.error === undefined)) {
          const operands = vector.operands.map(tensorOfVector);
          const element = opOf(file.opcode).prepare(nodeOfVector(file.opcode, vector));
          const read = (operand: number, index: number): number =>
            operands[operand]?.data[index] ?? Number.NaN;
          const got = wantedData(vector).map((_, i) => element(i, read) + 0);
          expect(got, vector.name).to.deep.equal(wantedData(vector));
        }
      });

      it("reference and wasm engine, gas as predicted", async () => {
        const wasm = await freshKernels();
        for (const batch of batches) {
          const engines = [
            createReferenceEngine(batch.model),
            await createWasmEngine({ model: batch.model, wasm }),
          ];
          for (const engine of engines) {
            const { ops = [], gas } = await engine.run({ inputs: batch.inputs, keepOps: true });
            for (const [i, vector] of batch.vectors.entries()) {
              expect(Array.from(ops[i]?.data ?? []), `${engine.name}: ${vector.name}`).to.deep.equal(
                wantedData(vector),
              );
            }
            const want = batch.vectors.reduce((sum, vector) => sum + (vector.gas ?? 0), 0);
            expect(gas, engine.name).to.equal(BigInt(want));
          }
        }
      });

      it("referee: every element from the chunks that it reads", () => {
        for (const batch of batches) {
          for (const [op, vector] of batch.vectors.entries()) {
            expect(fromChunks(batch, op), vector.name).to.deep.equal(wantedData(vector));
          }
        }
      });

      it("referee: an element of each vector, the ends and others in turn, from a witness's bytes", () => {
        for (const batch of batchesOf(file, WITNESS_INPUTS)) {
          const trace = traceOf(
            batch,
            batch.vectors.map((vector) => tensorOfVector(vector.output)),
          );
          for (const [op, vector] of batch.vectors.entries()) {
            const data = wantedData(vector);
            const element = [0, data.length - 1, Math.floor(data.length / 2)][op % 3] ?? 0;
            expect(judged(batch, trace, { op, element }), `${vector.name}, ${element}`).to.equal(
              data[element],
            );
          }
        }
      });

      it("refused nodes: the code of the rule", () => {
        for (const vector of file.vectors.filter((item) => item.error !== undefined)) {
          const parts = placed(file.opcode, [vector]);
          const spare: TensorType = { dtype: "i8", shape: [1], lo: 0, hi: 0 };
          const program = programOf(parts.inputs.length === 0 ? { ...parts, inputs: [spare] } : parts);
          const check = (): unknown =>
            hasData({ ...vector, operands: vector.operands.filter((operand) => operand.constant === true) })
              ? validateArtifact(program, constantsOf([vector]))
              : validateStructure(program);
          try {
            throwsCode(vector.error ?? "", check);
          } catch (error) {
            throw new Error(`${vector.name}: ${error instanceof Error ? error.message : String(error)}`, {
              cause: error,
            });
          }
        }
      });
    });
  }
});

describe("the vectors of the referee", () => {
  const { vectors } = readVectors<{ readonly vectors: readonly (OpVector & { readonly op: string })[] }>(
    "referee.json",
  );

  it("show every op operands outside their declared ranges, constants aside", () => {
    expect([...new Set(vectors.map((vector) => vector.op))].sort()).to.deep.equal(
      OPS.map((op) => op.name).sort(),
    );
    const outside = vectors.filter(({ operands }) =>
      operands.some((operand) => tensorOfVector(operand).data.some((v) => v < operand.lo || v > operand.hi)),
    );
    expect(outside.length).to.equal(vectors.length);
  });

  it("hold for the element function over whole tensors and over chunks", () => {
    for (const { op, ...vector } of vectors) {
      const { opcode } = opNamed(op);
      const parts = placed(opcode, [vector]);
      validateArtifact(programOf(parts), constantsOf([vector]));
      const node = nodeOfVector(opcode, vector);
      const operands = vector.operands.map(tensorOfVector);
      const want = wantedData(vector);
      expect(Array.from(evaluateOp(node, operands).data), `${op}, ${vector.name}`).to.deep.equal(want);
      const got = want.map((_, element) => fromOpened(node, operands, element));
      expect(got, `${op}, ${vector.name}, from chunks`).to.deep.equal(want);
    }
  });
});

describe("the vectors of requantisation", () => {
  interface Requantisation {
    readonly acc: number;
    readonly multiplier: number;
    readonly shift: number;
    readonly zero: number;
    readonly lo: number;
    readonly hi: number;
    readonly result: number;
  }
  const { requantisations } = readVectors<{ readonly requantisations: readonly Requantisation[] }>(
    "numbers.json",
  );

  it("are at least 200 and hold", () => {
    expect(requantisations.length).to.be.at.least(200);
    for (const { acc, result, ...params } of requantisations) {
      expect(requantize(acc, params) + 0, JSON.stringify({ acc, ...params })).to.equal(result);
    }
  });

  it("hold for the wasm engine wherever a valid program can lead", async () => {
    const proven = requantisations.filter(
      ({ acc, multiplier, shift }) =>
        multiplier >= 0 &&
        multiplier < 2 ** 21 &&
        shift >= 0 &&
        shift <= 62 &&
        Math.abs(acc) < 2 ** 42 &&
        BigInt(Math.abs(acc)) * BigInt(multiplier) <= 2n ** 53n,
    );
    expect(proven.length).to.be.at.least(200);
    const { program, inputs } = sumsOf(proven);
    const engine = await createWasmEngine({ model: { program, constants: [] }, wasm: await freshKernels() });
    const { outputs } = await engine.run({ inputs });
    const got = outputs.map(({ data }) => Array.from(data)[0]);
    expect(got).to.deep.equal(proven.map(({ result }) => result));
  });

  /** A program of one sum for each vector: its accumulator in parts that fit i32, requantised. */
  function sumsOf(vectors: readonly Requantisation[]): {
    readonly program: LoadedModel["program"];
    readonly inputs: readonly Tensor[];
  } {
    const inputs = vectors.map(({ acc }) => {
      const count = Math.ceil(Math.abs(acc) / 2 ** 30) || 1;
      const parts = Array.from(
        { length: count },
        (_, i) => Math.trunc(acc / count) + (i === 0 ? acc % count : 0),
      );
      return { dtype: "i32" as const, shape: [count], data: Int32Array.from(parts) };
    });
    const { opcode } = opNamed("sumReduce");
    const program = programOf({
      inputs: inputs.map(({ shape }) => tensorType("i32", shape)),
      ops: vectors.map(({ multiplier, shift, zero, lo, hi }, index) => ({
        opcode,
        operands: [{ kind: "input", index }],
        output: tensorType("i32", [], { lo, hi }),
        attrs: [0, 0, multiplier, shift, zero],
      })),
      outputs: [...vectors.keys()],
    });
    return { program, inputs };
  }
});

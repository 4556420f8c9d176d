/** The vectors of bytes: trees, tensors, encodings, artifacts, model ids, traces, witnesses. */
import { expect } from "chai";
import {
  buildTrace,
  createReferenceEngine,
  decodeWitness,
  descriptorFromBytes,
  descriptorToBytes,
  encodeArtifact,
  encodeWitness,
  inputLength,
  inputRoot,
  inputsFromBytes,
  loadArtifact,
  metaToBytes,
  type OpDescriptor,
  outputRoot,
  type Program,
  programFromBytes,
  proveLeaves,
  registeredModel,
  rootFromLeaves,
  type TensorType,
  tensorFromBytes,
  tensorRoot,
  tensorsToBytes,
  tensorToBytes,
  tensorTree,
  verifyWitness,
  witnessElement,
} from "../../aivm/index.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { bytesToHex, hexToBytes } from "../../common/bytes.ts";
import { buildTree, treeHeight, treePath, verifyPath } from "../../common/merkle.ts";
import { throwsCode } from "./support/errors.ts";
import { tensorOfVector, type VectorTensor } from "./support/vectorBatches.ts";
import { readVectors } from "./support/vectors.ts";

type Typed = Omit<VectorTensor, "lo" | "hi">;

interface Trees {
  readonly trees: readonly {
    readonly items: readonly string[];
    readonly height: number;
    readonly root: string;
  }[];
  readonly paths: readonly {
    readonly items: readonly string[];
    readonly index: number;
    readonly path: readonly string[];
    readonly root: string;
  }[];
  readonly proofs: readonly {
    readonly items: readonly string[];
    readonly indices: readonly number[];
    readonly siblings: string;
    readonly root: string;
  }[];
  readonly tensors: readonly (Typed & {
    readonly chunks: number;
    readonly root: string;
    readonly bytes?: string;
  })[];
  readonly refusedTensors: readonly (TensorType & { readonly bytes: string; readonly error: string })[];
  readonly inputs: readonly {
    readonly tensors: readonly Typed[];
    readonly seed: string;
    readonly maxTokens: number;
    readonly inputRoot: string;
    readonly outputRoot: string;
  }[];
}

/** A program of a file; its constants carry their values. */
interface VectorProgram extends Omit<Program, "constants"> {
  readonly constants: readonly VectorTensor[];
}

interface Encodings {
  readonly descriptors: readonly (OpDescriptor & { readonly bytes: string })[];
  readonly metas: readonly (Omit<Program, "ops"> & { readonly bytes: string })[];
  readonly refused: readonly { readonly name: string; readonly bytes: string; readonly error: string }[];
}

interface Artifacts {
  readonly artifacts: readonly (VectorProgram &
    Readonly<Record<"programRoot" | "weightsRoot" | "metaRoot" | "modelId" | "artifact", string>> & {
      readonly gas: number;
    })[];
  readonly refused: readonly { readonly name: string; readonly artifact: string; readonly error: string }[];
}

interface Traced {
  readonly program: VectorProgram;
  readonly inputs: readonly (readonly number[])[];
  readonly seed: string;
  readonly maxTokens: number;
  readonly gas: number;
  readonly ops: readonly (readonly number[])[];
  readonly output: string;
  readonly slotRoots: readonly string[];
  readonly traceRoot: string;
  readonly inputRoot: string;
  readonly outputRoot: string;
  readonly weightsRoot: string;
  readonly witnesses: readonly {
    readonly op: number;
    readonly element: number;
    readonly witness: string;
    readonly value: number;
  }[];
}

interface Traces {
  readonly traces: readonly Traced[];
  readonly refused: readonly {
    readonly name: string;
    readonly op: number;
    readonly element: number;
    readonly witness: string;
    readonly error: string;
  }[];
}

/** A file whose lists are all known and not empty. */
function file<T extends object>(path: string, lists: readonly string[]): T {
  const content = readVectors<T & { readonly spec: number }>(path);
  expect(Object.keys(content).sort(), path).to.deep.equal(["spec", ...lists].sort());
  expect(content.spec).to.equal(1);
  for (const list of lists) {
    expect(
      (content as unknown as Readonly<Record<string, readonly unknown[]>>)[list],
      list,
    ).to.have.length.above(0);
  }
  return content;
}

/** Program and constants of a file's program. */
function modelOf(given: VectorProgram): ReturnType<typeof loadArtifact> {
  const { specVersion, name, inputs, ops, outputs, precision, card } = given;
  const constants = given.constants.map(({ dtype, shape, lo, hi }) => ({ dtype, shape, lo, hi }));
  const program: Program = { specVersion, name, inputs, constants, ops, outputs, precision, card };
  return loadArtifact(encodeArtifact(program, given.constants.map(tensorOfVector)));
}

/** The verdict on a witness's bytes: its value, or the code. */
function verdict(
  traced: Traced,
  shown: { readonly op: number; readonly element: number; readonly witness: string },
): number | string {
  const decoded = decodeWitness(hexToBytes(shown.witness));
  if (!decoded.ok) return decoded.code;
  const roots = {
    traceRoot: hexToBytes(traced.traceRoot),
    inputRoot: hexToBytes(traced.inputRoot),
    weightsRoot: hexToBytes(traced.weightsRoot),
  };
  const { program } = modelOf(traced.program);
  const judged = verifyWitness({ program, roots, at: shown, witness: decoded.witness });
  return judged.ok ? judged.value : judged.code;
}

function hexes(list: readonly Uint8Array[]): string[] {
  return list.map(bytesToHex);
}

describe("the vectors of trees and tensors", () => {
  const lists = ["trees", "paths", "proofs", "tensors", "refusedTensors", "inputs"];
  const { trees, paths, proofs, tensors, refusedTensors, inputs } = file<Trees>("trees.json", lists);

  it("trees, paths and proofs of several leaves", () => {
    for (const { items, height, root } of trees) {
      expect(bytesToHex(buildTree(items.map(hexToBytes)).root)).to.equal(root);
      expect(treeHeight(items.length)).to.equal(height);
    }
    for (const { items, index, path, root } of paths) {
      const bytes = items.map(hexToBytes);
      expect(hexes(treePath(buildTree(bytes), index))).to.deep.equal(path);
      const item = bytes[index] ?? new Uint8Array(0);
      const opening = {
        root: hexToBytes(root),
        item,
        index,
        itemCount: items.length,
        path: path.map(hexToBytes),
      };
      expect(verifyPath(opening)).to.equal(true);
    }
    for (const { items, indices, siblings, root } of proofs) {
      const bytes = items.map(hexToBytes);
      expect(bytesToHex(proveLeaves(buildTree(bytes), indices))).to.equal(siblings);
      const shown = indices.map((index) => bytes[index] ?? new Uint8Array(0));
      const found = rootFromLeaves({
        items: shown,
        indices,
        itemCount: items.length,
        siblings: hexToBytes(siblings),
      });
      expect(bytesToHex(found ?? new Uint8Array(0))).to.equal(root);
    }
  });

  it("bytes and roots of tensors, inputs and outputs", () => {
    for (const given of tensors) {
      const tensor = tensorOfVector(given);
      expect(bytesToHex(tensorRoot(tensor))).to.equal(given.root);
      expect(tensorTree(tensor).levels[0]).to.have.lengthOf(2 ** treeHeight(given.chunks));
      if (given.bytes !== undefined) expect(bytesToHex(tensorToBytes(tensor))).to.equal(given.bytes);
    }
    for (const given of inputs) {
      const request = {
        tensors: given.tensors.map(tensorOfVector),
        seed: hexToBytes(given.seed),
        maxTokens: given.maxTokens,
      };
      expect(bytesToHex(inputRoot(request))).to.equal(given.inputRoot);
      expect(bytesToHex(outputRoot(request.tensors))).to.equal(given.outputRoot);
    }
    for (const { bytes, error, ...type } of refusedTensors) {
      throwsCode(error, () => tensorFromBytes(type, hexToBytes(bytes)));
    }
  });
});

describe("the vectors of encodings", () => {
  const { descriptors, metas, refused } = file<Encodings>("encoding.json", [
    "descriptors",
    "metas",
    "refused",
  ]);

  it("descriptors and metadata, both ways", () => {
    for (const { bytes, ...descriptor } of descriptors) {
      expect(bytesToHex(descriptorToBytes(descriptor))).to.equal(bytes);
      expect(descriptorFromBytes(hexToBytes(bytes))).to.deep.equal(descriptor);
    }
    for (const { bytes, ...program } of metas) {
      expect(bytesToHex(metaToBytes(program))).to.equal(bytes);
      expect(programFromBytes({ descriptors: [], meta: hexToBytes(bytes) })).to.deep.equal({
        ...program,
        ops: [],
      });
    }
  });

  it("bytes that are not canonical are refused", () => {
    for (const { name, bytes, error } of refused) {
      try {
        throwsCode(error, () => descriptorFromBytes(hexToBytes(bytes)));
      } catch (cause) {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
  });
});

describe("the vectors of artifacts", () => {
  const { artifacts, refused } = file<Artifacts>("artifacts.json", ["artifacts", "refused"]);

  it("files, roots, model ids and gas, with weights and without", () => {
    for (const given of artifacts) {
      const model = loadArtifact(hexToBytes(given.artifact));
      const constants = given.constants.map(tensorOfVector);
      expect(model.program.name).to.equal(given.name);
      expect(bytesToHex(encodeArtifact(model.program, constants))).to.equal(given.artifact);
      expect(modelOf(given).program, given.name).to.deep.equal(model.program);
      for (const found of [model, registeredModel(model.registration)]) {
        for (const name of ["programRoot", "weightsRoot", "metaRoot", "modelId"] as const) {
          expect(bytesToHex(found[name]), `${given.name}, ${name}`).to.equal(given[name]);
        }
        expect(found.vmGas).to.equal(BigInt(given.gas));
      }
    }
  });

  it("files that break a rule are refused", () => {
    for (const { name, artifact, error } of refused) {
      try {
        throwsCode(error, () => loadArtifact(hexToBytes(artifact)));
      } catch (cause) {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
  });
});

describe("the vectors of traces", () => {
  const { traces, refused } = file<Traces>("traces.json", ["traces", "refused"]);

  for (const traced of traces) {
    it(`${traced.program.name}: outputs, gas, slots, trace and witnesses`, async () => {
      const model = modelOf(traced.program);
      const types = traced.program.inputs.map((port) => port.type);
      const inputs = types.map(({ dtype, shape }, i) =>
        tensorOfVector({ dtype, shape, data: traced.inputs[i] ?? [] }),
      );
      expect(inputsFromBytes(model.program, tensorsToBytes(inputs))).to.deep.equal(inputs);
      expect(inputLength(model.program)).to.equal(tensorsToBytes(inputs).length);
      for (const engine of [createReferenceEngine(model), await loadWasmEngine(model)]) {
        const { ops = [], gas, outputs } = await engine.run({ inputs, keepOps: true });
        expect(
          ops.map((tensor) => Array.from(tensor.data)),
          engine.name,
        ).to.deep.equal(traced.ops);
        expect(gas).to.equal(BigInt(traced.gas));
        expect(bytesToHex(tensorsToBytes(outputs))).to.equal(traced.output);
        const { program } = model;
        const trace = buildTrace({
          program,
          inputs,
          opOutputs: ops,
          seed: hexToBytes(traced.seed),
          maxTokens: traced.maxTokens,
        });
        expect(hexes(trace.slotRoots)).to.deep.equal(traced.slotRoots);
        expect(bytesToHex(trace.root)).to.equal(traced.traceRoot);
        expect(traced.slotRoots[0]).to.equal(traced.inputRoot);
        expect(traced.slotRoots.at(-1)).to.equal(traced.outputRoot);
        expect(bytesToHex(model.weightsRoot)).to.equal(traced.weightsRoot);
        for (const shown of traced.witnesses) {
          const { witness, value } = witnessElement({ trace, model, at: shown });
          expect(bytesToHex(encodeWitness(witness)), `op ${shown.op}, element ${shown.element}`).to.equal(
            shown.witness,
          );
          expect(value).to.equal(shown.value);
          expect(verdict(traced, shown)).to.equal(shown.value);
        }
      }
    });
  }

  it("witnesses that break a rule are refused", () => {
    const last = traces.at(-1);
    if (last === undefined) throw new RangeError("no trace");
    for (const shown of refused) expect(verdict(last, shown), shown.name).to.equal(shown.error);
  });
});

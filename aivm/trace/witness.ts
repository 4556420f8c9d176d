/**
 * The witness of one element: for each operand the chunks that the op reads, a proof that they are chunks of a tensor,
 * and a path from that tensor's root to the root that commits to it (trace, input or weights).
 */
import { concatBytes, u32be } from "../../common/bytes.ts";
import { isAivmError, type Verdict } from "../../common/errors.ts";
import { buildTree, type MerkleTree, treePath, verifyPath } from "../../common/merkle.ts";
import { decodeMessage, encodeMessage } from "../../proto/codec.ts";
import type { ElementWitness, OperandOpening } from "../../proto/gen/types.ts";
import { weightsTree } from "../program/hash.ts";
import { nodeOf } from "../program/node.ts";
import type { OpDescriptor, Program, Ref } from "../program/program.ts";
import { MAX_WITNESS_BYTES } from "../program/witnessBound.ts";
import {
  chunkBytes,
  chunkCount,
  chunkToData,
  type DType,
  inputItems,
  type Tensor,
  type TensorType,
  tensorChunks,
  tensorRoot,
  tensorTree,
} from "../tensor/tensor.ts";
import { type Trace, traceSlots } from "./commit.ts";
import { evaluateElement, type OpenedChunks, recordReads } from "./evaluate.ts";
import { joinHashes, proveLeaves, rootFromLeaves, splitHashes } from "./multiproof.ts";

export type { ElementWitness, OperandOpening } from "../../proto/gen/types.ts";

/** The roots that a witness is judged against. */
export interface WitnessRoots {
  /** Either party's trace root: left of the disputed slot both have the same. */
  readonly traceRoot: Uint8Array;
  readonly inputRoot: Uint8Array;
  readonly weightsRoot: Uint8Array;
}

/** Which element of a program: op index (slot - 1) and row-major element index. */
export interface ElementRef {
  readonly op: number;
  readonly element: number;
}

/** What a prover needs of a LoadedModel. */
export interface WitnessModel {
  readonly constants: readonly Tensor[];
  /** tensorRoot of each constant. */
  readonly constantRoots: readonly Uint8Array[];
}

const NOT_READ: OperandOpening = {
  chunks: [],
  data: new Uint8Array(0),
  siblings: new Uint8Array(0),
  path: new Uint8Array(0),
};

/**
 * Witness of one element of a run, and the value that it proves.
 * @throws RangeError when the program has no such op.
 */
export function witnessElement(options: {
  readonly trace: Trace;
  readonly model: WitnessModel;
  readonly at: ElementRef;
}): { readonly witness: ElementWitness; readonly value: number } {
  const { trace, model, at } = options;
  const { program, inputs, opOutputs } = trace.execution;
  const descriptor = descriptorOf(program, at.op);
  const tensors = { input: inputs, op: opOutputs, const: model.constants };
  const operands = descriptor.operands.map((ref) => existing(tensors[ref.kind][ref.index], ref));
  const { value, chunks } = recordReads({ node: nodeOf(program, descriptor), operands, element: at.element });
  const witness = {
    operands: descriptor.operands.map((ref, i) => {
      const indices = chunks[i] ?? [];
      const tensor = operands[i];
      if (tensor === undefined || indices.length === 0) return NOT_READ;
      return { ...openChunks(tensor, indices), path: pathOf({ trace, model, ref }) };
    }),
  };
  return { witness, value };
}

/**
 * Judges a witness and recomputes its element.
 * Codes: AIVM_WITNESS_ELEMENT, AIVM_WITNESS_OPERANDS (their number), AIVM_WITNESS_SHAPE (lengths, order of chunks),
 * AIVM_WITNESS_PROOF (hashes), AIVM_WITNESS_INCOMPLETE, AIVM_WITNESS_SURPLUS; `at` names the operand.
 */
export function verifyWitness(options: {
  readonly program: Program;
  readonly roots: WitnessRoots;
  readonly at: ElementRef;
  readonly witness: ElementWitness;
}): Verdict<{ readonly value: number }> {
  const { program, roots, at, witness } = options;
  const descriptor = program.ops[at.op];
  if (descriptor === undefined) return { ok: false, code: "AIVM_WITNESS_ELEMENT", at: `op ${at.op}` };
  const node = nodeOf(program, descriptor);
  if (witness.operands.length !== node.operands.length) {
    return { ok: false, code: "AIVM_WITNESS_OPERANDS", at: `${witness.operands.length} operands` };
  }
  const chunks: OpenedChunks[] = [];
  for (const [i, opening] of witness.operands.entries()) {
    const ref = descriptor.operands[i];
    const type = node.operands[i];
    if (ref === undefined || type === undefined)
      return { ok: false, code: "AIVM_WITNESS_OPERANDS", at: `operand ${i}` };
    const opened = verifyOpening({ program, roots, ref, type, opening });
    if (!opened.ok) return { ok: false, code: opened.code, at: `operand ${i}: ${opened.at}` };
    chunks.push(opened.chunks);
  }
  return evaluateElement({ node, element: at.element, chunks });
}

/** Bytes of a witness for a transaction. */
export function encodeWitness(witness: ElementWitness): Uint8Array {
  return encodeMessage("aivm.artifact.v1.ElementWitness", witness);
}

/** Witness of its bytes. Codes: AIVM_WITNESS_SIZE (over 48 KiB), AIVM_WITNESS_ENCODING. */
export function decodeWitness(bytes: Uint8Array): Verdict<{ readonly witness: ElementWitness }> {
  if (bytes.length > MAX_WITNESS_BYTES) {
    return {
      ok: false,
      code: "AIVM_WITNESS_SIZE",
      at: `${bytes.length} bytes, at most ${MAX_WITNESS_BYTES}`,
    };
  }
  try {
    return { ok: true, witness: decodeMessage("aivm.artifact.v1.ElementWitness", bytes) };
  } catch (error) {
    if (!isAivmError(error)) throw error;
    return { ok: false, code: "AIVM_WITNESS_ENCODING", at: error.facts.want };
  }
}

/** Chunks of a tensor with their common proof. `indices` ascending and distinct. */
export function openChunks(tensor: Tensor, indices: readonly number[]): Omit<OperandOpening, "path"> {
  const all = tensorChunks(tensor);
  const data = concatBytes(...indices.map((index) => all[index] ?? new Uint8Array(chunkBytes(tensor.dtype))));
  return { chunks: indices, data, siblings: proveLeaves(tensorTree(tensor), indices) };
}

function verifyOpening(options: {
  readonly program: Program;
  readonly roots: WitnessRoots;
  readonly ref: Ref;
  readonly type: TensorType;
  readonly opening: OperandOpening;
}): Verdict<{ readonly chunks: OpenedChunks }> {
  const { program, roots, ref, type, opening } = options;
  if (opening.chunks.length === 0) return verifyNotRead(opening);
  const items = splitChunks(type.dtype, opening);
  const path = splitHashes(opening.path);
  if (items === undefined || path === undefined)
    return { ok: false, code: "AIVM_WITNESS_SHAPE", at: "lengths" };
  const { chunks: indices, siblings } = opening;
  const root = rootFromLeaves({ items, indices, itemCount: chunkCount(type.shape), siblings });
  if (root === undefined) return { ok: false, code: "AIVM_WITNESS_SHAPE", at: "chunks and siblings" };
  const place = placeOf(program, roots, ref);
  if (!verifyPath({ ...place, item: concatBytes(u32be(place.index), root), path })) {
    return { ok: false, code: "AIVM_WITNESS_PROOF", at: `${ref.kind} ${ref.index}` };
  }
  return {
    ok: true,
    chunks: new Map(items.map((item, i) => [indices[i] ?? 0, chunkToData(type.dtype, item)])),
  };
}

function verifyNotRead(opening: OperandOpening): Verdict<{ readonly chunks: OpenedChunks }> {
  const empty = opening.data.length === 0 && opening.siblings.length === 0 && opening.path.length === 0;
  return empty
    ? { ok: true, chunks: new Map() }
    : { ok: false, code: "AIVM_WITNESS_SHAPE", at: "bytes without chunks" };
}

function splitChunks(dtype: DType, opening: OperandOpening): Uint8Array[] | undefined {
  const size = chunkBytes(dtype);
  if (opening.data.length !== size * opening.chunks.length) return undefined;
  return opening.chunks.map((_, i) => opening.data.subarray(i * size, (i + 1) * size));
}

/** Which leaf of which tree commits to an operand's tensor root. */
function placeOf(
  program: Program,
  roots: WitnessRoots,
  ref: Ref,
): { readonly root: Uint8Array; readonly index: number; readonly itemCount: number } {
  if (ref.kind === "op")
    return { root: roots.traceRoot, index: ref.index + 1, itemCount: traceSlots(program) };
  return ref.kind === "input"
    ? { root: roots.inputRoot, index: ref.index, itemCount: program.inputs.length + 1 }
    : { root: roots.weightsRoot, index: ref.index, itemCount: program.constants.length };
}

function pathOf(options: {
  readonly trace: Trace;
  readonly model: WitnessModel;
  readonly ref: Ref;
}): Uint8Array {
  const { trace, model, ref } = options;
  const index = ref.kind === "op" ? ref.index + 1 : ref.index;
  return joinHashes(treePath(treeOf(trace, model, ref.kind), index));
}

function treeOf(trace: Trace, model: WitnessModel, kind: Ref["kind"]): MerkleTree {
  if (kind === "op") return trace.tree;
  const { execution } = trace;
  if (kind === "input") return buildTree(inputItems(execution.inputs.map(tensorRoot), execution));
  return weightsTree(model.constantRoots);
}

function descriptorOf(program: Program, op: number): OpDescriptor {
  const descriptor = program.ops[op];
  if (descriptor === undefined) throw new RangeError(`program ${program.name} has no op ${op}`);
  return descriptor;
}

function existing(tensor: Tensor | undefined, ref: Ref): Tensor {
  if (tensor === undefined) throw new RangeError(`no ${ref.kind} ${ref.index}`);
  return tensor;
}

/** How large the witness of one element can get: the bound that makes every dispute end in one transaction. */
import { treeHeight } from "../../common/merkle.ts";
import { elementsRead, type OpNode, type ReadBound } from "../ops/op.ts";
import { opOf } from "../ops/registry.ts";
import { CHUNK_ELEMENTS, chunkBytes, chunkCount, type TensorType } from "../tensor/tensor.ts";
import type { Ref } from "./program.ts";

/** Most bytes of one element's witness, chunks and paths included. */
export const MAX_WITNESS_BYTES: number = 48 * 1024;

/** Most elements of any one operand that one output element reads: MACs, or elements of a window or axis. */
export const MAX_OPERANDS = 16_384;

const HASH_BYTES = 32;
/** Tags and lengths of an operand's opening, and of one chunk index, in protobuf. */
const OPENING_OVERHEAD = 32;
const INDEX_BYTES = 5;

/** How many leaves the trees have that commit to a program's tensors. */
export interface Commitments {
  readonly ops: { readonly length: number };
  readonly inputs: { readonly length: number };
  readonly constants: { readonly length: number };
}

/** Elements that one output element of a node reads of the operand of which it reads most. */
export function operandsBound(node: OpNode): number {
  return opOf(node.descriptor.opcode)
    .reads(node)
    .reduce((most, read) => Math.max(most, elementsRead(read)), 0);
}

/** Upper bound of the bytes of one element's witness of a node. */
export function witnessBytesBound(program: Commitments, node: OpNode): number {
  const reads = opOf(node.descriptor.opcode).reads(node);
  return node.descriptor.operands.reduce((sum, ref, operand) => {
    const type = node.operands[operand];
    const read = reads[operand];
    if (type === undefined || read === undefined || read.runs === 0) return sum + OPENING_OVERHEAD;
    return sum + OPENING_OVERHEAD + openingBound(type, read) + HASH_BYTES * rootPathLength(program, ref);
  }, 0);
}

/** Length of the path of an operand's tensor root in the tree that commits to it. */
function rootPathLength(program: Commitments, ref: Ref): number {
  if (ref.kind === "op") return treeHeight(program.ops.length + 2);
  return treeHeight(ref.kind === "input" ? program.inputs.length + 1 : program.constants.length);
}

function openingBound(type: TensorType, read: ReadBound): number {
  const chunks = chunksBound(type, read);
  const height = treeHeight(chunkCount(type.shape));
  const perRun = read.length === 1 ? height : 2 * height;
  const siblings = Math.min(Math.min(read.runs, chunks) * perRun, 2 ** height - 1);
  return chunks * (chunkBytes(type.dtype) + INDEX_BYTES) + siblings * HASH_BYTES;
}

/** Most chunks that the runs can touch, wherever they start. */
function chunksBound(type: TensorType, read: ReadBound): number {
  const ofSpan = (length: number): number => Math.ceil((length - 1) / CHUNK_ELEMENTS) + 1;
  const apart = read.runs * ofSpan(read.length);
  const together = read.stride === 0 ? apart : ofSpan((read.runs - 1) * read.stride + read.length);
  return Math.min(apart, together, chunkCount(type.shape));
}

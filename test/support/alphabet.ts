/**
 * A toy machine for hard games: a trace of letters. Op i makes a tensor of `length` letters, each the letter after the
 * one that op i-1 has at the same place. Traces are written by hand, so they can be wrong in any way.
 */
import { chunkToData, decodeWitness, encodeWitness, proveLeaves, rootFromLeaves } from "../../aivm/index.ts";
import {
  buildTree,
  concatBytes,
  type MerkleTree,
  sha256,
  treeDescendants,
  treePath,
  treeRoot,
  u32be,
  utf8,
  verifyPath,
} from "../../common/index.ts";
import type { Referee, TraceProvider } from "../../opml-dispute/index.ts";
import { MatchStage } from "../../proto/index.ts";

/** Size of the toy. */
export interface Alphabet {
  readonly ops: number;
  /** Letters of every tensor. */
  readonly length: number;
  /** Slots that must repeat the one before. */
  readonly copies?: readonly number[];
}

export const INPUT_ROOT: Uint8Array = sha256(utf8("the letters before the first"));
const LETTERS = 26;
const CHUNK = 256;

/** Letters of one tensor. */
export type Letters = readonly number[];

/** A trace as it is written: leaves of every tree, which need not be well-formed. */
export interface WrittenTrace {
  /** Leaf bytes of the op tree. Padding may be written out. */
  readonly items: readonly Uint8Array[];
  /** Leaf bytes of the tree of each slot. */
  readonly chunks: readonly (readonly Uint8Array[])[];
  readonly outputRoot: Uint8Array;
}

/** A lie, and what is written after it. */
export interface Lie {
  readonly slot: number;
  readonly element: number;
  /** Added to the letter. */
  readonly by?: number;
}

/** Letters of each op, from the input on; each lie changes a letter and is computed onward. */
export function write(alphabet: Alphabet, lies: readonly Lie[] = []): Letters[] {
  const { ops, length, copies = [] } = alphabet;
  let last: Letters = Array.from({ length }, (_, i) => i % LETTERS);
  return Array.from({ length: ops }, (_, i) => {
    const slot = i + 1;
    const next = copies.includes(slot) ? [...last] : last.map((letter) => (letter + 1) % LETTERS);
    for (const { slot: at, element, by = 1 } of lies) {
      if (at === slot) next[element] = ((next[element] ?? 0) + by) % LETTERS;
    }
    last = next;
    return last;
  });
}

/** Canonical leaves of a tensor. */
export function chunksOf(letters: Letters): Uint8Array[] {
  return Array.from({ length: Math.ceil(letters.length / CHUNK) }, (_, c) => {
    const chunk = new Uint8Array(CHUNK);
    chunk.set(letters.slice(c * CHUNK, (c + 1) * CHUNK));
    return chunk;
  });
}

/** Leaf bytes of a slot. */
export function itemOf(slot: number, root: Uint8Array): Uint8Array {
  return concatBytes(u32be(slot), root);
}

/** Output root of the last tensor. */
export function outputRootOf(letters: Letters): Uint8Array {
  return treeRoot([itemOf(0, treeRoot(chunksOf(letters)))]);
}

/** The trace of these letters, well-formed. */
export function traceOf(tensors: readonly Letters[]): WrittenTrace {
  const chunks = [[], ...tensors.map(chunksOf)];
  return withChunks(chunks, outputRootOf(tensors.at(-1) ?? []));
}

/** A trace over given leaves of every slot's tree. */
export function withChunks(chunks: readonly (readonly Uint8Array[])[], outputRoot: Uint8Array): WrittenTrace {
  const roots = chunks.map((leaves, slot) => (slot === 0 ? INPUT_ROOT : treeRoot(leaves)));
  return { items: [...roots, outputRoot].map((root, slot) => itemOf(slot, root)), chunks, outputRoot };
}

/** Opens a written trace wherever a match stands. */
export function providerOf(trace: WrittenTrace): TraceProvider {
  const tree = buildTree(trace.items);
  const tileTree = (slot: number): MerkleTree => buildTree(trace.chunks[slot] ?? []);
  const slot = (index: number) => ({
    slot: index,
    root: (trace.items[index] ?? new Uint8Array()).slice(4, 36),
    path: treePath(tree, index),
  });
  const below = (of: MerkleTree, height: number, node: number, arityLog2: number): Uint8Array[] =>
    treeDescendants(of, { height, index: node, depth: Math.min(arityLog2, height) });
  return {
    traceRoot: tree.root,
    outputRoot: trace.outputRoot,
    slot,
    children: (at, arityLog2) => {
      const { stage, height, node } = at;
      const leaves = trace.chunks[at.slot] ?? [];
      if (stage === MatchStage.MATCH_STAGE_CHUNK) return leaves.slice(at.chunk, at.chunk + 1);
      if (stage === MatchStage.MATCH_STAGE_TILES) return below(tileTree(at.slot), height, node, arityLog2);
      if (stage !== MatchStage.MATCH_STAGE_ITEM) return below(tree, height, node, arityLog2);
      const tiles = tileTree(at.slot);
      const top = tiles.levels.length - 1;
      const item = trace.items.slice(at.slot, at.slot + 1);
      return top === 0 ? [...item, ...leaves] : [...item, ...below(tiles, top, 0, arityLog2)];
    },
    witness: (at) => {
      if (at.slot === 1) return encodeWitness({ operands: [] });
      const index = Math.floor(at.element / CHUNK);
      const tiles = tileTree(at.slot - 1);
      const data = trace.chunks[at.slot - 1]?.[index] ?? new Uint8Array();
      const path = concatBytes(...slot(at.slot - 1).path);
      return encodeWitness({
        operands: [{ chunks: [index], data, siblings: proveLeaves(tiles, [index]), path }],
      });
    },
  };
}

/** The judge of the toy machine. */
export function alphabetReferee(alphabet: Alphabet): Referee {
  const { ops, length, copies = [] } = alphabet;
  const slots = ops + 2;
  const count = Math.ceil(length / CHUNK);
  return {
    slots,
    outputSlots: [ops],
    slotRule: (slot) =>
      copies.includes(slot) ? { kind: "copy" } : { kind: "op", type: { dtype: "i8", shape: [length] } },
    judge: ({ slot, element, traceRoot, witness }) => {
      const decoded = decodeWitness(witness);
      if (!decoded.ok) return decoded;
      const wrong = { ok: false, code: "ALPHABET", at: "operand" } as const;
      const { operands } = decoded.witness;
      if (slot === 1)
        return operands.length === 0 ? { ok: true, value: ((element % LETTERS) + 1) % LETTERS } : wrong;
      const [operand] = operands;
      if (operand === undefined || operands.length !== 1) return wrong;
      const [index] = operand.chunks;
      if (index !== Math.floor(element / CHUNK) || operand.data.length !== CHUNK) return wrong;
      const { siblings, path } = operand;
      const root = rootFromLeaves({ items: [operand.data], indices: [index], itemCount: count, siblings });
      if (root === undefined || path.length % 32 !== 0) return wrong;
      const hashes = Array.from({ length: path.length / 32 }, (_, i) => path.subarray(32 * i, 32 * i + 32));
      const at = { root: traceRoot, item: itemOf(slot - 1, root), index: slot - 1, itemCount: slots };
      if (!verifyPath({ ...at, path: hashes })) return wrong;
      const letter = chunkToData("i8", operand.data)[element % CHUNK] ?? 0;
      return { ok: true, value: (letter + 1) % LETTERS };
    },
  };
}

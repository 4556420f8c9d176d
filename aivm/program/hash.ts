/** The hashes that make a model's id (docs/spec/artifact.md). */
import { buildTree, type MerkleTree, treeRoot } from "../../common/merkle.ts";
import { sha256 } from "../../common/sha256.ts";
import { indexedRoots, type Tensor, tensorRoot } from "../tensor/tensor.ts";
import { descriptorToBytes, metaToBytes } from "./encoding.ts";
import type { OpDescriptor, Program } from "./program.ts";

const MODEL_PREFIX = new Uint8Array([2]);

/** Root of the op descriptors' canonical bytes, in order; 32 bytes. */
export function programRoot(ops: readonly OpDescriptor[]): Uint8Array {
  return treeRoot(ops.map(descriptorToBytes));
}

/** Tree over `u32be(c) || root_c` of the constants' roots. */
export function weightsTree(constantRoots: readonly Uint8Array[]): MerkleTree {
  return buildTree(indexedRoots(constantRoots));
}

/** Root of the constants; 32 bytes. */
export function weightsRoot(constants: readonly Tensor[]): Uint8Array {
  return weightsTree(constants.map(tensorRoot)).root;
}

/** Hash of the meta bytes; 32 bytes. */
export function metaRoot(meta: Uint8Array): Uint8Array {
  return sha256(meta);
}

/** H(0x02 || programRoot || weightsRoot || metaRoot); 32 bytes. */
export function modelIdOfRoots(roots: {
  readonly programRoot: Uint8Array;
  readonly weightsRoot: Uint8Array;
  readonly metaRoot: Uint8Array;
}): Uint8Array {
  return sha256(MODEL_PREFIX, roots.programRoot, roots.weightsRoot, roots.metaRoot);
}

/** Id of a model: changes with any bit of a descriptor, a constant or the metadata; 32 bytes. */
export function modelIdOf(program: Program, constants: readonly Tensor[]): Uint8Array {
  return modelIdOfRoots({
    programRoot: programRoot(program.ops),
    weightsRoot: weightsRoot(constants),
    metaRoot: metaRoot(metaToBytes(program)),
  });
}

/** How much a trace hashes: SHA-256 blocks of the trees over op outputs (docs/spec/trace.md), counted, not run. */
import type { Program } from "../../../aivm/program/program.ts";
import { chunkBytes, chunkCount, type DType } from "../../../aivm/tensor/tensor.ts";

/** Bytes that one SHA-256 compression takes in. */
export const BLOCK_BYTES = 64;

/** A padding bit and a length of 64 bits end every message. */
const MESSAGE_END = 9;
/** A tree hashes its leaves and nodes behind one byte that tells them apart. */
const PREFIX = 1;
const NODE_BYTES = PREFIX + 2 * 32;

/** Compressions of one message of this many bytes. */
export function shaBlocks(bytes: number): number {
  return Math.ceil((bytes + MESSAGE_END) / BLOCK_BYTES);
}

/**
 * Compressions of a tensor's root: its chunks as leaves, and every node above one of them. Nodes above padding alone
 * are the same for all tensors and are not counted.
 */
export function rootBlocks(type: { readonly dtype: DType; readonly shape: readonly number[] }): number {
  let width = chunkCount(type.shape);
  let blocks = width * shaBlocks(PREFIX + chunkBytes(type.dtype));
  while (width > 1) {
    width = Math.ceil(width / 2);
    blocks += width * shaBlocks(NODE_BYTES);
  }
  return blocks;
}

/** Bytes of SHA-256 blocks that the roots of all op outputs of a program take. */
export function bytesHashed(program: Pick<Program, "ops">): number {
  return BLOCK_BYTES * program.ops.reduce((sum, { output }) => sum + rootBlocks(output), 0);
}

/**
 * How much longer a run with roots may take than one without, when everything is hashed one after the other and a
 * tenth more: 1 + 1.1 x (bytes / rate) / run.
 */
export function eagerBound(facts: {
  readonly bytes: number;
  readonly bytesPerMs: number;
  readonly runMs: number;
}): number {
  return 1 + (1.1 * facts.bytes) / facts.bytesPerMs / facts.runMs;
}

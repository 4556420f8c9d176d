/**
 * Merkle roots of tensors (AssemblyScript): leaves of 256 elements, zero-padded, H(0x00 || chunk), nodes H(0x01 || left ||
 * right), padded to a power of two with H(0x00), as tensorRoot of aivm/tensor/tensor.ts has it.
 */
import { PADDING } from "./constants";
import { blocksOf, FOUR_BYTES, hashFour } from "./four";

/** Elements of a leaf. */
const CHUNK_ELEMENTS: i32 = 256;
const HASH_BYTES: usize = 32;
/** Bytes of the largest chunk, of i32. */
const CHUNK_BYTES: usize = 1024;
const LEAF: i32 = 0;
const NODE: i32 = 1;

/** Where the last chunk is padded, and where the hashes of a level lie; a byte before each message is read. */
const PADDED: usize = FOUR_BYTES + 64;
const HASHES: usize = PADDED + CHUNK_BYTES + 64;

let blocks: i64 = 0;

/** Blocks of 64 bytes that hashTensor has compressed in this instance, padding of messages included. */
export function compressedBlocks(): i64 {
  return blocks;
}

/** Address of the known roots of padding, 32 bytes each: of one leaf, of two, of four, and so on; 24 of them. */
export function paddingRoots(): usize {
  return PADDING;
}

/** Bytes of scratch that hashTensor needs for a tensor of this many elements. */
export function hashScratchBytes(elements: i32): usize {
  // Three hashes to spare: they come in fours, and one may be a level's padding.
  return HASHES + (<usize>leavesOf(elements) + 4) * HASH_BYTES;
}

function leavesOf(elements: i32): i32 {
  return <i32>((<i64>elements + CHUNK_ELEMENTS - 1) / CHUNK_ELEMENTS);
}

/** Root of the `elements`, at least 1, of dtype number `dtype` at `address`; 32 bytes at `out`. */
export function hashTensor(address: usize, dtype: i32, elements: i32, out: usize, scratch: usize): void {
  const hashes = scratch + HASHES;
  hashLeaves(address, dtype, elements, scratch);
  let level: usize = 0;
  for (let count = leavesOf(elements); count > 1; count = (count + 1) >> 1) {
    // A tree of padding alone stands beside the last node of an odd level.
    if (count & 1) memory.copy(hashes + <usize>count * HASH_BYTES, PADDING + level * HASH_BYTES, HASH_BYTES);
    hashNodes((count + 1) >> 1, scratch);
    level++;
  }
  memory.copy(out, hashes, HASH_BYTES);
}

/** Hashes of all leaves, four at a time. */
function hashLeaves(address: usize, dtype: i32, elements: i32, scratch: usize): void {
  const bytes = CHUNK_ELEMENTS << dtype;
  const whole = elements / CHUNK_ELEMENTS;
  const leaves = leavesOf(elements);
  if (leaves > whole) padChunk(scratch + PADDED, address + <usize>whole * bytes, (elements % CHUNK_ELEMENTS) << dtype, bytes);
  for (let leaf = 0; leaf < leaves; leaf += 4) {
    hashFour(
      scratch + HASHES + <usize>leaf * HASH_BYTES,
      LEAF,
      chunkAt(address, bytes, leaf, whole, leaves, scratch),
      chunkAt(address, bytes, leaf + 1, whole, leaves, scratch),
      chunkAt(address, bytes, leaf + 2, whole, leaves, scratch),
      chunkAt(address, bytes, leaf + 3, whole, leaves, scratch),
      bytes,
      scratch,
    );
  }
  blocks += <i64>leaves * <i64>blocksOf(bytes);
}

/** Address of a leaf's chunk: the padded one for the last if it is cut, and for those that do not exist any other. */
function chunkAt(address: usize, bytes: i32, leaf: i32, whole: i32, leaves: i32, scratch: usize): usize {
  if (leaf < whole) return address + <usize>leaf * <usize>bytes;
  return leaves > whole ? scratch + PADDED : address;
}

function padChunk(to: usize, from: usize, used: i32, bytes: i32): void {
  memory.copy(to, from, used);
  memory.fill(to + used, 0, bytes - used);
}

/** Replaces a level by the one above it, of `count` nodes; four at a time, each written where it was read or before. */
function hashNodes(count: i32, scratch: usize): void {
  const hashes = scratch + HASHES;
  for (let node = 0; node < count; node += 4) {
    const left = hashes + <usize>node * 2 * HASH_BYTES;
    const last = hashes + <usize>(count - 1) * 2 * HASH_BYTES;
    hashFour(
      hashes + <usize>node * HASH_BYTES,
      NODE,
      left,
      min(left + 2 * HASH_BYTES, last),
      min(left + 4 * HASH_BYTES, last),
      min(left + 6 * HASH_BYTES, last),
      2 * <i32>HASH_BYTES,
      scratch,
    );
  }
  blocks += <i64>count * <i64>blocksOf(2 * <i32>HASH_BYTES);
}

/** Blobs: one tensor's bytes under its tensor root, served whole or by chunk with its path. */
import { CHUNK_ELEMENTS, DTYPE_BYTES, type DType } from "../../aivm/index.ts";
import { buildTree, type MerkleTree, treePath, verifyPath } from "../../common/index.ts";

/** A tensor's canonical bytes. */
export interface Blob {
  readonly dtype: DType;
  /** Not padded. */
  readonly bytes: Uint8Array;
}

/** One chunk (256 elements, zero-padded) with the siblings from its leaf up. */
export interface BlobChunk {
  readonly chunk: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly index: number;
  readonly chunkCount: number;
}

/** Chunks of a blob, the last one zero-padded. */
export function blobChunks(blob: Blob): Uint8Array[] {
  const size = CHUNK_ELEMENTS * DTYPE_BYTES[blob.dtype];
  return Array.from({ length: Math.max(1, Math.ceil(blob.bytes.length / size)) }, (_, index) => {
    const chunk = new Uint8Array(size);
    chunk.set(blob.bytes.subarray(index * size, (index + 1) * size));
    return chunk;
  });
}

/** Tree over a blob's chunks; its root is the tensor root. */
export function blobTree(blob: Blob): MerkleTree {
  return buildTree(blobChunks(blob));
}

/** Chunk `index` of a blob with its path, or undefined past the end. */
export function openBlob(blob: Blob, index: number): BlobChunk | undefined {
  const chunks = blobChunks(blob);
  const chunk = chunks[index];
  if (chunk === undefined) return undefined;
  return { chunk, path: treePath(buildTree(chunks), index), index, chunkCount: chunks.length };
}

/** True when `opened` is that chunk of the tensor with that root. */
export function isChunkOf(root: Uint8Array, opened: BlobChunk): boolean {
  const { chunk, index, chunkCount, path } = opened;
  return verifyPath({ root, item: chunk, index, itemCount: chunkCount, path });
}

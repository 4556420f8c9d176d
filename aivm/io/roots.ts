/** Tensor roots as fast as this process can hash: most of the work of loading an artifact. */
import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { CHUNK_ELEMENTS, type Tensor, tensorRoot } from "../tensor/tensor.ts";
import { loadBinding } from "./native.ts";

/** Computes what `tensorRoot` does. */
export type RootOf = (tensor: Tensor) => Uint8Array;

/** The native add-on's hashing where it is there, else the host's. */
export function fastRoots(): RootOf {
  if (endianness() !== "LE") return tensorRoot;
  try {
    const binding = loadBinding();
    return ({ data }) => binding.tensorRoot(data);
  } catch {
    return hostTensorRoot;
  }
}

/** `tensorRoot` by the host's SHA-256. Elements lie as the canonical bytes have them: little-endian hosts only. */
export function hostTensorRoot({ data }: Tensor): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const chunkBytes = CHUNK_ELEMENTS * data.BYTES_PER_ELEMENT;
  const leaf = Buffer.alloc(1 + chunkBytes);
  let level: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    leaf.fill(0, 1 + chunk.length);
    leaf.set(chunk, 1);
    level.push(sha256(leaf));
  }
  const node = Buffer.alloc(65, 1);
  // The tree is as wide as a power of two; what hangs below a node of padding alone is the same everywhere.
  let padding = sha256(Buffer.alloc(1));
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2)
      above.push(pair(node, level[i] ?? padding, level[i + 1] ?? padding));
    padding = pair(node, padding, padding);
    level = above;
  }
  return new Uint8Array(level[0] ?? padding);
}

function pair(node: Buffer, left: Buffer, right: Buffer): Buffer {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

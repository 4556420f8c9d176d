/**
 * One proof for many leaves of a perfect tree: the hashes that a verifier can not compute from the leaves themselves,
 * level by level from the leaves, left to right. For given leaves there is exactly one such list.
 */
import { type MerkleTree, sha256Tree, treeHeight } from "../../common/merkle.ts";

/** Bytes of one hash. */
const HASH_BYTES = 32;

/** Hashes, concatenated, that prove the leaves at `indices` (ascending, distinct, inside the tree). */
export function proveLeaves(tree: MerkleTree, indices: readonly number[]): Uint8Array {
  const siblings: Uint8Array[] = [];
  let known = indices;
  for (const level of tree.levels.slice(0, -1)) {
    for (const [i, index] of known.entries()) {
      const sibling = index ^ 1;
      const present = index % 2 === 0 ? known[i + 1] === sibling : known[i - 1] === sibling;
      if (!present) siblings.push(level[sibling] ?? sha256Tree.empty());
    }
    known = parentsOf(known);
  }
  return joinHashes(siblings);
}

/**
 * Root that leaves and proof imply, or undefined when indices are not ascending and below `itemCount`, or the proof
 * has not exactly the hashes needed.
 */
export function rootFromLeaves(opening: {
  readonly items: readonly Uint8Array[];
  readonly indices: readonly number[];
  readonly itemCount: number;
  readonly siblings: Uint8Array;
}): Uint8Array | undefined {
  const { items, indices, itemCount, siblings } = opening;
  if (items.length !== indices.length || indices.length === 0) return undefined;
  if (indices.some((index, i) => index >= itemCount || index <= (indices[i - 1] ?? -1))) return undefined;
  let level = items.map((item, i) => ({ index: indices[i] ?? 0, hash: sha256Tree.leaf(item) }));
  let at = 0;
  for (let height = treeHeight(itemCount); height > 0; height--) {
    const next: typeof level = [];
    for (let i = 0; i < level.length; i++) {
      const node = level[i];
      const neighbour = level[i + 1];
      if (node === undefined) return undefined;
      const paired = node.index % 2 === 0 && neighbour?.index === node.index + 1;
      const other = paired ? neighbour?.hash : siblings.subarray(at, at + HASH_BYTES);
      if (other?.length !== HASH_BYTES) return undefined;
      if (paired) i++;
      else at += HASH_BYTES;
      const hash =
        node.index % 2 === 0 ? sha256Tree.node(node.hash, other) : sha256Tree.node(other, node.hash);
      next.push({ index: node.index >>> 1, hash });
    }
    level = next;
  }
  return at === siblings.length ? level[0]?.hash : undefined;
}

/** Hashes of a concatenation, or undefined when its length is not a multiple of 32. */
export function splitHashes(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.length % HASH_BYTES !== 0) return undefined;
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Concatenation of hashes. */
export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [i, hash] of hashes.entries()) out.set(hash, i * HASH_BYTES);
  return out;
}

function parentsOf(indices: readonly number[]): number[] {
  const parents: number[] = [];
  for (const index of indices) if (parents.at(-1) !== index >>> 1) parents.push(index >>> 1);
  return parents;
}

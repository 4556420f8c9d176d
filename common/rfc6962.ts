/** RFC 6962 section 2.1 Merkle trees as CometBFT hashes them: SHA-256, not padded, split at the largest power of two. */
import { EMPTY } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

const LEAF_PREFIX = new Uint8Array([0]);
const NODE_PREFIX = new Uint8Array([1]);

/** A CometBFT `crypto.Proof`: position, leaf hash and sibling hashes from the leaf up. */
export interface Rfc6962Proof {
  readonly total: number;
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly aunts: readonly Uint8Array[];
}

/** Hash of one leaf. */
export function rfc6962Leaf(item: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, item);
}

/** Hash of an inner node. */
export function rfc6962Node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE_PREFIX, left, right);
}

/** Root over `items`; H("") for none. */
export function rfc6962Root(items: readonly Uint8Array[]): Uint8Array {
  const first = items[0];
  if (first === undefined) return sha256(EMPTY);
  if (items.length === 1) return rfc6962Leaf(first);
  const split = splitPoint(items.length);
  return rfc6962Node(rfc6962Root(items.slice(0, split)), rfc6962Root(items.slice(split)));
}

/** Proof that `items[index]` is in the tree over `items`. `index` < items.length. */
export function rfc6962Proof(items: readonly Uint8Array[], index: number): Rfc6962Proof {
  return {
    total: items.length,
    index,
    leafHash: rfc6962Leaf(items[index] ?? EMPTY),
    aunts: auntsOf(items, index),
  };
}

/** Root that a proof implies, or undefined when its shape is impossible. */
export function rfc6962RootFromProof(proof: Rfc6962Proof): Uint8Array | undefined {
  if (proof.index < 0 || proof.index >= proof.total) return undefined;
  return climb(proof.index, proof.total, proof.leafHash, proof.aunts);
}

function auntsOf(items: readonly Uint8Array[], index: number): Uint8Array[] {
  if (items.length <= 1) return [];
  const split = splitPoint(items.length);
  const left = items.slice(0, split);
  const right = items.slice(split);
  return index < split
    ? [...auntsOf(left, index), rfc6962Root(right)]
    : [...auntsOf(right, index - split), rfc6962Root(left)];
}

function climb(
  index: number,
  total: number,
  leafHash: Uint8Array,
  aunts: readonly Uint8Array[],
): Uint8Array | undefined {
  if (total === 1) return aunts.length === 0 ? leafHash : undefined;
  const aunt = aunts.at(-1);
  if (aunt === undefined) return undefined;
  const rest = aunts.slice(0, -1);
  const split = splitPoint(total);
  if (index < split) {
    const left = climb(index, split, leafHash, rest);
    return left === undefined ? undefined : rfc6962Node(left, aunt);
  }
  const right = climb(index - split, total - split, leafHash, rest);
  return right === undefined ? undefined : rfc6962Node(aunt, right);
}

/** Largest power of two below `length` (length >= 2). */
function splitPoint(length: number): number {
  return 2 ** (31 - Math.clz32(length - 1));
}

/**
 * The perfect Merkle tree of every aivm commitment: RFC 6962 prefixes over a list padded with the empty string to
 * the next power of two, so that "k-ary level" means "k = 2^b nodes b levels below". One item is its own leaf; no
 * item at all is H(""). CometBFT's own trees are not padded: those are in rfc6962.ts.
 */
import { EMPTY, equalBytes } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

/** How leaves and nodes are hashed. SHA-256 for our commitments, keccak-256 for the results tree of the EVM. */
export interface TreeHasher {
  /** Hash of a leaf's bytes. */
  leaf(item: Uint8Array): Uint8Array;
  /** Hash of two 32-byte children. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** Hash of no item at all. */
  empty(): Uint8Array;
}

const LEAF_PREFIX = new Uint8Array([0]);
const NODE_PREFIX = new Uint8Array([1]);

/** SHA-256 with prefixes 0x00 (leaf) and 0x01 (node). */
export const sha256Tree: TreeHasher = {
  leaf: (item) => sha256(LEAF_PREFIX, item),
  node: (left, right) => sha256(NODE_PREFIX, left, right),
  empty: () => sha256(EMPTY),
};

/** A built tree: `levels[0]` is the padded leaf hashes, the last level is the root alone. */
export interface MerkleTree {
  readonly levels: readonly (readonly Uint8Array[])[];
  readonly root: Uint8Array;
}

/** Number of levels above the leaves of a tree of `itemCount` items: ceil(log2(itemCount)), 0 for none or one. */
export function treeHeight(itemCount: number): number {
  return itemCount <= 1 ? 0 : 32 - Math.clz32(itemCount - 1);
}

/** The whole tree over `items`. Cost: about twice as many hashes as padded items. */
export function buildTree(items: readonly Uint8Array[], hasher: TreeHasher = sha256Tree): MerkleTree {
  if (items.length === 0) return { levels: [[hasher.empty()]], root: hasher.empty() };
  const width = 2 ** treeHeight(items.length);
  const padding = hasher.leaf(EMPTY);
  let level = Array.from({ length: width }, (_, i) => {
    const item = items[i];
    return item === undefined ? padding : hasher.leaf(item);
  });
  const levels = [level];
  while (level.length > 1) {
    level = pairUp(level, hasher);
    levels.push(level);
  }
  return { levels, root: level[0] ?? hasher.empty() };
}

/** Root of the tree over `items`; 32 bytes. */
export function treeRoot(items: readonly Uint8Array[], hasher: TreeHasher = sha256Tree): Uint8Array {
  return buildTree(items, hasher).root;
}

/** Sibling hashes from leaf `index` up to below the root; [] for a tree of one item. */
export function treePath(tree: MerkleTree, index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  let at = index;
  for (const level of tree.levels.slice(0, -1)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>>= 1;
  }
  return path;
}

/** Root that `item` at `index` and the sibling `path` imply, or undefined when the index does not fit the path. */
export function rootFromPath(
  opening: { readonly item: Uint8Array; readonly index: number; readonly path: readonly Uint8Array[] },
  hasher: TreeHasher = sha256Tree,
): Uint8Array | undefined {
  const { index, path } = opening;
  if (!Number.isInteger(index) || index < 0 || path.length > 31 || index >= 2 ** path.length)
    return undefined;
  let hash = hasher.leaf(opening.item);
  let at = index;
  for (const sibling of path) {
    if (sibling.length !== 32) return undefined;
    hash = at % 2 === 0 ? hasher.node(hash, sibling) : hasher.node(sibling, hash);
    at >>>= 1;
  }
  return hash;
}

/**
 * True when `item` is leaf `index` of the tree of exactly `itemCount` items under `root`.
 * The count fixes the path's length, so an inner node can not pass for a leaf at another height.
 */
export function verifyPath(
  opening: {
    readonly root: Uint8Array;
    readonly item: Uint8Array;
    readonly index: number;
    readonly itemCount: number;
    readonly path: readonly Uint8Array[];
  },
  hasher: TreeHasher = sha256Tree,
): boolean {
  if (opening.index >= opening.itemCount || opening.path.length !== treeHeight(opening.itemCount))
    return false;
  const root = rootFromPath(opening, hasher);
  return root !== undefined && equalBytes(root, opening.root);
}

/**
 * The descendants of node `index` at `height` above the leaves, `depth` levels below it: 2^depth hashes, left to
 * right. `depth` is at most `height`.
 */
export function treeDescendants(
  tree: MerkleTree,
  node: { readonly height: number; readonly index: number; readonly depth: number },
): Uint8Array[] {
  const width = 2 ** node.depth;
  const level = tree.levels[node.height - node.depth] ?? [];
  return level.slice(node.index * width, (node.index + 1) * width);
}

/** Hash of the node over `descendants`, whose number is a power of two, or undefined when it is not. */
export function foldDescendants(
  descendants: readonly Uint8Array[],
  hasher: TreeHasher = sha256Tree,
): Uint8Array | undefined {
  if (descendants.length === 0 || (descendants.length & (descendants.length - 1)) !== 0) return undefined;
  if (descendants.some((hash) => hash.length !== 32)) return undefined;
  let level = [...descendants];
  while (level.length > 1) level = pairUp(level, hasher);
  return level[0];
}

function pairUp(level: readonly Uint8Array[], hasher: TreeHasher): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) {
    const left = level[i];
    const right = level[i + 1];
    if (left !== undefined && right !== undefined) next.push(hasher.node(left, right));
  }
  return next;
}

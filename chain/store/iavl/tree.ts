/**
 * An IAVL tree as a value: every change returns a new root and shares what did not change. Which nodes a change
 * replaced is told to the caller, so that old versions can be pruned. Source: IAVL v1 (hashing unchanged since v0.x).
 */
import { compareBytes } from "../../../common/index.ts";
import type { KvEntry, KvRange } from "../../context.ts";
import { childOf, type IavlNode, innerNode, type LoadNode, leafNode } from "./node.ts";

/** Who is told of replaced nodes, and how to load saved ones. */
export interface TreeAccess {
  readonly load: LoadNode;
  /** Version that new nodes get. */
  readonly version: bigint;
  /** Called with every node that the new tree no longer holds. */
  readonly onReplaced: (node: IavlNode) => void;
}

/** Value of `key`, or undefined. */
export function getValue(
  root: IavlNode | undefined,
  key: Uint8Array,
  load: LoadNode,
): Uint8Array | undefined {
  let node = root;
  while (node !== undefined && node.value === undefined) {
    node = childOf(compareBytes(key, node.key) < 0 ? node.left : node.right, load);
  }
  return node !== undefined && compareBytes(node.key, key) === 0 ? node.value : undefined;
}

/** The tree with `key` set. Setting the same value again still makes a new leaf with the new version. */
export function setValue(
  root: IavlNode | undefined,
  entry: { readonly key: Uint8Array; readonly value: Uint8Array },
  access: TreeAccess,
): IavlNode {
  if (root === undefined) return leafNode(entry.key, entry.value, access.version);
  return setIn(root, entry, access).node;
}

/** The tree without `key`; the same tree when it was not there. */
export function removeValue(
  root: IavlNode | undefined,
  key: Uint8Array,
  access: TreeAccess,
): IavlNode | undefined {
  if (root === undefined || getValue(root, key, access.load) === undefined) return root;
  return removeIn(root, key, access).node;
}

/** Entries of a range in key order, at most `limit`. */
export function rangeOf(root: IavlNode | undefined, range: KvRange, load: LoadNode): KvEntry[] {
  const out: KvEntry[] = [];
  if (root !== undefined) walk(root, { range, load, out });
  return out;
}

function setIn(
  node: IavlNode,
  entry: { readonly key: Uint8Array; readonly value: Uint8Array },
  access: TreeAccess,
): { readonly node: IavlNode; readonly updated: boolean } {
  const { version, load } = access;
  const order = compareBytes(entry.key, node.key);
  if (node.value !== undefined) {
    const leaf = leafNode(entry.key, entry.value, version);
    if (order === 0) {
      access.onReplaced(node);
      return { node: leaf, updated: true };
    }
    const [left, right] = order < 0 ? [leaf, node] : [node, leaf];
    return { node: innerNode({ key: right.key, version, left, right }), updated: false };
  }
  access.onReplaced(node);
  const goLeft = order < 0;
  const child = setIn(childOf(goLeft ? node.left : node.right, load), entry, access);
  const left = goLeft ? child.node : childOf(node.left, load);
  const right = goLeft ? childOf(node.right, load) : child.node;
  const next = innerNode({ key: node.key, version, left, right });
  return { node: child.updated ? next : balance(next, access), updated: child.updated };
}

/** `smallest`: the new smallest key of the subtree, when the removal changed it. */
function removeIn(
  node: IavlNode,
  key: Uint8Array,
  access: TreeAccess,
): { readonly node: IavlNode | undefined; readonly smallest: Uint8Array | undefined } {
  const { version, load } = access;
  access.onReplaced(node);
  if (node.value !== undefined) return { node: undefined, smallest: undefined };
  const left = childOf(node.left, load);
  const right = childOf(node.right, load);
  if (compareBytes(key, node.key) < 0) {
    const child = removeIn(left, key, access);
    if (child.node === undefined) return { node: right, smallest: node.key };
    const next = innerNode({ key: node.key, version, left: child.node, right });
    return { node: balance(next, access), smallest: child.smallest };
  }
  const child = removeIn(right, key, access);
  if (child.node === undefined) return { node: left, smallest: undefined };
  const next = innerNode({ key: child.smallest ?? node.key, version, left, right: child.node });
  return { node: balance(next, access), smallest: undefined };
}

/** `node` is new, so rotations may drop it without telling. Its children may be saved ones. */
function balance(node: IavlNode, access: TreeAccess): IavlNode {
  const { load } = access;
  const left = childOf(node.left, load);
  const right = childOf(node.right, load);
  const factor = left.height - right.height;
  if (factor > 1) {
    const inner = childOf(left.left, load).height - childOf(left.right, load).height;
    return rotateRight(inner >= 0 ? node : withLeft(node, rotateLeft(left, access), access), access);
  }
  if (factor < -1) {
    const inner = childOf(right.left, load).height - childOf(right.right, load).height;
    return rotateLeft(inner <= 0 ? node : withRight(node, rotateRight(right, access), access), access);
  }
  return node;
}

function rotateRight(node: IavlNode, access: TreeAccess): IavlNode {
  const { load, version } = access;
  const left = childOf(node.left, load);
  access.onReplaced(left);
  const lower = innerNode({
    key: node.key,
    version,
    left: childOf(left.right, load),
    right: childOf(node.right, load),
  });
  return innerNode({ key: left.key, version, left: childOf(left.left, load), right: lower });
}

function rotateLeft(node: IavlNode, access: TreeAccess): IavlNode {
  const { load, version } = access;
  const right = childOf(node.right, load);
  access.onReplaced(right);
  const lower = innerNode({
    key: node.key,
    version,
    left: childOf(node.left, load),
    right: childOf(right.left, load),
  });
  return innerNode({ key: right.key, version, left: lower, right: childOf(right.right, load) });
}

function withLeft(node: IavlNode, left: IavlNode, access: TreeAccess): IavlNode {
  access.onReplaced(childOf(node.left, access.load));
  return innerNode({ key: node.key, version: access.version, left, right: childOf(node.right, access.load) });
}

function withRight(node: IavlNode, right: IavlNode, access: TreeAccess): IavlNode {
  access.onReplaced(childOf(node.right, access.load));
  return innerNode({ key: node.key, version: access.version, left: childOf(node.left, access.load), right });
}

function walk(
  node: IavlNode,
  state: { readonly range: KvRange; readonly load: LoadNode; readonly out: KvEntry[] },
): void {
  const { range, load, out } = state;
  if (range.limit !== undefined && out.length >= range.limit) return;
  if (node.value !== undefined) {
    const inside =
      (range.start === undefined || compareBytes(node.key, range.start) >= 0) &&
      (range.end === undefined || compareBytes(node.key, range.end) < 0);
    if (inside) out.push([node.key, node.value]);
    return;
  }
  const below = (): void => {
    if (range.start === undefined || compareBytes(range.start, node.key) < 0)
      walk(childOf(node.left, load), state);
  };
  const above = (): void => {
    if (range.end === undefined || compareBytes(node.key, range.end) < 0)
      walk(childOf(node.right, load), state);
  };
  if (range.reverse) {
    above();
    below();
  } else {
    below();
    above();
  }
}

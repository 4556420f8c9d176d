/** Nodes of an IAVL tree (v1 hashing): immutable, lazily loaded, named by the version and order in which they were saved. */
import { concatBytes, readU32be, readU64be, sha256, u32be, u64be } from "../../../common/index.ts";
import { lengthPrefixed, varint } from "../varint.ts";

/** Name of a saved node: the version that saved it and its number among that version's nodes. */
export interface NodeKey {
  readonly version: bigint;
  readonly nonce: number;
}

/** A child: in memory, or still in the store. */
export interface ChildRef {
  node: IavlNode | undefined;
  key: NodeKey | undefined;
}

/** A node. Leaves have a value and height 0; inner nodes have two children and their right subtree's smallest key. */
export interface IavlNode {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly height: number;
  readonly size: bigint;
  /** Version in which the node was made; part of its hash. */
  readonly version: bigint;
  readonly left: ChildRef | undefined;
  readonly right: ChildRef | undefined;
  /** Undefined until it was needed. */
  hash: Uint8Array | undefined;
  /** Undefined until the node was saved. */
  nodeKey: NodeKey | undefined;
}

/** Loads a saved node. */
export type LoadNode = (key: NodeKey) => IavlNode;

/** A new leaf. */
export function leafNode(key: Uint8Array, value: Uint8Array, version: bigint): IavlNode {
  return {
    key,
    value,
    version,
    height: 0,
    size: 1n,
    left: undefined,
    right: undefined,
    hash: undefined,
    nodeKey: undefined,
  };
}

/** A new inner node over two children. */
export function innerNode(options: {
  readonly key: Uint8Array;
  readonly version: bigint;
  readonly left: IavlNode;
  readonly right: IavlNode;
}): IavlNode {
  const { key, version, left, right } = options;
  return {
    key,
    version,
    value: undefined,
    height: Math.max(left.height, right.height) + 1,
    size: left.size + right.size,
    left: refTo(left),
    right: refTo(right),
    hash: undefined,
    nodeKey: undefined,
  };
}

/** A reference to a node in memory. */
export function refTo(node: IavlNode): ChildRef {
  return { node, key: node.nodeKey };
}

/** The child of an inner node, loaded when needed. */
export function childOf(ref: ChildRef | undefined, load: LoadNode): IavlNode {
  if (ref === undefined) throw new RangeError("a leaf has no children");
  if (ref.node === undefined) {
    if (ref.key === undefined) throw new RangeError("a child that is neither in memory nor saved");
    ref.node = load(ref.key);
  }
  return ref.node;
}

/** Bytes before the child hashes or the leaf's key: zigzag height, size, version. */
export function hashPrefix(node: IavlNode): Uint8Array {
  return concatBytes(varint(BigInt(node.height)), varint(node.size), varint(node.version));
}

/** Hash of a node; computes and keeps those of new nodes below it. */
export function hashOf(node: IavlNode, load: LoadNode): Uint8Array {
  if (node.hash !== undefined) return node.hash;
  const rest =
    node.value !== undefined
      ? [lengthPrefixed(node.key), lengthPrefixed(sha256(node.value))]
      : [
          lengthPrefixed(hashOf(childOf(node.left, load), load)),
          lengthPrefixed(hashOf(childOf(node.right, load), load)),
        ];
  node.hash = sha256(hashPrefix(node), ...rest);
  return node.hash;
}

/** A saved node as bytes: hash, version, height, size, key, then the value or the children's names. */
export function encodeNode(node: IavlNode): Uint8Array {
  const head = [
    node.hash ?? new Uint8Array(32),
    u64be(node.version),
    u32be(node.height),
    u64be(node.size),
    u32be(node.key.length),
    node.key,
  ];
  if (node.value !== undefined) return concatBytes(...head, node.value);
  return concatBytes(...head, encodeNodeKey(savedKey(node.left)), encodeNodeKey(savedKey(node.right)));
}

/** The node in `bytes`, saved under `nodeKey`. */
export function decodeNode(bytes: Uint8Array, nodeKey: NodeKey): IavlNode {
  const height = readU32be(bytes, 40);
  const keyLength = readU32be(bytes, 52);
  const rest = bytes.slice(56 + keyLength);
  const isLeaf = height === 0;
  return {
    hash: bytes.slice(0, 32),
    version: readU64be(bytes, 32),
    height,
    size: readU64be(bytes, 44),
    key: bytes.slice(56, 56 + keyLength),
    value: isLeaf ? rest : undefined,
    left: isLeaf ? undefined : { node: undefined, key: decodeNodeKey(rest.slice(0, 12)) },
    right: isLeaf ? undefined : { node: undefined, key: decodeNodeKey(rest.slice(12, 24)) },
    nodeKey,
  };
}

/** Twelve bytes: version, nonce. */
export function encodeNodeKey(key: NodeKey): Uint8Array {
  return concatBytes(u64be(key.version), u32be(key.nonce));
}

/** The name in twelve bytes. */
export function decodeNodeKey(bytes: Uint8Array): NodeKey {
  return { version: readU64be(bytes, 0), nonce: readU32be(bytes, 8) };
}

function savedKey(ref: ChildRef | undefined): NodeKey {
  const key = ref?.node?.nodeKey ?? ref?.key;
  if (key === undefined) throw new RangeError("children are saved before their parents");
  return key;
}

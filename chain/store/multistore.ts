/**
 * The chain's state: one IAVL tree per store under one app hash, bulk stores beside them, and one durable batch per
 * block. Changes are made in a working set; `commit` makes them durable, `discard` forgets them.
 */
import {
  AivmError,
  bytesToHex,
  compareBytes,
  concatBytes,
  rfc6962Root,
  sha256,
  u32be,
  u64be,
  utf8,
} from "../../common/index.ts";
import type { Stores } from "./branch.ts";
import {
  decodeNode,
  decodeNodeKey,
  encodeNode,
  encodeNodeKey,
  hashOf,
  type IavlNode,
  type LoadNode,
  type NodeKey,
} from "./iavl/node.ts";
import { getValue, rangeOf, removeValue, setValue } from "./iavl/tree.ts";
import type { DurableKv, KvChange } from "./kv.ts";
import type { RawStore } from "./overlay.ts";
import { lengthPrefixed } from "./varint.ts";

/** One committed version: its number, its app hash, each store's root hash in name order. */
export interface CommitInfo {
  readonly version: bigint;
  readonly appHash: Uint8Array;
  readonly stores: readonly { readonly name: string; readonly hash: Uint8Array }[];
}

/** The state of the chain. */
export interface MultiStore {
  readonly names: readonly string[];
  /** The last durable version; 0 before the first commit. */
  committed(): CommitInfo;
  /** State with the working changes; writes go into the working set. */
  readonly working: Stores;
  /** The last durable state, read only. */
  readonly latest: Stores;
  /** Commit info of a kept version. */
  infoAt(version: bigint): CommitInfo | undefined;
  /** Root of a store at a kept version. */
  rootAt(name: string, version: bigint): IavlNode | undefined;
  readonly load: LoadNodeOf;
  /** App hash that committing the working set would give. */
  workingHash(): Uint8Array;
  /** Makes the working set durable as the next version. */
  commit(): Promise<CommitInfo>;
  /** Forgets the working set. */
  discard(): void;
}

/** Loader of a store's saved nodes. */
export type LoadNodeOf = (name: string) => LoadNode;

interface TreeState {
  root: IavlNode | undefined;
  committedRoot: IavlNode | undefined;
  replaced: NodeKey[];
}

const EMPTY_HASH = sha256(new Uint8Array());

/**
 * Opens the state in `kv`.
 * @throws CHAIN_STORE when the store was written with other store names, or is damaged
 */
export function openMultiStore(options: {
  readonly kv: DurableKv;
  readonly names: readonly string[];
  /** Versions that stay readable. */
  readonly keepVersions: number;
}): MultiStore {
  const { kv } = options;
  const names = [...options.names].sort();
  const load: LoadNodeOf = (name) => (key) => loadNode(kv, name, key);
  let info = readInfo(kv) ?? { version: 0n, appHash: EMPTY_HASH, stores: [] };
  assertSameStores(info, names);
  const trees = new Map(names.map((name) => [name, openTree(kv, name, info.version)] as const));
  const bulk = new Map<string, Map<string, KvChange>>();

  const infoFor = (version: bigint): CommitInfo => {
    const stores = names.map((name) => ({ name, hash: rootHash(treeOf(trees, name).root, load(name)) }));
    return { version, stores, appHash: appHashOf(stores) };
  };
  return {
    names,
    load,
    committed: () => info,
    working: {
      store: (name) =>
        treeStore({ tree: treeOf(trees, name), load: load(name), version: () => info.version + 1n }),
      bulk: (name) => bulkStore(kv, name, bulkChanges(bulk, name)),
    },
    latest: {
      store: (name) => readOnly(treeOf(trees, name).committedRoot, load(name)),
      bulk: (name) => bulkStore(kv, name, undefined),
    },
    infoAt: (version) => (version === info.version ? info : readInfo(kv, version)),
    rootAt: (name, version) => readRoot(kv, name, version),
    workingHash: () => infoFor(info.version + 1n).appHash,
    commit: async () => {
      const next = infoFor(info.version + 1n);
      const saved: IavlNode[] = [];
      const changes: KvChange[] = [...bulk.values()].flatMap((own) => [...own.values()]);
      for (const name of names)
        changes.push(
          ...saveTree(treeOf(trees, name), { name, version: next.version, load: load(name), saved }),
        );
      changes.push(
        { key: infoKey(next.version), value: encodeInfo(next) },
        { key: infoKey(), value: encodeInfo(next) },
      );
      changes.push(...pruneChanges(kv, names, next.version - BigInt(options.keepVersions) + 1n));
      try {
        await kv.write(changes);
      } catch (error) {
        // Nothing reached the disk, so no node has a name there: a later commit must save them all again.
        for (const node of saved) node.nodeKey = undefined;
        throw error;
      }
      for (const name of names) settle(treeOf(trees, name));
      bulk.clear();
      info = next;
      return next;
    },
    discard: () => {
      for (const name of names) reset(treeOf(trees, name));
      bulk.clear();
    },
  };
}

/** Root over the leaves (store name, SHA-256 of the store's root hash), as CometBFT hashes maps. */
export function appHashOf(stores: CommitInfo["stores"]): Uint8Array {
  return rfc6962Root(stores.map(storeLeaf));
}

/** Leaf of one store in the app hash's tree. */
export function storeLeaf(store: { readonly name: string; readonly hash: Uint8Array }): Uint8Array {
  return concatBytes(lengthPrefixed(utf8(store.name)), lengthPrefixed(sha256(store.hash)));
}

/** A read-only view of a root, for queries at a height. */
export function readOnly(root: IavlNode | undefined, load: LoadNode): RawStore {
  return {
    get: (key) => getValue(root, key, load),
    iterate: (range) => rangeOf(root, range, load),
    set: refuseWrite,
    delete: refuseWrite,
  };
}

function refuseWrite(): never {
  throw new RangeError("a committed version is read only");
}

function rootHash(root: IavlNode | undefined, load: LoadNode): Uint8Array {
  return root === undefined ? EMPTY_HASH : hashOf(root, load);
}

function treeStore(options: {
  readonly tree: TreeState;
  readonly load: LoadNode;
  readonly version: () => bigint;
}): RawStore {
  const { tree, load } = options;
  const onReplaced = (node: IavlNode): void => {
    if (node.nodeKey !== undefined) tree.replaced.push(node.nodeKey);
  };
  const access = () => ({ load, version: options.version(), onReplaced });
  return {
    get: (key) => getValue(tree.root, key, load),
    iterate: (range) => rangeOf(tree.root, range, load),
    set: (key, value) => {
      tree.root = setValue(tree.root, { key, value }, access());
    },
    delete: (key) => {
      tree.root = removeValue(tree.root, key, access());
    },
  };
}

function bulkStore(kv: DurableKv, name: string, changes: Map<string, KvChange> | undefined): RawStore {
  const prefix = concatBytes(utf8("b"), lengthPrefixed(utf8(name)));
  const write = (key: Uint8Array, value?: Uint8Array): void => {
    if (changes === undefined) refuseWrite();
    const full = concatBytes(prefix, key);
    changes.set(bytesToHex(full), value === undefined ? { key: full } : { key: full, value });
  };
  return {
    get: (key) => {
      const full = concatBytes(prefix, key);
      const changed = changes?.get(bytesToHex(full));
      return changed === undefined ? kv.get(full) : changed.value;
    },
    iterate: () => {
      throw new RangeError("bulk stores are read by key");
    },
    set: (key, value) => write(key, value),
    delete: (key) => write(key),
  };
}

function bulkChanges(bulk: Map<string, Map<string, KvChange>>, name: string): Map<string, KvChange> {
  const found = bulk.get(name) ?? new Map<string, KvChange>();
  bulk.set(name, found);
  return found;
}

function treeOf(trees: ReadonlyMap<string, TreeState>, name: string): TreeState {
  const tree = trees.get(name);
  if (tree === undefined) throw new RangeError(`no store ${name}`);
  return tree;
}

function openTree(kv: DurableKv, name: string, version: bigint): TreeState {
  const root = readRoot(kv, name, version);
  return { root, committedRoot: root, replaced: [] };
}

function settle(tree: TreeState): void {
  tree.committedRoot = tree.root;
  tree.replaced = [];
}

function reset(tree: TreeState): void {
  tree.root = tree.committedRoot;
  tree.replaced = [];
}

/** Records of a tree's new nodes, its root and the nodes that this version no longer holds. Adds new nodes to `saved`. */
function saveTree(
  tree: TreeState,
  as: {
    readonly name: string;
    readonly version: bigint;
    readonly load: LoadNode;
    readonly saved: IavlNode[];
  },
): KvChange[] {
  const { name, version, load, saved } = as;
  const changes: KvChange[] = [];
  let nonce = 0;
  const save = (node: IavlNode | undefined): void => {
    if (node === undefined || node.nodeKey !== undefined) return;
    save(node.left?.node);
    save(node.right?.node);
    hashOf(node, load);
    nonce += 1;
    node.nodeKey = { version, nonce };
    saved.push(node);
    changes.push({ key: nodeStoreKey(name, node.nodeKey), value: encodeNode(node) });
  };
  save(tree.root);
  const root = tree.root?.nodeKey;
  changes.push({
    key: rootKey(name, version),
    value: root === undefined ? new Uint8Array([0]) : encodeNodeKey(root),
  });
  if (tree.replaced.length > 0) {
    const gone = [...tree.replaced].map(encodeNodeKey).sort(compareBytes);
    changes.push({ key: replacedKey(name, version), value: concatBytes(...gone) });
  }
  return changes;
}

/** Deletions that make `oldest` the oldest kept version: what it replaced, and the records of the version before it. */
function pruneChanges(kv: DurableKv, names: readonly string[], oldest: bigint): KvChange[] {
  if (oldest <= 1n) return [];
  const changes: KvChange[] = [{ key: infoKey(oldest - 1n) }];
  for (const name of names) {
    changes.push({ key: rootKey(name, oldest - 1n) }, { key: replacedKey(name, oldest) });
    const gone = kv.get(replacedKey(name, oldest)) ?? new Uint8Array();
    for (let at = 0; at < gone.length; at += 12) {
      changes.push({ key: nodeStoreKey(name, decodeNodeKey(gone.slice(at, at + 12))) });
    }
  }
  return changes;
}

function loadNode(kv: DurableKv, name: string, key: NodeKey): IavlNode {
  const bytes = kv.get(nodeStoreKey(name, key));
  if (bytes !== undefined) return decodeNode(bytes, key);
  throw new AivmError("CHAIN_STORE", {
    what: `node ${key.version}/${key.nonce} of store ${name}`,
    want: "a saved node",
    got: "nothing",
    remedy:
      "The height was pruned, or the database is damaged: restore it from a backup or replay the chain.",
  });
}

function readRoot(kv: DurableKv, name: string, version: bigint): IavlNode | undefined {
  const bytes = kv.get(rootKey(name, version));
  return bytes === undefined || bytes.length !== 12 ? undefined : loadNode(kv, name, decodeNodeKey(bytes));
}

function assertSameStores(info: CommitInfo, names: readonly string[]): void {
  if (info.version === 0n) return;
  const stored = info.stores.map(({ name }) => name).join(",");
  if (stored === names.join(",")) return;
  throw new AivmError("CHAIN_STORE", {
    what: "stores of the database",
    want: names.join(","),
    got: stored,
    remedy: "Start the version of the program that wrote it; stores change by an upgrade only.",
  });
}

function nodeStoreKey(name: string, key: NodeKey): Uint8Array {
  return concatBytes(utf8("n"), lengthPrefixed(utf8(name)), encodeNodeKey(key));
}

function rootKey(name: string, version: bigint): Uint8Array {
  return concatBytes(utf8("r"), lengthPrefixed(utf8(name)), u64be(version));
}

function replacedKey(name: string, version: bigint): Uint8Array {
  return concatBytes(utf8("o"), lengthPrefixed(utf8(name)), u64be(version));
}

function infoKey(version?: bigint): Uint8Array {
  return version === undefined ? utf8("c") : concatBytes(utf8("c"), u64be(version));
}

function encodeInfo(info: CommitInfo): Uint8Array {
  const rows = info.stores.map(({ name, hash }) => concatBytes(hash, u32be(name.length), utf8(name)));
  return concatBytes(u64be(info.version), info.appHash, ...rows);
}

function readInfo(kv: DurableKv, version?: bigint): CommitInfo | undefined {
  const bytes = kv.get(infoKey(version));
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stores: { name: string; hash: Uint8Array }[] = [];
  for (let at = 40; at < bytes.length; ) {
    const length = view.getUint32(at + 32, false);
    const name = new TextDecoder().decode(bytes.slice(at + 36, at + 36 + length));
    stores.push({ name, hash: bytes.slice(at, at + 32) });
    at += 36 + length;
  }
  return { version: view.getBigUint64(0, false), appHash: bytes.slice(8, 40), stores };
}

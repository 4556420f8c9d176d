/**
 * ICS-23 proofs of the state: that a store holds a key, or that it does not, and that the store is under the app
 * hash. Source: ics23 (iavlSpec, tendermintSpec), cosmos-sdk store/types/proof.go.
 */
import {
  CommitmentProof,
  type ExistenceProof,
  HashOp,
  type InnerOp,
  type LeafOp,
  LengthOp,
} from "cosmjs-types/cosmos/ics23/v1/proofs";
import { ProofOps } from "cosmjs-types/tendermint/crypto/proof";
import { compareBytes, concatBytes, EMPTY, rfc6962Proof, utf8 } from "../../common/index.ts";
import { childOf, hashOf, hashPrefix, type IavlNode, type LoadNode } from "./iavl/node.ts";
import { type CommitInfo, storeLeaf } from "./multistore.ts";
import { lengthPrefixed, varint } from "./varint.ts";

/** Type of the proof inside a store. */
const IAVL_OP = "ics23:iavl";
/** Type of the proof of a store under the app hash. */
const SIMPLE_OP = "ics23:simple";
/** Length byte of a 32-byte child hash. */
const CHILD_LENGTH = new Uint8Array([32]);

/** One store of one committed version. */
export interface ProvableStore {
  readonly root: IavlNode | undefined;
  readonly load: LoadNode;
}

/**
 * Proof of `key`'s value, or of its absence, under the app hash of `info`: the store's own proof, then the store's
 * place in the app hash. Undefined for an empty store, which can not prove that a key is absent.
 */
export function proveKey(
  store: ProvableStore,
  query: { readonly info: CommitInfo; readonly name: string; readonly key: Uint8Array },
): ProofOps | undefined {
  const { info, name, key } = query;
  const inner = existenceProof(store, key);
  const commitment =
    inner === undefined ? absenceProof(store, key) : CommitmentProof.fromPartial({ exist: inner });
  if (commitment === undefined) return undefined;
  return ProofOps.fromPartial({
    ops: [
      { type: IAVL_OP, key, data: CommitmentProof.encode(commitment).finish() },
      { type: SIMPLE_OP, key: utf8(name), data: CommitmentProof.encode(proveStore(info, name)).finish() },
    ],
  });
}

/** Proof that `key` is in the store; undefined when it is not. */
export function existenceProof(store: ProvableStore, key: Uint8Array): ExistenceProof | undefined {
  const { root, load } = store;
  const path: InnerOp[] = [];
  let node = root;
  while (node !== undefined && node.value === undefined) {
    const goLeft = compareBytes(key, node.key) < 0;
    path.push(innerStep(node, { goLeft, load }));
    node = childOf(goLeft ? node.left : node.right, load);
  }
  if (node?.value === undefined || compareBytes(node.key, key) !== 0) return undefined;
  return { key, value: node.value, leaf: iavlLeaf(node.version), path: path.reverse() };
}

/** Proof that `key` is not in the store: its neighbours. Undefined when it is there, or when the store is empty. */
export function absenceProof(store: ProvableStore, key: Uint8Array): CommitmentProof | undefined {
  const { left, right, found } = neighbours(store, key);
  if (found || (left === undefined && right === undefined)) return undefined;
  const leftProof = left === undefined ? undefined : existenceProof(store, left);
  const rightProof = right === undefined ? undefined : existenceProof(store, right);
  return CommitmentProof.fromPartial({
    nonexist: {
      key,
      ...(leftProof === undefined ? {} : { left: leftProof }),
      ...(rightProof === undefined ? {} : { right: rightProof }),
    },
  });
}

/** Proof that store `name` is under the app hash of `info`. @throws RangeError when it is not */
export function proveStore(info: CommitInfo, name: string): CommitmentProof {
  const index = info.stores.findIndex((store) => store.name === name);
  const store = info.stores[index];
  if (store === undefined) throw new RangeError(`no store ${name}`);
  const { aunts, total } = rfc6962Proof(info.stores.map(storeLeaf), index);
  const exist = {
    key: utf8(name),
    value: store.hash,
    leaf: leafOp(new Uint8Array([0])),
    path: simplePath(aunts, { index, total }),
  };
  return CommitmentProof.fromPartial({ exist });
}

/** Steps from leaf `index` of an RFC 6962 tree of `total` leaves to its root. */
function simplePath(
  aunts: readonly Uint8Array[],
  at: { readonly index: number; readonly total: number },
): InnerOp[] {
  return aunts.map((aunt, height) => {
    const isLeft = isLeftAt(at, aunts.length - height - 1);
    return {
      hash: HashOp.SHA256,
      prefix: isLeft ? new Uint8Array([1]) : concatBytes(new Uint8Array([1]), aunt),
      suffix: isLeft ? aunt : EMPTY,
    };
  });
}

/** Whether the path to leaf `index` turns left `depth` steps below the root. */
function isLeftAt(at: { readonly index: number; readonly total: number }, depth: number): boolean {
  let { index, total } = at;
  for (let step = 0; ; step++) {
    const split = 2 ** (31 - Math.clz32(total - 1));
    const isLeft = index < split;
    if (step === depth) return isLeft;
    [index, total] = isLeft ? [index, split] : [index - split, total - split];
  }
}

function innerStep(node: IavlNode, turn: { readonly goLeft: boolean; readonly load: LoadNode }): InnerOp {
  const { goLeft, load } = turn;
  const head = hashPrefix(node);
  const sibling = lengthPrefixed(hashOf(childOf(goLeft ? node.right : node.left, load), load));
  return {
    hash: HashOp.SHA256,
    prefix: goLeft ? concatBytes(head, CHILD_LENGTH) : concatBytes(head, sibling, CHILD_LENGTH),
    suffix: goLeft ? sibling : EMPTY,
  };
}

function iavlLeaf(version: bigint): LeafOp {
  return leafOp(concatBytes(varint(0n), varint(1n), varint(version)));
}

function leafOp(prefix: Uint8Array): LeafOp {
  return {
    hash: HashOp.SHA256,
    prehashKey: HashOp.NO_HASH,
    prehashValue: HashOp.SHA256,
    length: LengthOp.VAR_PROTO,
    prefix,
  };
}

function neighbours(
  store: ProvableStore,
  key: Uint8Array,
): {
  readonly left: Uint8Array | undefined;
  readonly right: Uint8Array | undefined;
  readonly found: boolean;
} {
  const { load } = store;
  let node = store.root;
  let below: IavlNode | undefined;
  let above: IavlNode | undefined;
  while (node !== undefined && node.value === undefined) {
    const goLeft = compareBytes(key, node.key) < 0;
    if (goLeft) above = childOf(node.right, load);
    else below = childOf(node.left, load);
    node = childOf(goLeft ? node.left : node.right, load);
  }
  if (node === undefined) return { left: undefined, right: undefined, found: false };
  const order = compareBytes(node.key, key);
  const left = order < 0 ? node.key : below && edge(below, "right", load);
  const right = order > 0 ? node.key : above && edge(above, "left", load);
  return { left, right, found: order === 0 };
}

/** Key of the outermost leaf of a subtree. */
function edge(top: IavlNode, side: "left" | "right", load: LoadNode): Uint8Array {
  let node = top;
  while (node.value === undefined) node = childOf(node[side], load);
  return node.key;
}

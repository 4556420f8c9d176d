/** Pure figures of the module: quorum, bitmap, leaves as the EVM hashes them. */
import { sha256, treePath } from "../../../common/index.ts";
import { type ResultLeaf, resultsTree } from "../../../proto/evm.ts";
import { encodeMessage, type Messages } from "../../../proto/index.ts";

/** A leaf as the chain records it. */
export type Leaf = Messages["aivm.oracle.v1.Leaf"];

/** True when `signed` is strictly more than two thirds of `total`. */
export function isQuorum(signed: bigint, total: bigint): boolean {
  return signed * 3n > total * 2n;
}

/** What observers must agree on: everything but who says it. */
export function observationDigest(message: Messages["aivm.oracle.v1.MsgObserveRequest"]): Uint8Array {
  return sha256(encodeMessage("aivm.oracle.v1.MsgObserveRequest", { ...message, observer: "" }));
}

/** Bitmap of signer indices: bit i of byte i / 8, 32 bytes. `indices` below 256. */
export function signerBitmap(indices: readonly number[]): Uint8Array {
  const out = new Uint8Array(32);
  for (const index of indices) out[index >> 3] = (out[index >> 3] ?? 0) | (1 << (index & 7));
  return out;
}

/** The leaf as proto/evm.ts hashes it. */
export function evmLeaf(leaf: Leaf): ResultLeaf {
  return { ...leaf, outputHash: leaf.outputKeccak };
}

/** Root of the results tree over `leaves`, in their order; 32 bytes. */
export function resultsRootOf(leaves: readonly Leaf[]): Uint8Array {
  return resultsTree(leaves.map(evmLeaf)).root;
}

/** Sibling path of leaf `index`. */
export function resultsPath(leaves: readonly Leaf[], index: number): Uint8Array[] {
  return treePath(resultsTree(leaves.map(evmLeaf)), index);
}

/** No address. */
export const ZERO_ADDRESS: Uint8Array = new Uint8Array(20);

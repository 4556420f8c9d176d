/** Keys of store `oracle`. */
import { concatBytes, u32be, u64be } from "../../../common/index.ts";

/** Store of the module. */
export const ORACLE_STORE = "oracle";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** The attester set. */
export function attesterSetKey(): Uint8Array {
  return new Uint8Array([1]);
}

/** A served EVM contract. */
export function destinationKey(evmChainId: bigint, oracle: Uint8Array): Uint8Array {
  return concatBytes(destinationPrefix(), u64be(evmChainId), oracle);
}

/** All of them. */
export function destinationPrefix(): Uint8Array {
  return new Uint8Array([2]);
}

/** Observations of a request, by its id on this chain. */
export function observationsKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([3]), requestId);
}

/** A leaf that goes into the results tree of the block being executed. */
export function pendingLeafKey(index: number): Uint8Array {
  return concatBytes(pendingLeafPrefix(), u32be(index));
}

/** All of them, in the tree's order. */
export function pendingLeafPrefix(): Uint8Array {
  return new Uint8Array([4]);
}

/** Results root of a height. */
export function resultsRootKey(height: bigint): Uint8Array {
  return concatBytes(resultsRootPrefix(), u64be(height));
}

/** All kept roots, by height. */
export function resultsRootPrefix(): Uint8Array {
  return new Uint8Array([5]);
}

/** The newest leaf of a request. */
export function leafKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([6]), requestId);
}

/** Where that leaf is. */
export function locationKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([7]), requestId);
}

/** Number of kept roots. */
export function rootCountKey(): Uint8Array {
  return new Uint8Array([8]);
}

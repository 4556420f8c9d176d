/** Keys of store `tee`. */
import { concatBytes, u64be } from "../../../common/index.ts";

/** Store of the module. */
export const TEE_STORE = "tee";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** Enclave by key id. */
export function enclaveKey(keyId: Uint8Array): Uint8Array {
  return concatBytes(enclavePrefix(), keyId);
}

/** All enclaves, in order of key id. */
export function enclavePrefix(): Uint8Array {
  return new Uint8Array([1]);
}

/** Private query by id. */
export function queryKey(queryId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([2]), queryId);
}

/** Queue: OPEN queries by the last height at which a receipt counts. */
export function expiryKey(expiryHeight: bigint, queryId: Uint8Array): Uint8Array {
  return concatBytes(expiryPrefix(), u64be(expiryHeight), queryId);
}

/** All of it. */
export function expiryPrefix(): Uint8Array {
  return new Uint8Array([3]);
}

/** First key of the queue that is not over at the end of block `height`. */
export function expiryNotDue(height: bigint): Uint8Array {
  return concatBytes(expiryPrefix(), u64be(height + 1n));
}

/** Hash of a recent block. */
export function blockHashKey(height: bigint): Uint8Array {
  return concatBytes(new Uint8Array([4]), u64be(height));
}

/** Keys of store `inference` and of the bulk stores of inputs and outputs. */
import { concatBytes, u64be } from "../../../common/index.ts";

/** Store of the module. */
export const INFERENCE_STORE = "inference";
/** Bulk store: input bytes by request id. */
export const INPUT_STORE = "inference_inputs";
/** Bulk store: output bytes of the standing result, by request id. */
export const OUTPUT_STORE = "inference_outputs";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** Sequence of the next request. */
export function nextSequenceKey(): Uint8Array {
  return new Uint8Array([1]);
}

/** Request by id. */
export function requestKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([2]), requestId);
}

/** Standing result of a request. */
export function resultKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([3]), requestId);
}

/** Index: all requests by sequence. */
export function sequenceKey(sequence: bigint): Uint8Array {
  return concatBytes(sequencePrefix(), u64be(sequence));
}

/** All of it. */
export function sequencePrefix(): Uint8Array {
  return new Uint8Array([4]);
}

/** Index: requests by status, then sequence. */
export function statusKey(status: number, sequence: bigint): Uint8Array {
  return concatBytes(statusPrefix(status), u64be(sequence));
}

/** All requests of a status. */
export function statusPrefix(status: number): Uint8Array {
  return new Uint8Array([5, status]);
}

/** Queue: OPEN requests by the last time at which a commitment still makes sense. */
export function expiryKey(lastCommitMs: bigint, sequence: bigint): Uint8Array {
  return concatBytes(expiryPrefix(), u64be(lastCommitMs), u64be(sequence));
}

/** All of it. */
export function expiryPrefix(): Uint8Array {
  return new Uint8Array([6]);
}

/** First key of the queue that is not due at `nowMs`. */
export function expiryNotDue(nowMs: bigint): Uint8Array {
  return concatBytes(expiryPrefix(), u64be(nowMs));
}

/** Queue: COMMITTED requests by the last height at which they may be revealed. */
export function revealKey(lastRevealHeight: bigint, sequence: bigint): Uint8Array {
  return concatBytes(revealPrefix(), u64be(lastRevealHeight), u64be(sequence));
}

/** All of it. */
export function revealPrefix(): Uint8Array {
  return new Uint8Array([7]);
}

/** First key of the queue that is not due at the end of block `height`. */
export function revealNotDue(height: bigint): Uint8Array {
  return concatBytes(revealPrefix(), u64be(height + 1n));
}

/** Queue: OPEN requests that nobody was drawn for. */
export function unassignedKey(sequence: bigint): Uint8Array {
  return concatBytes(unassignedPrefix(), u64be(sequence));
}

/** All of it. */
export function unassignedPrefix(): Uint8Array {
  return new Uint8Array([8]);
}

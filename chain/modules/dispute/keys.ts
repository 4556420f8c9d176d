/** Keys of store `dispute` and of its bulk store of outputs. */
import { concatBytes, u32be, u64be } from "../../../common/index.ts";

/** Store of the module. */
export const DISPUTE_STORE = "dispute";
/** Bulk store: output bytes of claims. */
export const OUTPUT_STORE = "dispute_output";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** Dispute time. */
export function clockKey(): Uint8Array {
  return new Uint8Array([1]);
}

/** Head of a request's claim set. */
export function disputeKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([2]), requestId);
}

/** Claims of a request, by index. */
export function claimPrefix(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([3]), requestId);
}

/** One claim; also the key of its output. */
export function claimKey(requestId: Uint8Array, index: number): Uint8Array {
  return concatBytes(claimPrefix(requestId), u32be(index));
}

/** Commitments of a request that wait for their reveal, by number. */
export function joinPrefix(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([4]), requestId);
}

/** One commitment. */
export function joinKey(requestId: Uint8Array, number: number): Uint8Array {
  return concatBytes(joinPrefix(requestId), u32be(number));
}

/** Matches of a request, by number. */
export function matchPrefix(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([5]), requestId);
}

/** One match. */
export function matchKey(requestId: Uint8Array, number: number): Uint8Array {
  return concatBytes(matchPrefix(requestId), u32be(number));
}

/** Request of a match. */
export function matchIndexKey(matchId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([6]), matchId);
}

/** Queue: claim sets by the dispute time at which they must be looked at. */
export function dueTimePrefix(): Uint8Array {
  return new Uint8Array([7]);
}

/** One of them. */
export function dueTimeKey(ms: bigint, requestId: Uint8Array): Uint8Array {
  return concatBytes(dueTimePrefix(), u64be(ms), requestId);
}

/** First key of the queue that is not due at `nowMs`. */
export function dueTimeEnd(nowMs: bigint): Uint8Array {
  return concatBytes(dueTimePrefix(), u64be(nowMs + 1n));
}

/** Queue: claim sets by the height at the end of which they must be looked at. */
export function dueHeightPrefix(): Uint8Array {
  return new Uint8Array([8]);
}

/** One of them. */
export function dueHeightKey(height: bigint, requestId: Uint8Array): Uint8Array {
  return concatBytes(dueHeightPrefix(), u64be(height), requestId);
}

/** First key of the queue that is not due at the end of block `height`. */
export function dueHeightEnd(height: bigint): Uint8Array {
  return concatBytes(dueHeightPrefix(), u64be(height + 1n));
}

/** Where a claim set stands in both queues: u64be(ms) || u64be(height), 0 = nowhere. */
export function dueKey(requestId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([9]), requestId);
}

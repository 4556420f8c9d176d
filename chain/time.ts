/** Protobuf times. */
import type { Timestamp } from "cosmjs-types/google/protobuf/timestamp";

/** Unix milliseconds, rounded down; 0 for none. */
export function unixMillis(time: Timestamp | undefined): bigint {
  return time === undefined ? 0n : time.seconds * 1000n + BigInt(time.nanos) / 1_000_000n;
}

/** Variable-length integers as Go's encoding/binary writes them. Values are non-negative and below 2^53. */
import { concatBytes } from "../../common/index.ts";

/** Unsigned LEB128. */
export function uvarint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/** Zigzag of a non-negative value, then unsigned LEB128 (Go's PutVarint). */
export function varint(value: bigint): Uint8Array {
  return uvarint(value << 1n);
}

/** Length as uvarint, then the bytes. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(uvarint(BigInt(bytes.length)), bytes);
}

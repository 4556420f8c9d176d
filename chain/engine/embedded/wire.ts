/**
 * The few protobuf bytes that no generated type writes as Go does: canonical votes, the wrapper messages that header
 * fields are hashed as, and length prefixes. proto3 rules: zero values are left out unless a function says otherwise.
 */
import { concatBytes, EMPTY, utf8 } from "../../../common/bytes.ts";

const LENGTH_DELIMITED = 2;
const FIXED64 = 1;

/** Unsigned LEB128 of `value` in [0, 2^64). */
export function uvarint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/** `message` with its length before it: how CometBFT frames sign bytes. */
export function delimited(message: Uint8Array): Uint8Array {
  return concatBytes(uvarint(BigInt(message.length)), message);
}

/** int64/uint64/enum field as a varint; a negative value takes ten bytes; 0 is left out. */
export function varintField(field: number, value: bigint): Uint8Array {
  return value === 0n ? EMPTY : concatBytes(tag(field, 0), uvarint(value));
}

/** sfixed64 field, little-endian two's complement; 0 is left out. */
export function sfixed64Field(field: number, value: bigint): Uint8Array {
  if (value === 0n) return EMPTY;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return concatBytes(tag(field, FIXED64), bytes);
}

/** bytes field; left out when empty. */
export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return value.length === 0 ? EMPTY : messageField(field, value);
}

/** string field; left out when empty. */
export function stringField(field: number, value: string): Uint8Array {
  return bytesField(field, utf8(value));
}

/** Sub-message field: written also when the message is empty, as gogoproto does for non-nullable members. */
export function messageField(field: number, message: Uint8Array): Uint8Array {
  return concatBytes(tag(field, LENGTH_DELIMITED), delimited(message));
}

function tag(field: number, wireType: number): Uint8Array {
  return uvarint(BigInt(field * 8 + wireType));
}

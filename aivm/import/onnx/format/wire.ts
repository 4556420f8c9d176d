/**
 * The protobuf wire format, as far as ONNX files use it: a cursor over the fields of one message, and a writer.
 * Own and small, because the importer must tell "cut short" from "not ONNX at all", and must not copy weights.
 */
import { concatBytes, utf8, utf8ToText } from "../../../../common/bytes.ts";
import { notAModel, truncated } from "../errors.ts";

/** One field of a message. `bytes` for wire type 2, 1 and 5 (a view, not a copy), `varint` for wire type 0. */
export interface WireField {
  readonly number: number;
  readonly wireType: 0 | 1 | 2 | 5;
  readonly varint: bigint;
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/** The fields of the message `bytes`, in file order. @throws AIVM_ONNX_TRUNCATED or AIVM_ONNX_NOT_A_MODEL. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    at = tag.next;
    const number = Number(tag.value >> 3n);
    const wireType = Number(tag.value & 7n);
    if (number === 0 || number > 0x1fff_ffff) throw notAModel(`field number ${number} at offset ${at}`);
    if (wireType === 0) {
      const { value, next } = readVarint(bytes, at);
      at = next;
      yield { number, wireType, varint: value, bytes: NO_BYTES };
      continue;
    }
    if (wireType !== 1 && wireType !== 2 && wireType !== 5)
      throw notAModel(`wire type ${wireType} at offset ${at}`);
    let length = wireType === 1 ? 8 : 4;
    if (wireType === 2) {
      const { value, next } = readVarint(bytes, at);
      at = next;
      length = value > 0xffff_ffffn ? Number.MAX_SAFE_INTEGER : Number(value);
    }
    if (at + length > bytes.length) throw truncated(at, length, bytes.length - at);
    yield { number, wireType, varint: 0n, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}

/** The varint at `offset`, as an unsigned 64-bit integer, and the offset after it. */
export function readVarint(
  bytes: Uint8Array,
  offset: number,
): { readonly value: bigint; readonly next: number } {
  let low = 0;
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) throw truncated(offset, i + 1, bytes.length - offset);
    if (i < 4) low += (byte & 0x7f) * 2 ** (7 * i);
    else value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80)
      return { value: i < 4 ? BigInt(low) : BigInt.asUintN(64, value | BigInt(low)), next: offset + i + 1 };
  }
  throw notAModel(`a varint of more than ten bytes at offset ${offset}`);
}

/** `value` in [0, 2^64) as a varint. */
export function writeVarint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest === 0n ? byte : byte | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(out);
}

/** One length-delimited field (wire type 2). */
export function writeBytesField(number: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(writeVarint(BigInt(number * 8 + 2)), writeVarint(BigInt(bytes.length)), bytes);
}

/** One varint field (wire type 0) of a signed 64-bit integer. */
export function writeIntField(number: number, value: number | bigint): Uint8Array {
  return concatBytes(writeVarint(BigInt(number * 8)), writeVarint(BigInt.asUintN(64, BigInt(value))));
}

/** One string field. */
export function writeTextField(number: number, text: string): Uint8Array {
  return writeBytesField(number, utf8(text));
}

/** One float field (wire type 5). */
export function writeFloatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatBytes(writeVarint(BigInt(number * 8 + 5)), bytes);
}

/** The text of a string field. @throws AIVM_ONNX_NOT_A_MODEL when it is no UTF-8. */
export function toText(bytes: Uint8Array): string {
  try {
    return utf8ToText(bytes);
  } catch (cause) {
    throw notAModel("a string that is no UTF-8", cause);
  }
}

/** The signed 64-bit integer of a varint field. */
export function toSigned(varint: bigint): bigint {
  return BigInt.asIntN(64, varint);
}

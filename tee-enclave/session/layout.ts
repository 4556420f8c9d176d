/** Fixed-order byte records: a writer that appends fields and a reader that takes them in the same order. Big-endian. */
import { concatBytes, u32be, u64be } from "../../common/index.ts";

/** One field of a record: `n` bytes, an unsigned integer, or all bytes that are left. */
export type FieldKind = number | "u8" | "u16" | "u32" | "u64" | "rest";

/** Name and kind of each field, in the order of the bytes. */
export type Layout = readonly (readonly [name: string, kind: FieldKind])[];

/** Values of a record's fields. u64 is bigint, other integers number, the rest bytes. */
export type RecordValue = Readonly<Record<string, Uint8Array | number | bigint>>;

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };

/** Bytes of `value` in the order of `layout`. A field of the wrong length or kind is a programming error (RangeError). */
export function writeRecord(layout: Layout, value: RecordValue): Uint8Array {
  return concatBytes(...layout.map(([name, kind]) => writeField(name, kind, value[name])));
}

/** A record that was read: its fields by name and kind. Asking for a field of another kind is a programming error. */
export interface ReadRecord {
  bytes(name: string): Uint8Array;
  int(name: string): number;
  u64(name: string): bigint;
}

/** The record in `bytes`, or undefined when they are too short or too long for `layout`. */
export function readRecord(layout: Layout, bytes: Uint8Array): ReadRecord | undefined {
  const out = new Map<string, Uint8Array | number | bigint>();
  let at = 0;
  for (const [name, kind] of layout) {
    const width = kind === "rest" ? bytes.length - at : widthOf(kind);
    if (at + width > bytes.length) return undefined;
    const field = bytes.slice(at, at + width);
    out.set(name, typeof kind === "number" || kind === "rest" ? field : integerOf(kind, field));
    at += width;
  }
  return at === bytes.length ? readerOf(out) : undefined;
}

/** Length in bytes of the fixed part of a layout ("rest" counts 0). */
export function layoutLength(layout: Layout): number {
  return layout.reduce((sum, [, kind]) => sum + (kind === "rest" ? 0 : widthOf(kind)), 0);
}

function readerOf(fields: ReadonlyMap<string, Uint8Array | number | bigint>): ReadRecord {
  const wrong = (name: string): never => {
    throw new RangeError(`the record has no field ${name} of that kind`);
  };
  return {
    bytes: (name) => {
      const value = fields.get(name);
      return value instanceof Uint8Array ? value : wrong(name);
    },
    int: (name) => {
      const value = fields.get(name);
      return typeof value === "number" ? value : wrong(name);
    },
    u64: (name) => {
      const value = fields.get(name);
      return typeof value === "bigint" ? value : wrong(name);
    },
  };
}

function widthOf(kind: Exclude<FieldKind, "rest">): number {
  return typeof kind === "number" ? kind : (WIDTHS[kind] ?? 0);
}

function writeField(
  name: string,
  kind: FieldKind,
  value: Uint8Array | number | bigint | undefined,
): Uint8Array {
  if (value instanceof Uint8Array && (kind === "rest" || value.length === kind)) return value;
  if (kind === "u64" && typeof value === "bigint" && BigInt.asUintN(64, value) === value) return u64be(value);
  if (typeof value === "number" && typeof kind === "string" && kind !== "u64" && kind !== "rest") {
    const width = WIDTHS[kind] ?? 0;
    if (Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width))
      return u32be(value).slice(4 - width);
  }
  throw new RangeError(`field ${name} does not fit ${String(kind)}`);
}

function integerOf(kind: string, field: Uint8Array): number | bigint {
  let value = 0n;
  for (const byte of field) value = value * 256n + BigInt(byte);
  return kind === "u64" ? value : Number(value);
}

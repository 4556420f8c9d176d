/**
 * The only door to protobuf for messages of our own. Encoding is canonical: fields in ascending order, default
 * values left out, packed scalars. Decoding accepts nothing but that form, so bytes and values determine each other
 * (unknown fields, zero values written out and padded varints are refused).
 */
import protobuf from "protobufjs/light.js";
import { AivmError, bytesToHex, EMPTY, equalBytes } from "../common/index.ts";
import { descriptor } from "./gen/descriptor.ts";
import type { Messages } from "./gen/types.ts";

/** Full protobuf name of a message, such as `aivm.model.v1.MsgRegisterModel`. */
export type MessageName = keyof Messages;

/** A value whose fields may be left out: absent means the default (0, "", empty, false, none). */
export type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Deepest nesting of messages that is decoded. */
const MAX_DEPTH = 16;

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace).resolveAll();
const { Long } = protobuf.util;

/** True when `name` is a message of ours. */
export function isMessageName(name: string): name is MessageName {
  const found = root.lookup(name, [protobuf.Type]);
  return found instanceof protobuf.Type && found.fullName === `.${name}`;
}

/**
 * Canonical bytes of a message. Fields that are left out take their defaults.
 * @throws AIVM_ENCODE when a field has a value of the wrong kind or out of its range.
 */
export function encodeMessage<N extends MessageName>(name: N, value: Loose<Messages[N]>): Uint8Array {
  const type = root.lookupType(name);
  const bytes = type.encode(type.create(toWire(type, value as Readonly<Record<string, unknown>>))).finish();
  // In Node protobufjs returns a pooled Buffer, whose slice() shares memory: callers get a plain array of their own.
  return new Uint8Array(bytes);
}

/**
 * The message in `bytes`, every field present (sub-messages that are absent: undefined).
 * @throws AIVM_DECODE when the bytes are not the canonical encoding of such a message.
 */
export function decodeMessage<N extends MessageName>(name: N, bytes: Uint8Array): Messages[N] {
  const type = root.lookupType(name);
  let value: Record<string, unknown>;
  try {
    value = fromWire(type, type.decode(bytes), 0);
  } catch (cause) {
    throw decodeError({ name, bytes, want: "protobuf bytes of that message", cause });
  }
  if (!equalBytes(encodeMessage(name, value as Messages[N]), bytes)) {
    throw decodeError({
      name,
      bytes,
      want: "the canonical encoding (ascending fields, no defaults, no unknown fields)",
    });
  }
  return value as Messages[N];
}

/** The message with every left-out field set to its default. */
export function completeMessage<N extends MessageName>(name: N, value: Loose<Messages[N]>): Messages[N] {
  return decodeMessage(name, encodeMessage(name, value));
}

function decodeError(options: {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly want: string;
  readonly cause?: unknown;
}): AivmError {
  const { name, bytes, want, cause } = options;
  return new AivmError(
    "AIVM_DECODE",
    {
      what: `message ${name}`,
      want,
      got: `${bytes.length} bytes ${bytesToHex(bytes.subarray(0, 24))}${bytes.length > 24 ? "..." : ""}`,
      remedy: "encode it with the schema of this version",
    },
    { cause },
  );
}

/** Own value -> protobufjs value: bigint to Long (protobufjs would write a bigint as 0), defaults left out. */
function toWire(type: protobuf.Type, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const given = value[field.name];
    if (given === undefined || given === null) continue;
    if (field.repeated) {
      if (!Array.isArray(given)) throw encodeError(type, field, given);
      if (given.length > 0) out[field.name] = given.map((item) => scalarToWire(type, field, item));
      continue;
    }
    if (!isDefault(given)) out[field.name] = scalarToWire(type, field, given);
  }
  return out;
}

function isDefault(value: unknown): boolean {
  return (
    value === 0 ||
    value === 0n ||
    value === false ||
    value === "" ||
    (value instanceof Uint8Array && value.length === 0)
  );
}

function scalarToWire(owner: protobuf.Type, field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) {
    if (typeof value !== "object" || value === null) throw encodeError(owner, field, value);
    return toWire(field.resolvedType, value as Readonly<Record<string, unknown>>);
  }
  const kind = field.resolvedType instanceof protobuf.Enum ? "int32" : field.type;
  switch (kind) {
    case "bytes":
      if (!(value instanceof Uint8Array)) throw encodeError(owner, field, value);
      return value;
    case "string":
      if (typeof value !== "string") throw encodeError(owner, field, value);
      return value;
    case "bool":
      if (typeof value !== "boolean") throw encodeError(owner, field, value);
      return value;
    case "double":
      if (typeof value !== "number") throw encodeError(owner, field, value);
      return value;
    default:
      return integerToWire(owner, field, value);
  }
}

function integerToWire(owner: protobuf.Type, field: protobuf.Field, value: unknown): unknown {
  const kind = field.resolvedType instanceof protobuf.Enum ? "int32" : field.type;
  const unsigned = kind.startsWith("u") || kind.startsWith("fixed");
  if (kind.endsWith("64")) {
    if (typeof value !== "bigint") throw encodeError(owner, field, value);
    if ((unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) !== value)
      throw encodeError(owner, field, value);
    return new Long(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), unsigned);
  }
  if (typeof value !== "number" || (unsigned ? value >>> 0 : value | 0) !== value)
    throw encodeError(owner, field, value);
  return value;
}

function encodeError(owner: protobuf.Type, field: protobuf.Field, value: unknown): AivmError {
  return new AivmError("AIVM_ENCODE", {
    what: `field ${field.name} of ${owner.fullName.slice(1)}`,
    want: `${field.repeated ? "a list of " : ""}${field.type} in range`,
    got: `${typeof value} ${String(value).slice(0, 60)}`,
    remedy: "pass 64-bit integers as bigint, bytes as Uint8Array, and stay within the field's range",
  });
}

/** protobufjs value -> own value: Long to bigint, Buffer to Uint8Array, defaults filled in. */
function fromWire(type: protobuf.Type, message: object, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new RangeError("messages nested too deeply");
  const source = message as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const given = Object.hasOwn(source, field.name) ? source[field.name] : undefined;
    if (field.repeated) {
      out[field.name] = Array.isArray(given) ? given.map((item) => scalarFromWire(field, item, depth)) : [];
    } else {
      out[field.name] =
        given === undefined || given === null ? defaultOf(field) : scalarFromWire(field, given, depth);
    }
  }
  return out;
}

function scalarFromWire(field: protobuf.Field, value: unknown, depth: number): unknown {
  if (field.resolvedType instanceof protobuf.Type)
    return fromWire(field.resolvedType, value as object, depth + 1);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (isLong(value)) {
    const bits = (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
    return value.unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits);
  }
  return value;
}

interface LongValue {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

function isLong(value: unknown): value is LongValue {
  return value instanceof Long;
}

function defaultOf(field: protobuf.Field): unknown {
  if (field.resolvedType instanceof protobuf.Type) return undefined;
  if (field.resolvedType instanceof protobuf.Enum) return 0;
  if (field.type === "bytes") return EMPTY;
  if (field.type === "string") return "";
  if (field.type === "bool") return false;
  return field.type.endsWith("64") ? 0n : 0;
}

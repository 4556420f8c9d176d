/** Arguments of methods: three ways in (object, positional array, URI), one typed way out. */
import { hexToBytes, utf8 } from "../../../common/bytes.ts";
import { base64ToBytes } from "../../engine/embedded/base64.ts";
import { invalidParams } from "./errors.ts";

/** How an argument is written: `bytes` is base64 in JSON, `hex` hexadecimal; both are 0x-hex or quoted text in a URI. */
export type ArgumentType = "int" | "string" | "bool" | "bytes" | "hex";

/** Declared arguments in positional order. */
export type ArgumentSpec = Readonly<Record<string, ArgumentType>>;

/** Decoded arguments. An accessor gives undefined for an absent one. */
export interface RpcArguments {
  int(name: string): bigint | undefined;
  string(name: string): string | undefined;
  bool(name: string): boolean | undefined;
  bytes(name: string): Uint8Array | undefined;
}

type Value = bigint | string | boolean | Uint8Array;

/** Arguments from the `params` of a JSON request. @throws -32602 when one does not fit its type. */
export function argumentsFromJson(spec: ArgumentSpec, params: unknown): RpcArguments {
  const names = Object.keys(spec);
  const values = new Map<string, Value>();
  for (const [name, raw] of rawParams(names, params)) {
    const type = spec[name];
    if (type === undefined || raw === undefined || raw === null) continue;
    values.set(name, fromJson(name, type, raw));
  }
  return accessors(values);
}

/** Arguments from a URI's query. @throws -32602 when one does not fit its type. */
export function argumentsFromUri(spec: ArgumentSpec, query: ReadonlyMap<string, string>): RpcArguments {
  const values = new Map<string, Value>();
  for (const [name, type] of Object.entries(spec)) {
    const raw = query.get(name);
    if (raw !== undefined && raw !== "") values.set(name, fromUri(name, type, raw));
  }
  return accessors(values);
}

function rawParams(names: readonly string[], params: unknown): readonly (readonly [string, unknown])[] {
  if (params === undefined || params === null) return [];
  if (Array.isArray(params)) {
    if (params.length === 0) return [];
    if (params.length !== names.length) {
      throw invalidParams(`expected ${names.length} parameters (${names.join(", ")}), got ${params.length}`);
    }
    const positional: readonly unknown[] = params;
    return names.map((name, index) => [name, positional[index]] as const);
  }
  if (typeof params !== "object") throw invalidParams("params must be an object or an array");
  const entries = new Map<string, unknown>(Object.entries(params));
  return names.map((name) => [name, entries.get(name)] as const);
}

function fromJson(name: string, type: ArgumentType, raw: unknown): Value {
  if (type === "bool") {
    if (typeof raw === "boolean") return raw;
    throw wrong(name, "true or false");
  }
  if (type === "int") return integer(name, typeof raw === "number" ? String(raw) : raw);
  if (typeof raw !== "string") throw wrong(name, "a string");
  if (type === "string") return raw;
  return decode(name, type === "hex" ? "hexadecimal" : "base64", () =>
    type === "hex" ? hexToBytes(raw) : base64ToBytes(raw),
  );
}

function fromUri(name: string, type: ArgumentType, raw: string): Value {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(raw);
  if (type === "int") return integer(name, quoted?.[1] ?? raw);
  if (type === "bool") {
    if (raw === "true" || raw === "false") return raw === "true";
    throw wrong(name, "true or false");
  }
  const text = quoted === null ? undefined : unquote(name, raw);
  if (type === "string") {
    if (text === undefined) throw wrong(name, "a quoted string");
    return text;
  }
  if (text !== undefined) return utf8(text);
  if (!raw.startsWith("0x")) throw wrong(name, "0x and hexadecimal, or a quoted string");
  return decode(name, "hexadecimal", () => hexToBytes(raw));
}

function unquote(name: string, raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    throw wrong(name, "a quoted string");
  }
}

function integer(name: string, raw: unknown): bigint {
  if (typeof raw !== "string" || !/^-?\d{1,19}$/.test(raw))
    throw wrong(name, "an integer, as a number or a string");
  return BigInt(raw);
}

function decode(name: string, want: string, read: () => Uint8Array): Uint8Array {
  try {
    return read();
  } catch {
    throw wrong(name, want);
  }
}

function wrong(name: string, want: string): Error {
  return invalidParams(`error converting json params to arguments: ${name}: want ${want}`);
}

function accessors(values: ReadonlyMap<string, Value>): RpcArguments {
  const get =
    <T extends Value>(is: (value: Value) => value is T) =>
    (name: string): T | undefined => {
      const value = values.get(name);
      return value !== undefined && is(value) ? value : undefined;
    };
  return {
    int: get((value) => typeof value === "bigint"),
    string: get((value) => typeof value === "string"),
    bool: get((value) => typeof value === "boolean"),
    bytes: get((value) => value instanceof Uint8Array),
  };
}

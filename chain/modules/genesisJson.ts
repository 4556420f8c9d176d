/** Values of app_state: u64 as decimal text, bytes as hexadecimal text, everything else as JSON has it. */
import { AivmError, bytesToHex, hexToBytes } from "../../common/index.ts";

/** A value as it stands in app_state. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** `value` (bigint, bytes, text, number, boolean, arrays and records of them) for JSON.stringify. */
export function toGenesisJson(value: unknown): Json {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toGenesisJson);
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toGenesisJson(member)]));
}

/**
 * A record with the members of `defaults`, each from `json` where it stands there. The default's kind decides how a
 * member is read; a list takes bytes when its default is a list of bytes.
 * @throws CHAIN_GENESIS for a member that is unknown or of another kind
 */
export function recordFromJson<T extends object>(json: unknown, defaults: T, what: string): T {
  const given = objectOf(json ?? {}, what);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(defaults, key));
  if (unknown !== undefined) throw badGenesis(`${what}.${unknown}`, "a known parameter", unknown);
  const members = Object.entries(defaults).map(([key, value]: [string, unknown]) => {
    const member = given[key];
    return [key, member === undefined ? value : memberFromJson(member, value, `${what}.${key}`)];
  });
  return Object.fromEntries(members) as T;
}

/** The list at `json`; absent = empty. @throws CHAIN_GENESIS */
export function listFromJson(json: unknown, what: string): readonly unknown[] {
  if (json === undefined) return [];
  if (Array.isArray(json)) return json;
  throw badGenesis(what, "a list", json);
}

/** The record at `json`; absent = empty. @throws CHAIN_GENESIS */
export function objectOf(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (json === undefined) return {};
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return { ...json };
  throw badGenesis(what, "an object", json);
}

/** The error for a part of app_state that can not be used. */
export function badGenesis(what: string, want: string, got: unknown): AivmError {
  return new AivmError("CHAIN_GENESIS", {
    what: "app_state of the genesis",
    item: what,
    want,
    got: String(JSON.stringify(got)).slice(0, 80),
    remedy: "Correct that member, or make the genesis anew.",
  });
}

function memberFromJson(json: unknown, like: unknown, what: string): unknown {
  if (typeof like === "bigint") {
    if (typeof json === "string" && /^[0-9]{1,20}$/.test(json)) return BigInt(json);
    throw badGenesis(what, "a decimal string", json);
  }
  if (like instanceof Uint8Array) {
    if (typeof json === "string" && /^(?:[0-9a-f]{2})*$/.test(json)) return hexToBytes(json);
    throw badGenesis(what, "lower-case hexadecimal", json);
  }
  // Lists of parameters hold bytes only.
  if (Array.isArray(like))
    return listFromJson(json, what).map((item, i) => memberFromJson(item, new Uint8Array(), `${what}[${i}]`));
  if (typeof like === "number" && (!Number.isInteger(json) || Number(json) < 0))
    throw badGenesis(what, "a whole number", json);
  if (typeof json === typeof like) return json;
  throw badGenesis(what, `a ${typeof like}`, json);
}

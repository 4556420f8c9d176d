/** Reading of JSON whose author is not trusted: every value is asked for with the type that it must have. */
import { invalidTrees } from "./errors.ts";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The object in a JSON text. @throws AIVM_TREES_INVALID */
export function parseObject(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidTrees("file", "JSON", "bytes that are none");
  }
  return objectOf(value, "file");
}

/** A value as an object. @throws AIVM_TREES_INVALID */
export function objectOf(value: unknown, item: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw invalidTrees(item, "an object", kindOf(value));
}

/** A value as a list. @throws AIVM_TREES_INVALID */
export function listOf(value: unknown, item: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalidTrees(item, "a list", kindOf(value));
}

/** A value as a text. @throws AIVM_TREES_INVALID */
export function textOf(value: unknown, item: string): string {
  if (typeof value === "string") return value;
  throw invalidTrees(item, "a text", kindOf(value));
}

/** A finite number. @throws AIVM_TREES_INVALID */
export function numberOf(value: unknown, item: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalidTrees(item, "a finite number", kindOf(value));
}

/** A finite list of numbers. @throws AIVM_TREES_INVALID */
export function numbersOf(value: unknown, item: string): readonly number[] {
  return listOf(value, item).map((element, i) => numberOf(element, `${item}[${i}]`));
}

/** A whole number in [lo, hi], itself or as decimal digits. @throws AIVM_TREES_INVALID */
export function countOf(
  value: unknown,
  item: string,
  { lo, hi }: { readonly lo: number; readonly hi: number },
): number {
  const given = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof given === "number" && Number.isInteger(given) && given >= lo && given <= hi) return given;
  throw invalidTrees(item, `a whole number from ${lo} to ${hi}`, kindOf(given));
}

/** What a value is, short enough for a message. */
function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "string") return JSON.stringify(value).slice(0, 60);
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}

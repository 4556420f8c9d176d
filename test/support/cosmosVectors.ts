/** Cosmos conformance vectors from outside the project, where AIVM_TEST_DATA says; undefined when it is unset. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.env.AIVM_TEST_DATA;

/** Folder `name` of the cosmos vectors, or undefined; the reason is printed then. */
export function cosmosVectors(name: string): string | undefined {
  const folder = root === undefined ? undefined : join(root, "conformance", "cosmos", name);
  if (folder !== undefined && existsSync(folder)) return folder;
  console.log(`      skipped: AIVM_TEST_DATA is unset or has no conformance/cosmos/${name}`);
  return undefined;
}

/** Parsed JSON file. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** All JSON files below `folder`, parsed, with their relative paths. */
export function readJsonTree(folder: string): { readonly path: string; readonly json: unknown }[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".json"))
    .sort()
    .map((path) => ({ path, json: readJson(join(folder, path)) }));
}

/** Every object inside `value`, itself included. */
export function objectsIn(value: unknown): Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== "object" || value === null) return [];
  return [{ ...value }, ...Object.values(value).flatMap(objectsIn)];
}

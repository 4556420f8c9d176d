/** The vector files under test/vectors on disk. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OpFile } from "./vectorBatches.ts";

/** Where they lie. */
export const VECTORS: string = join(import.meta.dirname, "..", "..", "vectors");

/** Paths of all JSON files, relative to VECTORS, sorted. */
export function vectorPaths(): string[] {
  return readdirSync(VECTORS, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .sort();
}

/** A file's content. */
export function readVectors<T>(path: string): T {
  return JSON.parse(readFileSync(join(VECTORS, path), "utf8")) as T;
}

/** The files of ops, one each. */
export function opFiles(): OpFile[] {
  return vectorPaths()
    .filter((path) => path.startsWith("ops/"))
    .map((path) => readVectors<OpFile>(path));
}

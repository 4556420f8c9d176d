/** Files that are made once and kept below build/bench-cache, named after everything that they depend on. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

/** Where the files lie. */
export const CACHE_FOLDER: string = join(ROOT, "build/bench-cache");

/** What decides how an artifact comes out, beside model and options. */
const COMPILER_FOLDERS = ["import", "numeric", "ops", "program", "quantize", "tensor"];

/** A file of the cache. */
export interface CacheEntry {
  /** What it is of: the front of the file's name. */
  readonly name: string;
  /** File name extension, without the dot. */
  readonly extension: string;
  /** Everything that it depends on. */
  readonly of: readonly (string | Uint8Array)[];
}

/** Path of an entry, whether it exists or not. */
export function cachePath({ name, extension, of }: CacheEntry): string {
  return join(CACHE_FOLDER, `${name}-${digestOf(of)}.${extension}`);
}

/** Path of an entry, made first where it is missing; older ones of the same name and extension are removed. */
export async function cachedFile(entry: CacheEntry, make: (path: string) => Promise<void>): Promise<string> {
  const path = cachePath(entry);
  if (existsSync(path)) return path;
  mkdirSync(CACHE_FOLDER, { recursive: true });
  // Under another name first: half a file must never be found.
  const partial = `${path}.${process.pid}.part`;
  try {
    await make(partial);
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  for (const file of readdirSync(CACHE_FOLDER)) {
    const stale = file.startsWith(`${entry.name}-`) && file.endsWith(`.${entry.extension}`);
    if (stale && join(CACHE_FOLDER, file) !== path) rmSync(join(CACHE_FOLDER, file));
  }
  return path;
}

/** Bytes of an entry, made first where it is missing. */
export async function cachedBytes(entry: CacheEntry, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const path = await cachedFile(entry, async (to) => writeFileSync(to, await make()));
  return new Uint8Array(readFileSync(path));
}

/** Hash of the compiler's source: artifacts of another one are made anew. */
export function compilerVersion(): string {
  const hash = createHash("sha256");
  for (const folder of COMPILER_FOLDERS) {
    const below = join(ROOT, "aivm", folder);
    const files = readdirSync(below, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    for (const file of files.sort())
      hash.update(`${folder}/${file}\0`).update(readFileSync(join(below, file)));
  }
  return hash.digest("hex");
}

/** 16 hexadecimal digits of a hash over the parts and their lengths. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest("hex").slice(0, 16);
}

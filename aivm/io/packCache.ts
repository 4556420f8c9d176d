/** Packed weights in a directory: a file for each model, SHA-256 of its name and content in front. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackCache } from "../engine/wasm/cache.ts";

const HASH_BYTES = 32;

/**
 * Cache in `directory`, made when it is missing; files are the owner's alone. A file that is damaged, or another's under
 * this name, is as good as absent; what can not be written is left out.
 */
export function directoryPackCache(directory: string): PackCache {
  const pathOf = (key: string): string => join(directory, `${key}.packed`);
  return {
    read: async (key) => {
      const file = await readFile(pathOf(key)).catch(() => undefined);
      if (file === undefined || file.length < HASH_BYTES) return undefined;
      const bytes = file.subarray(HASH_BYTES);
      return hashOf(key, bytes).equals(file.subarray(0, HASH_BYTES)) ? bytes : undefined;
    },
    write: async (key, bytes) => {
      const partial = `${pathOf(key)}.${randomBytes(8).toString("hex")}.partial`;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(partial, [hashOf(key, bytes), bytes], { mode: 0o600, flag: "wx" });
        await rename(partial, pathOf(key));
      } catch {
        await rm(partial, { force: true }).catch(() => undefined);
      }
    },
  };
}

function hashOf(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(`${key}\n`).update(bytes).digest();
}

/** Packed weights in a directory: a file for each model, SHA-256 of its name and content in front. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { PackCache } from "../engine/packCache.ts";
import { packPath, writePack } from "./packFiles.ts";

const HASH_BYTES = 32;

/**
 * Cache in `directory`, made when it is missing; files are the owner's alone. A file that is damaged, or another's under
 * this name, is as good as absent; what can not be written is left out.
 */
export function directoryPackCache(directory: string): PackCache {
  const pathOf = (key: string): string => packPath(directory, key);
  return {
    read: async (key) => {
      const file = await readFile(pathOf(key)).catch(() => undefined);
      if (file === undefined || file.length < HASH_BYTES) return undefined;
      const bytes = file.subarray(HASH_BYTES);
      return hashOf(key, bytes).equals(file.subarray(0, HASH_BYTES)) ? bytes : undefined;
    },
    write: (key, bytes) => writePack(pathOf(key), { directory, parts: [hashOf(key, bytes), bytes] }),
  };
}

function hashOf(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(`${key}\n`).update(bytes).digest();
}

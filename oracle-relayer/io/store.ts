/** The relayer's state in one file, replaced atomically: written beside it, flushed, then renamed over it. */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { stateFromJson, stateToJson } from "../core/stateJson.ts";
import type { StorePort } from "../ports.ts";

/** A store in the file at `path`; its folder is made when missing. */
export function createFileStore(path: string): StorePort {
  return {
    load: async () => {
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      return text === undefined ? undefined : stateFromJson(text);
    },
    save: async (state) => {
      await mkdir(dirname(path), { recursive: true });
      const beside = `${path}.new`;
      const file = await open(beside, "w", 0o600);
      try {
        await file.writeFile(stateToJson(state));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    },
  };
}

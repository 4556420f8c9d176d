/** The chain's state on LevelDB: synchronous reads, and batches that are atomic and on disk before they resolve. */
import { Level } from "level";
import type { DurableKv } from "../store/kv.ts";

/** An open state database; `close` releases the directory's lock. */
export interface LevelStore extends DurableKv {
  close(): Promise<void>;
}

/** Opens or creates the database in `directory`. @throws when another process holds it. */
export async function openLevelStore(directory: string): Promise<LevelStore> {
  const db = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  return {
    get: (key) => db.getSync(key),
    write: (changes) =>
      db.batch(
        changes.map(({ key, value }) =>
          value === undefined ? { type: "del" as const, key } : { type: "put" as const, key, value },
        ),
        { sync: true },
      ),
    close: () => db.close(),
  };
}

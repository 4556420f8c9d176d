/** The engine's store on LevelDB: every batch is atomic and synced to disk before its promise resolves. */
import { Level } from "level";
import type { EngineKv, EngineKvOp } from "../engine/embedded/ports.ts";

/** An open store; `close` releases the directory's lock. */
export interface LevelEngineKv extends EngineKv {
  close(): Promise<void>;
}

/** Opens or creates the store in `directory`. @throws when another process holds it. */
export async function openEngineKv(directory: string): Promise<LevelEngineKv> {
  const db = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  return {
    get: (key) => db.getSync(key),
    scan: ({ gte, lt, reverse }) => db.iterator({ gte, lt, reverse: reverse ?? false }),
    write: (ops) => db.batch(ops.map(toBatchOperation), { sync: true }),
    close: () => db.close(),
  };
}

function toBatchOperation(
  op: EngineKvOp,
): { type: "put"; key: Uint8Array; value: Uint8Array } | { type: "del"; key: Uint8Array } {
  return op.value === undefined
    ? { type: "del", key: op.key }
    : { type: "put", key: op.key, value: op.value };
}

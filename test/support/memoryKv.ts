/** An EngineKv in memory that outlives the engine over it, as a disk outlives a process. */
import type { EngineKv, EngineKvOp } from "../../chain/engine/embedded/ports.ts";
import { bytesToHex, hexToBytes } from "../../common/bytes.ts";

/** A store whose content stays when the engine is thrown away. */
export function createMemoryKv(): EngineKv {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (key) => entries.get(bytesToHex(key)),
    async *scan({ gte, lt, reverse }) {
      const [low, high] = [bytesToHex(gte), bytesToHex(lt)];
      const keys = [...entries.keys()].filter((key) => key >= low && key < high).sort();
      for (const key of reverse === true ? keys.reverse() : keys) {
        const value = entries.get(key);
        if (value !== undefined) yield [hexToBytes(key), value] as const;
      }
    },
    async write(ops: readonly EngineKvOp[]) {
      for (const { key, value } of ops) {
        if (value === undefined) entries.delete(bytesToHex(key));
        else entries.set(bytesToHex(key), value);
      }
    },
  };
}

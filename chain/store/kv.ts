/** The durable key-value store under the chain's state, read synchronously so that execution never interleaves. */

/** One change of a batch; `value` absent = deletion. */
export interface KvChange {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

/** Implementations: chain/io/levelStore.ts (LevelDB), memoryKv below. */
export interface DurableKv {
  get(key: Uint8Array): Uint8Array | undefined;
  /** All changes or none; on disk when the promise resolves. */
  write(changes: readonly KvChange[]): Promise<void>;
}

/** A store that lives as long as the process, for tests and for throw-away chains. */
export function memoryKv(): DurableKv {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (key) => entries.get(mapKey(key)),
    write: async (changes) => {
      for (const { key, value } of changes) {
        if (value === undefined) entries.delete(mapKey(key));
        else entries.set(mapKey(key), value);
      }
    },
  };
}

/** Bytes as a string that orders like the bytes (one UTF-16 unit a byte). */
export function mapKey(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

/** The bytes of a map key. */
export function mapKeyBytes(key: string): Uint8Array {
  return Uint8Array.from(key, (unit) => unit.charCodeAt(0));
}

/** The port behind which packed weights wait for the next process. */

/**
 * Where packed weights are kept. `read` gives exactly the bytes that were written under the key, or undefined: an
 * implementation checks them and treats damaged ones as absent, since nothing here could tell wrong weights from right ones.
 */
export interface PackCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** SHA-256 (FIPS 180-4), the only hash of our own commitments. Portable: the same code in Node and in a browser. */
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8 } from "./bytes.ts";

/** SHA-256 of the concatenation of `parts`; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(...parts));
}

/** SHA-256 of the ASCII label `tag` followed by `parts`: keeps hashes of different purpose apart. */
export function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(utf8(tag), ...parts);
}

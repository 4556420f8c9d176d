/** ed25519 keys over node:crypto: raw 32-byte seeds and public keys in, KeyObjects inside. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";

// DER headers of PKCS #8 and SubjectPublicKeyInfo for id-Ed25519 (RFC 8410); the raw key follows.
const PKCS8_HEADER = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEADER = Buffer.from("302a300506032b6570032100", "hex");

/** A signing key. */
export interface Ed25519Key {
  /** 32 bytes. Secret. */
  readonly seed: Uint8Array;
  /** 32 bytes. */
  readonly pubKey: Uint8Array;
  /** Signature of `message`, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** The key that `seed` (32 bytes) gives; a fresh random one by default. */
export function ed25519Key(seed: Uint8Array = randomBytes(32)): Ed25519Key {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    seed: Uint8Array.from(seed),
    pubKey: Uint8Array.from(spki.subarray(SPKI_HEADER.length)),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  };
}

/** True when `signature` is the key's over `message`. */
export function ed25519Verify(pubKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, message, publicKeyObject(pubKey), signature);
}

function publicKeyObject(pubKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEADER, pubKey]), format: "der", type: "spki" });
}

/** secp256k1 verification by OpenSSL: the answers of the portable verifier, several times faster. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { bytesToHex } from "../../common/index.ts";
import type { SignatureVerifier } from "../tx/signatures.ts";

// SubjectPublicKeyInfo of a compressed secp256k1 key (RFC 5480); the 33-byte key follows.
const SPKI_HEADER = Buffer.from("3036301006072a8648ce3d020106052b8104000a032200", "hex");
/** Half the group order: the largest s that a signature may have, so that nobody can flip it. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const CACHED_KEYS = 10_000;

/** A verifier with a cache of parsed keys. */
export function createNodeVerifier(): SignatureVerifier {
  const keys = new Map<string, KeyObject>();
  return ({ publicKey, message, signature }) => {
    if (publicKey.length !== 33 || signature.length !== 64 || !hasLowS(signature)) return false;
    try {
      const key = cached(keys, publicKey);
      return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
    } catch {
      return false;
    }
  };
}

function cached(keys: Map<string, KeyObject>, publicKey: Uint8Array): KeyObject {
  const name = bytesToHex(publicKey);
  const found = keys.get(name);
  if (found !== undefined) return found;
  const der = Buffer.concat([SPKI_HEADER, publicKey]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (keys.size >= CACHED_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}

function hasLowS(signature: Uint8Array): boolean {
  return BigInt(`0x${bytesToHex(signature.slice(32))}`) <= HALF_ORDER;
}

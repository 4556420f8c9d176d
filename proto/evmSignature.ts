/**
 * Signatures that the EVM contracts check: secp256k1 over a keccak digest, 64 bytes r || s with the y parity in the
 * top bit of s (EIP-2098), low s only, so that each signer has exactly one encoding per nonce.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

/** EVM address of a secp256k1 public key (33 bytes compressed or 65 bytes): last 20 bytes of keccak256(x || y). */
export function ethAddressOf(publicKey: Uint8Array): Uint8Array {
  const point = secp256k1.Point.fromBytes(publicKey);
  return keccak_256(point.toBytes(false).slice(1)).slice(12);
}

/** Signs a 32-byte digest (`rootDigest`) with a 32-byte private key. Deterministic (RFC 6979); 64 bytes. */
export function signRootDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const recovered = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: "recovered" });
  const signature = recovered.slice(1);
  signature[32] = (signature[32] ?? 0) | ((recovered[0] ?? 0) << 7);
  return signature;
}

/** Address that made a 64-byte signature over `digest`, or undefined when it is malformed or has a high s. */
export function recoverRootSigner(signature: Uint8Array, digest: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 64 || digest.length !== 32) return undefined;
  const parity = (signature[32] ?? 0) >> 7;
  const compact = signature.slice();
  compact[32] = (compact[32] ?? 0) & 0x7f;
  try {
    const parsed = secp256k1.Signature.fromBytes(compact, "compact");
    if (parsed.hasHighS()) return undefined;
    return ethAddressOf(parsed.addRecoveryBit(parity).recoverPublicKey(digest).toBytes(true));
  } catch {
    return undefined; // r or s zero or not below the order, or no point with that x
  }
}

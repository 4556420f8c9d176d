/** The validator's attestation key: secp256k1, known to EVM contracts by its address. Its file is the home's, mode 0600. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "../../common/bytes.ts";
import { ethAddressOf, signRootDigest } from "../../proto/evm.ts";
import { badFile, readJsonFile, writeDurably } from "./durableFile.ts";

const KEY_TYPE = "aivm/AttestationSecp256k1";

/** An attestation key; the secret stays inside. */
export interface AttestationKey {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 20 bytes. */
  readonly evmAddress: Uint8Array;
  /** EIP-2098 signature (64 bytes) over a 32-byte digest. */
  signDigest(digest: Uint8Array): Uint8Array;
}

/** The key in the file at `path`, made when there is none. @throws CHAIN_FILE when the file holds something else. */
export function ensureAttestationKey(path: string): AttestationKey {
  if (!existsSync(path)) {
    const json = { type: KEY_TYPE, priv_key: bytesToHex(freshPrivateKey()) };
    writeDurably(path, `${JSON.stringify(json)}\n`);
  }
  const { type, priv_key: privateKeyHex } = readJsonFile(path);
  if (type !== KEY_TYPE || typeof privateKeyHex !== "string") throw badFile(path, "no attestation key");
  const privateKey = hexToBytes(privateKeyHex);
  if (!secp256k1.utils.isValidSecretKey(privateKey)) throw badFile(path, "a number that is no secp256k1 key");
  const publicKey = secp256k1.getPublicKey(privateKey, true);
  return {
    publicKey,
    evmAddress: ethAddressOf(publicKey),
    signDigest: (digest) => signRootDigest(privateKey, digest),
  };
}

function freshPrivateKey(): Uint8Array {
  for (;;) {
    const candidate = Uint8Array.from(randomBytes(32));
    if (secp256k1.utils.isValidSecretKey(candidate)) return candidate;
  }
}

/** Who signed what: sign bytes of SIGN_MODE_DIRECT, and secp256k1 verification with low s enforced. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { SignDoc } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { sha256 } from "../../common/index.ts";

/** Verifies `signature` (64 bytes r || s) of `message` by a compressed secp256k1 key. A high s is invalid. */
export type SignatureVerifier = (options: {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}) => boolean;

/** The portable verifier; io may bring a faster one with the same answers. */
export const nobleVerifier: SignatureVerifier = ({ publicKey, message, signature }) => {
  if (publicKey.length !== 33 || signature.length !== 64) return false;
  try {
    return secp256k1.verify(signature, sha256(message), publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
};

/** Bytes that SIGN_MODE_DIRECT signs. */
export function directSignBytes(options: {
  readonly bodyBytes: Uint8Array;
  readonly authInfoBytes: Uint8Array;
  readonly chainId: string;
  readonly accountNumber: bigint;
}): Uint8Array {
  return SignDoc.encode(options).finish();
}

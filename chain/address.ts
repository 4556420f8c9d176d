/** Account addresses: 20 bytes, shown as bech32 with the chain's prefix. */
import { ripemd160 } from "@noble/hashes/legacy.js";
import { bech32 } from "@scure/base";
import { ADDRESS_PREFIX, sha256, utf8 } from "../common/index.ts";
import { ChainError, SDK_CODES } from "./codes.ts";

/** Bech32 of 20 bytes. */
export function addressText(bytes: Uint8Array): string {
  return bech32.encode(ADDRESS_PREFIX, bech32.toWords(bytes));
}

/** The 20 bytes of an address. @throws ChainError invalid address (sdk 7) */
export function addressBytes(text: string): Uint8Array {
  const decoded = text.length <= 90 ? bech32.decodeUnsafe(text) : undefined;
  const bytes = decoded === undefined ? undefined : bech32.fromWordsUnsafe(decoded.words);
  if (decoded && bytes instanceof Uint8Array && decoded.prefix === ADDRESS_PREFIX && bytes.length === 20)
    return bytes;
  throw new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.invalidAddress,
      code: "CHAIN_ADDRESS",
      log: `invalid address (${text}): invalid address`,
    },
    {
      what: "address",
      want: `20 bytes in bech32 with prefix ${ADDRESS_PREFIX}`,
      got: text.slice(0, 90),
      remedy: "Check the address.",
    },
  );
}

/** Address of a compressed secp256k1 key: RIPEMD-160(SHA-256(key)). */
export function keyAddress(publicKey: Uint8Array): Uint8Array {
  return ripemd160(sha256(publicKey));
}

/** Address of a module's account: SHA-256(name)[0..20]. */
export function moduleAddress(name: string): Uint8Array {
  return sha256(utf8(name)).slice(0, 20);
}

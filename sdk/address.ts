/** Account addresses: 20 bytes as bech32 with the prefix aivm. */
import { bech32 } from "@scure/base";
import { ADDRESS_PREFIX } from "../common/index.ts";
import { sdkError } from "./errors/errors.ts";

/** The 20 bytes of an address. @throws SDK_ARGUMENT */
export function addressToBytes(address: string): Uint8Array {
  const decoded = bech32.decodeUnsafe(address);
  const bytes = decoded === undefined ? undefined : bech32.fromWordsUnsafe(decoded.words);
  if (
    !decoded ||
    !(bytes instanceof Uint8Array) ||
    decoded.prefix !== ADDRESS_PREFIX ||
    bytes.length !== 20
  ) {
    throw sdkError("SDK_ARGUMENT", {
      what: "address",
      want: `20 bytes in bech32 with the prefix ${ADDRESS_PREFIX}`,
      got: address.slice(0, 80),
      remedy: "Pass an account address of this chain.",
    });
  }
  return bytes;
}

/** Bech32 text of 20 bytes. */
export function bytesToAddress(bytes: Uint8Array): string {
  return bech32.encode(ADDRESS_PREFIX, bech32.toWords(bytes));
}

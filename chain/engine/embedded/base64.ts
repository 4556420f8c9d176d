/** Standard base64 with padding (RFC 4648 section 4). */
import { base64 } from "@scure/base";

/** Text of `bytes`. */
export function bytesToBase64(bytes: Uint8Array): string {
  return base64.encode(bytes);
}

/** Bytes of `text`. @throws Error when it is not padded standard base64. */
export function base64ToBytes(text: string): Uint8Array {
  return base64.decode(text);
}

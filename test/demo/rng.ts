/** Choices from a seed: the same seed makes the same choices everywhere. */
import { bytesToHex, sha256, u32be, utf8 } from "../../common/index.ts";

/** A number in [0, count) for a purpose. */
export function choose(seed: number, purpose: string, count: number): number {
  const hash = sha256(utf8(`demo/${purpose}`), u32be(seed >>> 0));
  return Number(BigInt(`0x${bytesToHex(hash.slice(0, 6))}`) % BigInt(count));
}

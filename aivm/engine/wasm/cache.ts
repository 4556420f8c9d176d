/** Packed weights kept between processes: packing takes longer than reading. */
import { bytesToHex, concatBytes, equalBytes, utf8 } from "../../../common/bytes.ts";
import { sha256 } from "../../../common/sha256.ts";
import { type Tensor, tensorToBytes } from "../../tensor/tensor.ts";
import type { Layout } from "./layout.ts";
import { PACKED_REFS } from "./steps.ts";

/** Raised whenever `packConv` lays weights out otherwise. */
const LAYOUT_VERSION = 1;

/**
 * Where packed weights are kept. `read` gives exactly the bytes that were written under the key, or undefined: an
 * implementation checks them and treats damaged ones as absent, since nothing here could tell wrong weights from right ones.
 */
export interface PackCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** Key of a model's packed weights. */
export function packKey(modelId: Uint8Array): string {
  return `${bytesToHex(modelId)}-wasm-${LAYOUT_VERSION}`;
}

/**
 * Bytes in front of packed weights, different whenever they would be: all that packing depends on beside the model's
 * own constants, which the model id binds. 32 bytes.
 */
export function packFingerprint(layouts: readonly Layout[], own: ReadonlySet<Tensor>): Uint8Array {
  const parts = layouts.flatMap(({ plan, packed }) =>
    packed.flatMap(({ start, bytes }) => {
      const length = plan.words[start + 1] ?? 0;
      const words = Array.from(plan.words.subarray(start, start + length));
      const computed = PACKED_REFS.map((at) => plan.constants[plan.words[start + at + 1] ?? -1]).filter(
        (tensor) => tensor !== undefined && !own.has(tensor),
      );
      return [utf8(`${bytes} ${words.join()}`), ...computed.map((tensor) => tensorToBytes(tensor as Tensor))];
    }),
  );
  return sha256(utf8("aivm wasm packing"), ...parts.map((part) => sha256(part)));
}

/** Packed weights of `regions`, with their fingerprint in front. */
export function encodePacked(fingerprint: Uint8Array, regions: readonly Uint8Array[]): Uint8Array {
  return concatBytes(fingerprint, ...regions);
}

/** The packed weights of each region, or undefined when they are for something else. Views, not copies. */
export function decodePacked(
  bytes: Uint8Array,
  of: { readonly fingerprint: Uint8Array; readonly sizes: readonly number[] },
): readonly Uint8Array[] | undefined {
  const { fingerprint, sizes } = of;
  const length = sizes.reduce((sum, size) => sum + size, fingerprint.length);
  if (bytes.length !== length || !equalBytes(bytes.subarray(0, fingerprint.length), fingerprint))
    return undefined;
  let at = fingerprint.length;
  return sizes.map((size) => {
    at += size;
    return bytes.subarray(at - size, at);
  });
}

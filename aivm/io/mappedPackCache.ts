/** Packed weights in a directory, mapped into memory when they are read. */
import { concatBytes, equalBytes, utf8 } from "../../common/bytes.ts";
import { isAivmError } from "../../common/errors.ts";
import type { NativeBinding } from "../engine/native/binding.ts";
import type { PackCache } from "../engine/packCache.ts";
import { packPath, writePack } from "./packFiles.ts";

/** Bytes in front of the content, a hash among them: the content stays aligned. */
const FRONT_BYTES = 64;

/**
 * Cache in `directory`, made when it is missing; files are the owner's alone. A file that is damaged, or another's under
 * this name, is as good as absent; what can not be written is left out.
 */
export function mappedPackCache(directory: string, binding: NativeBinding): PackCache {
  const pathOf = (key: string): string => packPath(directory, key);
  return {
    read: async (key) => {
      const file = mapped(binding, pathOf(key));
      if (file === undefined || file.length < FRONT_BYTES) return undefined;
      const bytes = file.subarray(FRONT_BYTES);
      return equalBytes(frontOf(binding, { key, bytes }), file.subarray(0, FRONT_BYTES)) ? bytes : undefined;
    },
    write: (key, bytes) =>
      writePack(pathOf(key), { directory, parts: [frontOf(binding, { key, bytes }), bytes] }),
  };
}

function mapped(binding: NativeBinding, path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(binding.mapFile(path));
  } catch (error) {
    if (isAivmError(error) || (error as { readonly code?: unknown }).code === "AIVM_FILE") return undefined;
    throw error;
  }
}

/** SHA-256 of the key and of the content's SHA-256, then zeros. */
function frontOf(
  binding: NativeBinding,
  of: { readonly key: string; readonly bytes: Uint8Array },
): Uint8Array {
  const front = new Uint8Array(FRONT_BYTES);
  front.set(binding.sha256(concatBytes(utf8(`${of.key}\n`), binding.sha256(of.bytes))));
  return front;
}

/** Packed weights in a directory, mapped into memory when they are read. */
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, equalBytes, utf8 } from "../../common/bytes.ts";
import { isAivmError } from "../../common/errors.ts";
import type { NativeBinding } from "../engine/native/binding.ts";
import type { PackCache } from "../engine/native/packs.ts";

/** Bytes in front of the content, a hash among them: the content stays aligned. */
const FRONT_BYTES = 64;

/**
 * Cache in `directory`, made when it is missing; files are the owner's alone. A file that is damaged, or another's under
 * this name, is as good as absent; what can not be written is left out.
 */
export function mappedPackCache(directory: string, binding: NativeBinding): PackCache {
  const pathOf = (key: string): string => join(directory, `${key}.packed`);
  return {
    read: async (key) => {
      const file = mapped(binding, pathOf(key));
      if (file === undefined || file.length < FRONT_BYTES) return undefined;
      const bytes = file.subarray(FRONT_BYTES);
      return equalBytes(frontOf(binding, { key, bytes }), file.subarray(0, FRONT_BYTES)) ? bytes : undefined;
    },
    write: async (key, bytes) => {
      const partial = `${pathOf(key)}.${randomBytes(8).toString("hex")}.partial`;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(partial, [frontOf(binding, { key, bytes }), bytes], { mode: 0o600, flag: "wx" });
        await rename(partial, pathOf(key));
      } catch {
        await rm(partial, { force: true }).catch(() => undefined);
      }
    },
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

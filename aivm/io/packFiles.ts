/** Files of packed weights in a directory, one for each key; the owner's alone. */
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the packed weights of a key lie. */
export function packPath(directory: string, key: string): string {
  return join(directory, `${key}.packed`);
}

/** Writes a file under another name first, so that no reader sees half of it. What can not be written is left out. */
export async function writePack(
  path: string,
  of: { readonly directory: string; readonly parts: readonly Uint8Array[] },
): Promise<void> {
  const partial = `${path}.${randomBytes(8).toString("hex")}.partial`;
  try {
    await mkdir(of.directory, { recursive: true, mode: 0o700 });
    await writeFile(partial, of.parts, { mode: 0o600, flag: "wx" });
    await rename(partial, path);
  } catch {
    await rm(partial, { force: true }).catch(() => undefined);
  }
}

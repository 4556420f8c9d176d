import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file so that after a power cut there is either all of it or none: temporary file (mode 0600), fsync,
 * rename, fsync of the folder.
 * @param options.replace false refuses (EEXIST) when there is a file already
 */
export async function writeDurably(
  path: string,
  content: Uint8Array | string,
  options: { readonly replace: boolean },
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // A link fails when the name is taken, a rename does not.
    await (options.replace ? rename(temporary, path) : link(temporary, path));
  } finally {
    await rm(temporary, { force: true });
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The code of a failed file operation, such as ENOENT; "" for another error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

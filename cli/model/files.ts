/** Files that the model commands read, with the error that they have in common. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { AivmError } from "../../common/index.ts";

/** Bytes of a file. @param what what it is to the reader @throws CLI_FILE when it can not be read */
export function readBytes(path: string, what: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const got = error instanceof Error && "code" in error ? String(error.code) : "an error";
    throw fileError({ path, what, want: "a file that can be read", got, remedy: "Check the path." });
  }
}

/** JSON value of a file. @throws CLI_FILE when it can not be read or is not JSON */
export function readJson(path: string, what: string): unknown {
  const text = new TextDecoder().decode(readBytes(path, what));
  try {
    return JSON.parse(text);
  } catch (error) {
    const got = error instanceof Error ? error.message : "an error";
    throw fileError({ path, what, want: "JSON", got, remedy: "Check the file." });
  }
}

/**
 * Writes a file under another name first: whatever goes wrong, there is no half of it.
 * @param file.what what it is to the reader @throws CLI_FILE when it can not be written
 */
export function writeWhole(
  path: string,
  file: { readonly content: Uint8Array | string; readonly what: string },
): void {
  const { content, what } = file;
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    const got = error instanceof Error && "code" in error ? String(error.code) : "an error";
    throw fileError({ path, what, want: "a file that can be written", got, remedy: "Check the path." });
  }
}

/** A file that is not what it should be. */
export function fileError(about: {
  readonly path: string;
  readonly what: string;
  readonly want: string;
  readonly got: string;
  readonly remedy: string;
}): AivmError {
  const { path, ...facts } = about;
  return new AivmError("CLI_FILE", { ...facts, item: path });
}

/** Artifacts on disk. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AivmError, isAivmError } from "../../common/errors.ts";
import type { NativeBinding } from "../engine/native/binding.ts";
import { type LoadedModel, loadArtifact } from "../program/artifact.ts";
import { mapArtifact } from "./mappedArtifact.ts";
import { loadBinding } from "./native.ts";
import { fastRoots } from "./roots.ts";

/**
 * Model of an artifact file, fully checked: mapped into memory where the native add-on is there, else read.
 * @throws AIVM_FILE when it can not be read, and what `loadArtifact` does.
 */
export async function readArtifact(
  path: string,
  expected: { readonly modelId?: Uint8Array } = {},
): Promise<LoadedModel> {
  const binding = bindingHere();
  try {
    if (binding !== undefined) return mapArtifact(path, binding, expected);
  } catch (error) {
    // What can not be mapped may still be read, such as a pipe; or reading says better why not.
    if (!isAivmError(error, "AIVM_FILE")) throw error;
  }
  return loadArtifact(await readBytes(path), { ...expected, rootOf: fastRoots() });
}

function bindingHere(): NativeBinding | undefined {
  try {
    return loadBinding();
  } catch {
    return undefined;
  }
}

/**
 * Writes an artifact's bytes, and the folders above it: under another name first, so that no reader sees half a file.
 * @throws AIVM_FILE when it can not be written; then nothing is left behind.
 */
export async function writeArtifact(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw fileError("a file that can be written", {
      path,
      cause,
      remedy: "check the path and the space left",
    });
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw fileError("a file that can be read", {
      path,
      cause,
      remedy: "check the path, or fetch the artifact from a runner",
    });
  }
}

function fileError(
  want: string,
  { path, cause, remedy }: { readonly path: string; readonly cause: unknown; readonly remedy: string },
): AivmError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new AivmError("AIVM_FILE", { what: "artifact file", want, got, remedy, item: path }, { cause });
}

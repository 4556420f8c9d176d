/** Artifacts on disk. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AivmError } from "../../common/errors.ts";
import { type LoadedModel, loadArtifact } from "../program/artifact.ts";

/**
 * Model of an artifact file, fully checked.
 * @throws AIVM_FILE when it can not be read, and what `loadArtifact` does.
 */
export async function readArtifact(
  path: string,
  expected: { readonly modelId?: Uint8Array } = {},
): Promise<LoadedModel> {
  return loadArtifact(await readBytes(path), expected);
}

/** Writes an artifact's bytes: under another name first, so that no reader sees half a file. */
export async function writeArtifact(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  await writeFile(partial, bytes);
  await rename(partial, path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new AivmError(
      "AIVM_FILE",
      {
        what: "artifact file",
        want: "a file that can be read",
        got: cause instanceof Error ? cause.message : String(cause),
        remedy: "check the path, or fetch the artifact from a runner",
        item: path,
      },
      { cause },
    );
  }
}

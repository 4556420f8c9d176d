/** Artifacts as the system maps them into memory: loaded without a copy, shared between processes. */
import type { NativeBinding } from "../engine/native/binding.ts";
import { nativeCall } from "../engine/native/binding.ts";
import { type Expected, type LoadedModel, loadArtifact } from "../program/artifact.ts";

/**
 * Model of an artifact file, fully checked, its constants views of the mapped file. While the model is in use the file
 * must not be shortened or written to (`writeArtifact` replaces it by another, which is safe); a write to a constant
 * ends the process.
 * @throws AIVM_FILE when it can not be mapped, and what `loadArtifact` does.
 */
export function mapArtifact(path: string, binding: NativeBinding, expected: Expected = {}): LoadedModel {
  const bytes = new Uint8Array(nativeCall("artifact file", () => binding.mapFile(path)));
  return loadArtifact(bytes, { rootOf: ({ data }) => binding.tensorRoot(data), ...expected });
}

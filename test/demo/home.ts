/** A folder of its own for every run, gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder that only its owner can read. */
export function temporaryHome(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "aivm-demo-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

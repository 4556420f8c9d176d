/** A home folder of a fresh chain in the temporary folder of the machine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createValidator } from "../../chain/engine/embedded/validators.ts";
import { initHome } from "../../chain/io/home.ts";
import { testGenesis } from "./engineFixture.ts";

/** Writes a home with fresh keys; `remove` deletes it. */
export function createTempHome(): { readonly home: string; remove(): void } {
  const home = join(mkdtempSync(join(tmpdir(), "aivm-node-")), "home");
  initHome(home, ({ pubKey }) => ({
    ...testGenesis(),
    validators: [{ ...createValidator(pubKey, 10n), name: "" }],
  }));
  return { home, remove: () => rmSync(join(home, ".."), { recursive: true, force: true }) };
}

/**
 * Makes test/vectors: what the specification says, computed by the oracle there. `make vectors`; a test fails when the
 * result differs from what is committed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { vectorFiles } from "../test/vectors/generate.ts";

const ROOT = join(import.meta.dirname, "..", "test", "vectors");

for (const [name, text] of vectorFiles()) {
  const path = join(ROOT, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

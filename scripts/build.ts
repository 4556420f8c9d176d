/** Everything that is built: WASM kernels, contracts and the page that checks results in build/, JavaScript in dist/. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { buildContracts } from "./buildContracts.ts";
import { buildPage } from "./buildPage.ts";
import { buildWasm } from "./buildWasm.ts";

const ROOT = join(import.meta.dirname, "..");

await buildWasm();
buildContracts();
await buildPage();
execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", ROOT], {
  stdio: ["ignore", 2, 2],
  cwd: ROOT,
});

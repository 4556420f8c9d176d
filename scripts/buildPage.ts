/** Bundles the page that checks results (explorer/verify) into build/verify: a page, one script, the kernels. */
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { freshKernels, KERNELS_PATH } from "./buildWasm.ts";

const ROOT = join(import.meta.dirname, "..");

/** Where the page lies once it is built; any static server can serve it. */
export const PAGE_FOLDER: string = join(ROOT, "build/verify");

/** Builds it. @throws what the bundler does. */
export async function buildPage(): Promise<void> {
  await freshKernels();
  mkdirSync(PAGE_FOLDER, { recursive: true });
  await bundle(join(ROOT, "explorer/verify/io/main.ts"), join(PAGE_FOLDER, "verify.js"));
  copyFileSync(join(ROOT, "explorer/verify/index.html"), join(PAGE_FOLDER, "index.html"));
  copyFileSync(KERNELS_PATH, join(PAGE_FOLDER, "kernels.wasm"));
}

/** One script for browsers out of an entry and all that it imports. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPage();
  console.log(`${PAGE_FOLDER}: verify.js has ${statSync(join(PAGE_FOLDER, "verify.js")).size} bytes`);
}

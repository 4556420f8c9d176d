/** Compiles the kernels (aivm/engine/wasm/kernels, AssemblyScript) to build/wasm/kernels.wasm. */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = join(ROOT, "aivm/engine/wasm/kernels");

/** Where the compiled kernels lie. */
export const KERNELS_PATH: string = join(ROOT, "build/wasm/kernels.wasm");

/** One module for shared memory; the host makes the one for unshared memory of it (module.ts). */
const FLAGS = [
  ...["--enable", "simd", "--enable", "threads", "--runtime", "stub", "--noAssert", "-O3"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
];

/** Compiles the kernels. @throws Error with the compiler's messages when they do not compile. */
export async function buildWasm(): Promise<void> {
  mkdirSync(join(ROOT, "build/wasm"), { recursive: true });
  // Under another name first: somebody else may be reading, or building too.
  const partial = `${KERNELS_PATH}.${process.pid}`;
  const entry = join(SOURCES, "index.ts");
  const { error, stderr } = await asc.main([entry, "--baseDir", "/", "--outFile", partial, ...FLAGS]);
  if (error !== null) throw new Error(`the kernels do not compile: ${stderr.toString()}`, { cause: error });
  renameSync(partial, KERNELS_PATH);
}

let fresh: { readonly at: number; readonly bytes: Uint8Array } | undefined;

/** The compiled kernels, made first when they are missing or older than a source; the same array while they are. */
export async function freshKernels(): Promise<Uint8Array> {
  if (modified(KERNELS_PATH) < sourcesModified()) await buildWasm();
  const at = modified(KERNELS_PATH);
  if (fresh?.at !== at) fresh = { at, bytes: new Uint8Array(readFileSync(KERNELS_PATH)) };
  return fresh.bytes;
}

function sourcesModified(): number {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return files.reduce((latest, name) => Math.max(latest, modified(join(SOURCES, name))), 0);
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWasm();
  console.log(`${KERNELS_PATH}: ${statSync(KERNELS_PATH).size} bytes`);
}

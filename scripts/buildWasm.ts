/** Compiles the SIMD kernels (aivm/engine/wasm/kernels, AssemblyScript) to build/wasm/kernels.wasm. */
import { mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "aivm/engine/wasm/kernels/index.ts");

/** Where the compiled kernels lie. */
export const KERNELS_PATH: string = join(ROOT, "build/wasm/kernels.wasm");

/** Compiles the kernels. @throws Error with the compiler's messages when they do not compile. */
export async function buildWasm(): Promise<void> {
  mkdirSync(join(ROOT, "build/wasm"), { recursive: true });
  const flags = ["--enable", "simd", "--runtime", "stub", "--noAssert", "-O3", "--initialMemory", "1"];
  // Under another name first: somebody else may be reading, or building too.
  const partial = `${KERNELS_PATH}.${process.pid}`;
  const { error, stderr } = await asc.main([SOURCE, "--baseDir", "/", "--outFile", partial, ...flags]);
  if (error !== null) throw new Error(`the kernels do not compile: ${stderr.toString()}`, { cause: error });
  renameSync(partial, KERNELS_PATH);
}

/** The compiled kernels, made first when they are missing or older than their source. */
export async function freshKernels(): Promise<Uint8Array> {
  if (modified(KERNELS_PATH) < modified(SOURCE)) await buildWasm();
  return new Uint8Array(readFileSync(KERNELS_PATH));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWasm();
  console.log(`${KERNELS_PATH}: ${statSync(KERNELS_PATH).size} bytes`);
}

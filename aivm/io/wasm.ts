/** The compiled SIMD kernels on disk. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AivmError } from "../../common/errors.ts";
import type { Engine, RunnableModel } from "../engine/engine.ts";
import { createWasmEngine } from "../engine/wasm/wasmEngine.ts";

/** Where scripts/buildWasm.ts puts the kernels: beside the nearest package.json above, the same from source and from dist/. */
const KERNELS_PATH = join(packageRoot(), "build/wasm/kernels.wasm");

/** Bytes of the compiled kernels. @throws AIVM_WASM when they have not been built. */
export async function readKernels(path: string = KERNELS_PATH): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new AivmError(
      "AIVM_WASM",
      {
        what: "WASM kernels",
        want: "a compiled module",
        got: cause instanceof Error ? cause.message : String(cause),
        remedy: "run `npx tsx scripts/buildWasm.ts`",
        item: path,
      },
      { cause },
    );
  }
}

/** WASM engine for a model. @throws AIVM_WASM, AIVM_SELF_TEST. */
export async function loadWasmEngine(model: RunnableModel): Promise<Engine> {
  return createWasmEngine({ model, wasm: await readKernels() });
}

function packageRoot(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  return at;
}

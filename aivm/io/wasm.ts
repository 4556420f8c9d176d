/** The wasm engine in Node: the compiled kernels on disk, and threads. */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AivmError } from "../../common/errors.ts";
import type { Engine, RunnableModel } from "../engine/engine.ts";
import { createWasmEngine, type WasmEngineOptions } from "../engine/wasm/wasmEngine.ts";
import { nodeWorkers } from "./wasmWorkers.ts";

/** Where scripts/buildWasm.ts puts the kernels: beside the nearest package.json above, the same from source and from dist/. */
const KERNELS_PATH = join(packageRoot(), "build/wasm/kernels.wasm");

/** What has been read, so that the same file is the same array, compiled and tested once. */
const known = new Map<string, { readonly version: string; readonly bytes: Uint8Array }>();

/** Bytes of the compiled kernels; the same array while the file stays as it is. @throws AIVM_WASM when they have not been built. */
export async function readKernels(path: string = KERNELS_PATH): Promise<Uint8Array> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    const version = `${mtimeMs} ${size} ${ino}`;
    const before = known.get(path);
    if (before?.version === version) return before.bytes;
    const bytes = new Uint8Array(await readFile(path));
    known.set(path, { version, bytes });
    return bytes;
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

/**
 * WASM engine for a model; one thread, the caller's, unless `options` ask for more.
 * @throws AIVM_WASM, AIVM_SELF_TEST, AIVM_WASM_MEMORY, AIVM_WASM_OPTIONS, AIVM_WORKER.
 */
export async function loadWasmEngine(
  model: RunnableModel & { readonly modelId?: Uint8Array },
  options: Omit<WasmEngineOptions, "model" | "wasm"> = {},
): Promise<Engine> {
  return createWasmEngine({ pool: nodeWorkers, ...options, model, wasm: await readKernels() });
}

function packageRoot(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  return at;
}

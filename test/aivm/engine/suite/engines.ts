/** The engines of this machine by name: what the conformance suite runs on, in Node. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { WorkerPool } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine } from "../../../../aivm/index.ts";
import { loadBinding, loadNativeEngine } from "../../../../aivm/io/native.ts";
import { loadWasmEngine } from "../../../../aivm/io/wasm.ts";
import { workerPool } from "../../../../aivm/io/wasmWorkers.ts";
import { freshAddon, whyNoNative } from "../../../../scripts/buildNative.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { bundleForNode } from "./bundle.ts";
import type { CreateEngine } from "./suite.ts";

/** Every step is split that can be, however small. */
const ALWAYS = { elements: 1, macs: 1 };

/** Every engine that runs here, each in every form; `absent` is told which can not, and why. */
export async function enginesHere(absent: (why: string) => void): Promise<Record<string, CreateEngine>> {
  await freshKernels();
  const pool = await quickWorkers();
  return {
    reference: async (model) => createReferenceEngine(model),
    "wasm, 1 thread": (model) => loadWasmEngine(model),
    "wasm, 2 threads": (model) => loadWasmEngine(model, { pool, threads: 2, splitting: ALWAYS }),
    "wasm, 3 threads": (model) => loadWasmEngine(model, { pool, threads: 3, splitting: ALWAYS }),
    "wasm, 2 requests": (model) => loadWasmEngine(model, { pool, requests: 2 }),
    ...(await nativeEngines(absent)),
  };
}

/** Threads as aivm/io/wasmWorkers.ts starts them, but from one script: a suite starts thousands. */
async function quickWorkers(): Promise<WorkerPool> {
  const entry = join(import.meta.dirname, "../../../../aivm/io/wasmWorker.ts");
  const script = await bundleForNode(entry);
  return workerPool(() => new Worker(script, { eval: true }));
}

/** The native engine at every level that this CPU has; on several threads at the best. */
async function nativeEngines(absent: (why: string) => void): Promise<Record<string, CreateEngine>> {
  const reason = whyNoNative();
  if (reason !== undefined) {
    absent(`native: ${reason}`);
    return {};
  }
  const path = await freshAddon();
  const levels = loadBinding(path).levels();
  const [best = "scalar"] = levels;
  const one = levels.map((level): [string, CreateEngine] => {
    return [`native ${level}, 1 thread`, (model) => loadNativeEngine(model, { path, level })];
  });
  return {
    ...Object.fromEntries(one),
    [`native ${best}, 3 threads`]: (model) =>
      loadNativeEngine(model, { path, level: best, threads: 3, splitting: ALWAYS }),
    [`native ${best}, 2 requests of 2`]: (model) => {
      return loadNativeEngine(model, { path, level: best, threads: 2, requests: 2, splitting: ALWAYS });
    },
  };
}

/** The engines of this machine by name: what the conformance suite runs on, in Node. */
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine, type Engine, tensorRoot } from "../../../../aivm/index.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import type { CreateEngine } from "./suite.ts";

/** Every engine that runs here. */
export async function enginesHere(): Promise<Record<string, CreateEngine>> {
  const wasm = await freshKernels();
  return {
    reference: async (model) => createReferenceEngine(model),
    "wasm, 1 thread": async (model) => hashing(await createWasmEngine({ model, wasm })),
  };
}

/** The engine with roots worked out from what it keeps. */
function hashing(engine: Engine): Engine {
  return {
    ...engine,
    run: async (options) => {
      const { ops = [], ...run } = await engine.run({ ...options, keepOps: true });
      const kept = options.keepOps === true ? { ops } : {};
      return { ...run, ...kept, ...(options.hashOps === true ? { opRoots: ops.map(tensorRoot) } : {}) };
    },
  };
}

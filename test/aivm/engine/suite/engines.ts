/** The engines of this machine by name: what the conformance suite runs on, in Node. */
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine } from "../../../../aivm/index.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { hashing } from "./hashing.ts";
import type { CreateEngine } from "./suite.ts";

/** Every engine that runs here. */
export async function enginesHere(): Promise<Record<string, CreateEngine>> {
  const wasm = await freshKernels();
  return {
    reference: async (model) => createReferenceEngine(model),
    "wasm, 1 thread": async (model) => hashing(await createWasmEngine({ model, wasm })),
  };
}

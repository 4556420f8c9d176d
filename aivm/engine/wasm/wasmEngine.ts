/** The engine for Node and browsers: an interpreter of step programs with SIMD kernels, compiled from AssemblyScript. */
import type { Engine } from "../engine.ts";
import { openEngine, type WasmEngineOptions } from "./open.ts";
import { assertKernels } from "./selfTest.ts";

export type { PackCache } from "./cache.ts";
export type { WasmEngineOptions } from "./open.ts";
export type { EngineWorker, WorkerPool, WorkerReply, WorkerRequest } from "./pool.ts";
export { planWasm, type WasmPlan, type WasmPlanOptions, wasmMemory } from "./wasmPlan.ts";

/**
 * Engine for one model. Everything is allocated here; a run allocates its result's arrays alone. Runs take the calling
 * thread, shared with `threads` - 1 helpers, or with `requests` set as many threads of their own.
 * @throws AIVM_WASM when the kernels can not be loaded; AIVM_SELF_TEST when one bit differs from the reference;
 * AIVM_WASM_MEMORY when an op does not fit a memory or the host gives none; AIVM_WASM_OPTIONS for options that make no
 * sense here; AIVM_WORKER when a thread does not start.
 */
export async function createWasmEngine(options: WasmEngineOptions): Promise<Engine> {
  await assertKernels(options.wasm);
  return openEngine(options);
}

/** The fastest engine that this machine has and that passes its self-test. */
import type { Engine } from "../engine/engine.ts";
import { createReferenceEngine } from "../engine/reference/referenceEngine.ts";
import { loadNativeEngine } from "./native.ts";
import { loadWasmEngine } from "./wasm.ts";

/** What an engine is chosen by. */
export interface BestEngineOptions {
  /** Only this one. Default: native, else wasm. */
  readonly engine?: "native" | "wasm" | "reference";
  /** Told in one line which engine it is and why. */
  readonly say?: (line: string) => void;
  /** Threads of one run, and runs in flight; default 1 each. */
  readonly threads?: number;
  readonly requests?: number;
  /** The add-on's path, when it is not where `make native` puts it. */
  readonly nativePath?: string;
}

/**
 * Engine for a model: native where the add-on is there and passes its self-test, else wasm; or the one that was asked for.
 * @throws what that engine's loading does; the native engine's own reasons only when it was asked for by name.
 */
export async function loadBestEngine(
  model: Parameters<typeof loadNativeEngine>[0],
  options: BestEngineOptions = {},
): Promise<Engine> {
  const { engine, say, threads = 1, requests = 1, nativePath } = options;
  if (engine === "reference") {
    say?.("engine: reference, as asked for");
    return createReferenceEngine(model);
  }
  const native = (): Promise<Engine> =>
    loadNativeEngine(model, { threads, requests, ...(nativePath === undefined ? {} : { path: nativePath }) });
  if (engine === "native") return named(await native(), "as asked for", say);
  if (engine === "wasm") return named(await loadWasmEngine(model), "as asked for", say);
  let reason = "the add-on is there and passed its self-test";
  try {
    return named(await native(), reason, say);
  } catch (error) {
    reason = `the native engine can not be used: ${error instanceof Error ? error.message : String(error)}`;
  }
  return named(await loadWasmEngine(model), reason, say);
}

function named(engine: Engine, reason: string, say?: (line: string) => void): Engine {
  say?.(`engine: ${engine.name}, ${reason}`);
  return engine;
}

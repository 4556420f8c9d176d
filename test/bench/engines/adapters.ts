/** Our engines, behind one shape. */
import { availableParallelism } from "node:os";
import type { Engine } from "../../../aivm/engine/engine.ts";
import type { PackCache } from "../../../aivm/engine/wasm/cache.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import type { LoadedModel } from "../../../aivm/program/artifact.ts";

/** How an engine is to run: with several threads for one request, or with several requests at a time. */
export type EngineOptions = (
  | { readonly threads: number }
  | {
      /** Requests in flight, a thread each. */
      readonly requests: number;
    }
) & { readonly cache?: PackCache };

/** An engine that a benchmark can make. */
export interface EngineAdapter {
  readonly name: string;
  /** Numbers of threads to measure it with. */
  readonly threads: readonly number[];
  create(model: LoadedModel, options: EngineOptions): Promise<Engine>;
}

/** One thread, and as many as the machine runs at a time. */
function threadCounts(): readonly number[] {
  const all = availableParallelism();
  return all > 1 ? [1, all] : [1];
}

/** The engines that load here; `say` is told of those that do not. */
export async function engineAdapters(_say: (line: string) => void): Promise<readonly EngineAdapter[]> {
  return [{ name: "wasm", threads: threadCounts(), create: loadWasmEngine }];
}

/** Our engines, behind one shape. */
import { availableParallelism } from "node:os";
import type { Engine, RunnableModel } from "../../../aivm/engine/engine.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";

/** An engine that a benchmark can make. */
export interface EngineAdapter {
  readonly name: string;
  /** Numbers of threads to measure it with. */
  readonly threads: readonly number[];
  create(
    model: RunnableModel,
    options: {
      readonly threads: number;
      /** Runs in flight at a time. */
      readonly requests: number;
    },
  ): Promise<Engine>;
}

/** One thread, and as many as the machine runs at a time. */
export function threadCounts(): readonly number[] {
  const all = availableParallelism();
  return all > 1 ? [1, all] : [1];
}

/** The engines that load here; `say` is told of those that do not. */
export async function engineAdapters(_say: (line: string) => void): Promise<readonly EngineAdapter[]> {
  return [{ name: "wasm", threads: [1], create: (model) => loadWasmEngine(model) }];
}

/** The page's worker: one re-execution, so that the page stays alive meanwhile. */
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import type { PublicResult } from "../../../sdk/publicResult.ts";
import { type Reexecution, reexecute } from "../reexecute.ts";

/** What the page sends. */
export interface WorkerTask {
  readonly artifact: Uint8Array;
  readonly result: PublicResult;
  /** The compiled kernels. */
  readonly wasm: Uint8Array;
}

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly reexecution: Reexecution }
  /** Nothing was computed, and why. */
  | { readonly refused: string };

/** Answers every message that this worker gets. */
export function serveWorker(): void {
  self.onmessage = async (event: MessageEvent<WorkerTask>): Promise<void> => {
    self.postMessage(await answerTo(event.data));
  };
}

async function answerTo({ artifact, result, wasm }: WorkerTask): Promise<WorkerAnswer> {
  try {
    const reexecution = await reexecute({
      artifact,
      result,
      createEngine: (model) => createWasmEngine({ model, wasm }),
      now: () => performance.now(),
    });
    return { reexecution };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

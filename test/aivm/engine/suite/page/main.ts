/** The slice of the suite inside a page: on a worker, so that it runs as engines in pages do; reports to its server. */
import { createWasmEngine } from "../../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine } from "../../../../../aivm/index.ts";
import { sliceCases } from "../slice.ts";
import { runSuite } from "../suite.ts";

async function runSlice(): Promise<unknown> {
  const wasm = new Uint8Array(await (await fetch("/kernels.wasm")).arrayBuffer());
  return runSuite({
    engines: {
      reference: async (model) => createReferenceEngine(model),
      "wasm, 1 thread": (model) => createWasmEngine({ model, wasm }),
    },
    cases: sliceCases(),
    now: () => performance.now(),
  });
}

function report(value: unknown): Promise<Response> {
  return fetch("/report", { method: "POST", body: JSON.stringify(value) });
}

if (typeof document === "undefined") {
  runSlice().then(report, (error) => report({ error: String(error) }));
} else {
  new Worker((document.currentScript as HTMLScriptElement).src).onerror = (event): void => {
    void report({ error: event.message });
  };
}

/** Threads for the wasm engine, from node:worker_threads. They end with the engine and keep no process alive. */
import { Worker } from "node:worker_threads";
import type { EngineWorker, WorkerPool } from "../engine/wasm/pool.ts";

/** The pool that this process starts threads from. */
export const nodeWorkers: WorkerPool = { start: startWorker, mayWait: true };

/** From source, a thread needs the loader that this process was started with: Node does not hand it on. */
function startFromSource(): Worker {
  const [loader, entry] = [import.meta.resolve("tsx/esm/api"), import.meta.resolve("./wasmWorker.ts")];
  const script = `import("${loader}").then(({ register }) => { register(); return import("${entry}"); })`;
  return new Worker(script, { eval: true });
}

function startWorker(): EngineWorker {
  const worker = import.meta.url.endsWith(".ts")
    ? startFromSource()
    : new Worker(new URL("./wasmWorker.js", import.meta.url));
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    listen: (onReply, onFailure) => {
      worker.on("message", onReply);
      worker.on("error", onFailure);
      worker.on("exit", (code) => onFailure(new Error(`the end of the thread (exit status ${code})`)));
    },
    hold: (held) => {
      if (held) worker.ref();
      else worker.unref();
    },
    end: async () => {
      await worker.terminate();
    },
  };
}

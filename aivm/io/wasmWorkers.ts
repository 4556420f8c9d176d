/** Threads for the wasm engine, from node:worker_threads. They end with the engine and keep no process alive. */
import { Worker } from "node:worker_threads";
import type { EngineWorker, WorkerPool } from "../engine/wasm/pool.ts";

/** The pool that this process starts threads from. */
export const nodeWorkers: WorkerPool = workerPool(startWorker);

/** A pool of the threads that `create` makes; each must run wasmWorker.ts. */
export function workerPool(create: () => Worker): WorkerPool {
  return { start: () => engineWorker(create()) };
}

/** From source, a thread needs the loader that this process was started with: Node does not hand it on. */
function startFromSource(): Worker {
  const [loader, entry] = [import.meta.resolve("tsx/esm/api"), import.meta.resolve("./wasmWorker.ts")];
  const script = `import("${loader}").then(({ register }) => { register(); return import("${entry}"); })`;
  return new Worker(script, { eval: true });
}

function startWorker(): Worker {
  if (import.meta.url.endsWith(".ts")) return startFromSource();
  return new Worker(new URL("./wasmWorker.js", import.meta.url));
}

function engineWorker(worker: Worker): EngineWorker {
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
      // Whoever waits for the end may have nothing else that keeps the process alive.
      worker.ref();
      await worker.terminate();
    },
  };
}

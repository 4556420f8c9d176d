/** What a thread of the engine does; the same in Node and in a browser. */
import { helpTeam, runAlone, runHash } from "./jobs.ts";
import { instantiateKernels, type Kernels } from "./module.ts";
import type { WorkerReply, WorkerRequest } from "./pool.ts";

/**
 * Serves an engine from inside a worker.
 * @param reply sends an answer to the thread that started this one
 * @returns what the worker is to call with every message it gets
 */
export function serveWorker(reply: (message: WorkerReply) => void): (request: WorkerRequest) => void {
  let kernels: readonly Kernels[] = [];
  let memories: readonly WebAssembly.Memory[] = [];
  const serve = async (request: WorkerRequest): Promise<void> => {
    if (request.kind === "load") {
      memories = request.memories;
      kernels = await Promise.all(memories.map((memory) => instantiateKernels(request.module, memory)));
    } else if (request.kind === "run") runAlone(kernels, request.job);
    else if (request.kind === "hash") runHash(kernels, request.job);
    else helpTeam({ kernels, memories, threads: request.threads, control: request.control }, request.thread);
    reply({ kind: "done" });
  };
  let last = Promise.resolve();
  return (request) => {
    last = last.then(() => serve(request)).catch((error) => reply({ kind: "failed", reason: String(error) }));
  };
}

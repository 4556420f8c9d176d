/** Threads, as this engine asks for them: worker_threads in Node, Web Workers in a browser. */

/** One thread, running `serveWorker` (worker.ts). */
export interface EngineWorker {
  /** Sends a message; memories and modules in it are shared, not copied. */
  post(message: WorkerRequest): void;
  /** Is told every answer, and of the thread's end. Called once. */
  listen(onReply: (reply: WorkerReply) => void, onFailure: (error: Error) => void): void;
  /** While true, the process waits for this thread to answer. */
  hold(held: boolean): void;
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
}

/** Starts threads. */
export interface WorkerPool {
  start(): EngineWorker;
}

/** Steps to run: where, on what. Addresses are in the memory of `shard`. */
export interface Job {
  readonly shard: number;
  readonly first: number;
  readonly end: number;
  /** Control block that progress is reported in, or 0. */
  readonly control: number;
  readonly arena: number;
  readonly table: number;
  readonly scratch: number;
  readonly scratchStride: number;
  /** True when a step is worth splitting among threads. */
  readonly parallel: boolean;
}

/** Outputs to hash: a table of `count` entries (kernels/hashOps.ts) in the memory of `shard`. */
export interface HashJob {
  readonly shard: number;
  readonly table: number;
  readonly count: number;
  /** Control block whose progress is followed; 0 when all is finished. */
  readonly control: number;
  readonly scratch: number;
}

/** What a thread is sent. */
export type WorkerRequest =
  | {
      readonly kind: "load";
      readonly module: WebAssembly.Module;
      readonly memories: readonly WebAssembly.Memory[];
    }
  | { readonly kind: "run"; readonly job: Job }
  | { readonly kind: "hash"; readonly job: HashJob }
  | { readonly kind: "help"; readonly thread: number; readonly threads: number; readonly control: number };

/** What it answers: one reply for each request, in order; none to "help", which lasts until the thread ends. */
export type WorkerReply = { readonly kind: "done" } | { readonly kind: "failed"; readonly reason: string };

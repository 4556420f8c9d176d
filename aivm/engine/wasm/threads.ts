/** The threads that an engine has started, from the caller's side. */
import { AivmError } from "../../../common/errors.ts";
import { createTeamRun, endTeam, type TeamControl } from "./jobs.ts";
import type { EngineWorker, Job, WorkerPool, WorkerReply, WorkerRequest } from "./pool.ts";
import { closedError } from "./queue.ts";

/** A thread that is asked and answers. */
export interface Thread {
  /** Settles with the answer. @throws AIVM_WORKER when the thread fails or ends. */
  ask(request: WorkerRequest): Promise<void>;
  /** Sends a request that keeps the thread busy for good, without waiting. */
  tell(request: WorkerRequest): void;
  end(): Promise<void>;
}

/** What every thread of an engine loads. */
export interface Loaded {
  readonly module: WebAssembly.Module;
  readonly memories: readonly WebAssembly.Memory[];
}

/** Starts a thread and has it load the kernels. @throws AIVM_WORKER when it does not start. */
export async function startThread(pool: WorkerPool, loaded: Loaded): Promise<Thread> {
  const thread = threadOf(pool.start());
  await thread.ask({ kind: "load", ...loaded });
  return thread;
}

/** Helpers of a team, and how the caller runs jobs with them. */
export interface Team {
  /** Runs a job with all threads, or alone when none of its steps is worth splitting. */
  run(job: Job): void;
  end(): Promise<void>;
}

/** Starts `threads` - 1 helpers. `control` is a control block of the first memory. @throws AIVM_WORKER. */
export async function startTeam(pool: WorkerPool, loaded: Loaded, team: TeamControl): Promise<Team> {
  const helpers = await Promise.all(
    Array.from({ length: team.threads - 1 }, () => startThread(pool, loaded)),
  );
  for (const [i, helper] of helpers.entries()) {
    helper.tell({ kind: "help", thread: i + 1, threads: team.threads, control: team.control });
  }
  return {
    run: createTeamRun(team),
    end: async () => {
      endTeam(team);
      await Promise.all(helpers.map((helper) => helper.end()));
    },
  };
}

interface Asker {
  readonly resolve: () => void;
  readonly reject: (error: AivmError) => void;
}

function threadOf(worker: EngineWorker): Thread {
  const askers: Asker[] = [];
  let failure: AivmError | undefined;
  const onReply = (reply: WorkerReply): void => {
    const asker = askers.shift();
    if (askers.length === 0) worker.hold(false);
    if (reply.kind === "done") asker?.resolve();
    else asker?.reject(workerError(reply.reason));
  };
  const fail = (error: AivmError): void => {
    failure ??= error;
    for (const { reject } of askers.splice(0)) reject(failure);
  };
  worker.listen(onReply, ({ message }) => fail(workerError(message)));
  return {
    ask: (request) =>
      new Promise<void>((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        askers.push({ resolve, reject });
        worker.hold(true);
        worker.post(request);
      }),
    tell: (request) => worker.post(request),
    end: async () => {
      fail(closedError());
      await worker.end();
    },
  };
}

function workerError(reason: string): AivmError {
  return new AivmError("AIVM_WORKER", {
    what: "thread of the wasm engine",
    want: "an answer",
    got: reason,
    remedy: "load the model again, or run it in the calling thread alone",
  });
}

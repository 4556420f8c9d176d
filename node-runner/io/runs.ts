/** The runs of open requests, made once each and remembered while they are needed; lost with the process. */
import type { Trace } from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import type { Messages } from "../../proto/index.ts";
import type { Executed, Job } from "../core/execution.ts";
import { loadJob, type RunnerContext } from "./context.ts";

type Request = Messages["aivm.inference.v1.Request"];

/** A run with its commitment. */
export interface TracedRun {
  readonly job: Job;
  readonly executed: Executed;
  readonly trace: Trace;
}

/** Runs by request. */
export interface Runs {
  /** The run that answers. @throws as `loadJob` when the inputs are not complete */
  answer(request: Request): Promise<Executed>;
  /** The same with its trace: what claim 0 defends. */
  answerTrace(request: Request): Promise<TracedRun>;
  /** The second engine's run with its trace: what a challenger stands for. */
  confirmTrace(request: Request): Promise<TracedRun>;
  /** Forgets every request but these (hex ids). */
  keepOnly(ids: ReadonlySet<string>): void;
}

/** No runs yet. */
export function createRuns(context: RunnerContext): Runs {
  const cache = new Map<string, Map<string, Promise<unknown>>>();
  const once = <T>(request: Request, name: string, make: () => Promise<T>): Promise<T> => {
    const id = bytesToHex(request.id);
    const runs = cache.get(id) ?? new Map<string, Promise<unknown>>();
    cache.set(id, runs);
    const known = runs.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const made = make();
    runs.set(name, made);
    // A failure (an artifact that nobody serves yet) is no answer: try again next time.
    made.catch(() => runs.delete(name));
    return made;
  };
  const job = (request: Request): Promise<Job> => once(request, "job", () => loadJob(context, request));
  const answer = (request: Request): Promise<Executed> =>
    once(request, "answer", async () => context.execute(await job(request)));
  const confirm = (request: Request): Promise<Executed> =>
    once(request, "confirm", async () => context.confirm(await job(request)));
  const traced = async (request: Request, executed: Executed): Promise<TracedRun> => {
    return { job: await job(request), executed, trace: await executed.trace() };
  };
  return {
    answer,
    answerTrace: (request) =>
      once(request, "answerTrace", async () => traced(request, await answer(request))),
    confirmTrace: (request) =>
      once(request, "confirmTrace", async () => traced(request, await confirm(request))),
    keepOnly: (ids) => {
      for (const id of cache.keys()) if (!ids.has(id)) cache.delete(id);
    },
  };
}

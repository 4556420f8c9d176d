/**
 * Two things timed side by side in one process: ours, peer, ours, peer, ... What the machine does meanwhile hits both
 * halves of a pair alike, so the median of the pairs' ratios says more than two medians.
 */
import { median } from "../statistics.ts";

/** Something that answers requests. */
export interface Subject {
  readonly name: string;
  readonly threads: number;
  /** One request; several may be in flight where a benchmark says so. */
  run(): Promise<unknown>;
}

/** How long and how often. */
export interface PairPlan {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** A sample repeats runs until it takes about this long, ms. */
  readonly sampleMs: number;
  /** Pairs are measured until this much time is gone, ms ... */
  readonly budgetMs: number;
  /** ... but at least and at most so many. */
  readonly minPairs: number;
  readonly maxPairs: number;
  /** Requests in flight at a time. Default 1. */
  readonly inFlight?: number;
  /**
   * Waits until threads of the one that ran before have gone to sleep; asked before each sample of a subject with several.
   * onnxruntime's look for work for some 40 ms after a run, on the processors that the next subject is to use.
   */
  readonly settle?: () => Promise<void>;
}

/** Medians over the pairs. */
export interface PairResult {
  /** Milliseconds of a run; with several in flight, time divided by requests. */
  readonly oursMs: number;
  readonly peerMs: number;
  /** Median of peer / ours: above 1 ours is faster. */
  readonly ratio: number;
  readonly pairs: number;
}

/** Runs before anything is timed: code is compiled, memory touched. */
const WARM_RUNS = 3;
/** Warm-up goes on until it has taken this long, ms: the estimate of a run's time rests on it. */
const WARM_MS = 20;
/**
 * Untimed runs in front of every sample, ms: the other's data leaves the caches, its threads stop spinning. Samples of
 * longer runs need none.
 */
const LEAD_MS = 1;
/** The same where threads have to wake first. */
const LEAD_OF_THREADS_MS = 10;
const SETTLE_MS = 60;

/** Plan of a full and of a quick benchmark. */
export function pairPlan(quick: boolean): PairPlan {
  const now = (): number => performance.now();
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return quick
    ? { now, settle, sampleMs: 2, budgetMs: 700, minPairs: 5, maxPairs: 51 }
    : { now, settle, sampleMs: 3, budgetMs: 2500, minPairs: 9, maxPairs: 201 };
}

/** Warms both up and measures pairs. */
export async function measurePairs(ours: Subject, peer: Subject, plan: PairPlan): Promise<PairResult> {
  const sampleOurs = await sampler(ours, plan);
  const samplePeer = await sampler(peer, plan);
  const times: { readonly ours: number; readonly peer: number }[] = [];
  const start = plan.now();
  while (
    times.length < plan.minPairs ||
    (times.length < plan.maxPairs && plan.now() - start < plan.budgetMs)
  ) {
    times.push({ ours: await sampleOurs(), peer: await samplePeer() });
  }
  return {
    oursMs: median(times.map((pair) => pair.ours)),
    peerMs: median(times.map((pair) => pair.peer)),
    ratio: median(times.map((pair) => pair.peer / pair.ours)),
    pairs: times.length,
  };
}

/** Median time of one subject alone, ms per run. */
export async function measureAlone(subject: Subject, plan: PairPlan): Promise<number> {
  const sample = await sampler(subject, plan);
  const times: number[] = [];
  const start = plan.now();
  while (
    times.length < plan.minPairs ||
    (times.length < plan.maxPairs && plan.now() - start < plan.budgetMs)
  ) {
    times.push(await sample());
  }
  return median(times);
}

/** Warms a subject up; what it gives back times one sample, ms per run. */
async function sampler(subject: Subject, plan: PairPlan): Promise<() => Promise<number>> {
  const { now, inFlight = 1 } = plan;
  const warm = now();
  let runs = 0;
  while (runs < WARM_RUNS || (now() - warm < WARM_MS && runs < 1000)) {
    await subject.run();
    runs++;
  }
  const estimate = Math.max((now() - warm) / runs, 1e-6);
  const several = subject.threads > 1;
  const lead = several ? Math.ceil(LEAD_OF_THREADS_MS / estimate) : Math.floor(LEAD_MS / estimate);
  const count = Math.max(1, Math.ceil(plan.sampleMs / estimate / inFlight)) * inFlight;
  return async () => {
    if (several) await plan.settle?.();
    await runMany(subject, { count: lead, inFlight });
    const start = now();
    await runMany(subject, { count, inFlight });
    return (now() - start) / count;
  };
}

/** `count` runs, at most `inFlight` at a time. */
async function runMany(
  subject: Subject,
  { count, inFlight }: { readonly count: number; readonly inFlight: number },
): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await subject.run();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

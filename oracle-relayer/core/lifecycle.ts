/** The life of a job as a table: what is done at each stage, and where that may lead. */
import type { Job, RelayerState, Stage } from "./state.ts";

/** What the relayer does about a job. Each is safe to do again after a crash at any point of it. */
export type Action = "observe" | "fetchProof" | "send" | "track" | "settle" | "abandon";

interface Row {
  readonly action: Action | undefined;
  readonly next: readonly Stage[];
}

/** One row per stage. */
export const LIFECYCLE: Readonly<Record<Stage, Row>> = {
  // The log is deep enough: tell the aivm chain. It knows a request by its EVM id, so telling it twice is harmless.
  SEEN: { action: "observe", next: ["OBSERVED", "DROPPED"] },
  // The chain works on it: ask for the proof until 2/3 of the attesters have signed. A proof that does not fit the
  // request can only be a fault of the chain or of its node: no retry would mend it.
  OBSERVED: { action: "fetchProof", next: ["PROVEN", "QUARANTINED", "DROPPED"] },
  // Read the contract's status, dry-run, sign, remember, send. A dry run that fails for want of signatures or of a
  // live set goes back for a fresh proof.
  PROVEN: { action: "send", next: ["SENT", "OBSERVED", "DONE", "QUARANTINED", "DROPPED"] },
  // Look for a receipt of any attempt; send again, or with a higher fee. Reverted: another relayer won, or start over.
  SENT: { action: "track", next: ["INCLUDED", "PROVEN", "DONE", "DROPPED"] },
  // Wait until its block is as deep as blocks are read; a receipt that vanished is looked for again.
  INCLUDED: { action: "settle", next: ["DONE", "SENT", "PROVEN", "DROPPED"] },
  // The contract has settled the request: by our transaction, by another relayer's, or by its deadline.
  DONE: { action: undefined, next: [] },
  // Its log left the chain (it comes back as SEEN when it is mined again), or its deadline passed unanswered.
  DROPPED: { action: undefined, next: ["SEEN"] },
  // A person has to look.
  QUARANTINED: { action: undefined, next: [] },
};

/** What one look at the world showed. */
export interface View {
  readonly nowMs: number;
}

/** After its deadline by more than this, anyone can have a request refunded, and no result will come. */
const EXPIRE_DELAY_MS = 3_600_000;

/** What to do now, job by job, in the order in which the requests were made. */
export function decide(state: RelayerState, view: View): { readonly key: string; readonly action: Action }[] {
  const due: { readonly key: string; readonly action: Action }[] = [];
  for (const [key, job] of state.jobs) {
    const action = decideJob(job, view);
    if (action !== undefined) due.push({ key, action });
  }
  return due;
}

/** What to do now about one job; undefined for nothing. */
export function decideJob(job: Job, view: View): Action | undefined {
  const { action } = LIFECYCLE[job.stage];
  if (action === undefined || job.notBeforeMs > view.nowMs) return undefined;
  if (action !== "observe" && action !== "fetchProof") return action;
  const hopelessFrom = Number(job.log.request.deadline) * 1000 + EXPIRE_DELAY_MS;
  return view.nowMs > hopelessFrom ? "abandon" : action;
}

/** Pauses after 1, 2, 3 ... failures in a row; the last for all further ones. */
export const RETRY_MS: readonly number[] = [5_000, 10_000, 30_000, 60_000, 180_000, 3_600_000];

/** A job at the stage it goes back to after a failure, with its pause. */
export function failed(
  job: Job,
  failure: {
    readonly stage: Stage;
    readonly reason: string;
    readonly nowMs: number;
    readonly retryMs?: readonly number[];
  },
): Job {
  const pauses = failure.retryMs ?? RETRY_MS;
  const pause = pauses[Math.min(job.failures, pauses.length - 1)] ?? 0;
  return {
    ...job,
    stage: failure.stage,
    failures: job.failures + 1,
    notBeforeMs: failure.nowMs + pause,
    reason: failure.reason,
  };
}

/** A job at its next stage. Failures are forgotten. */
export function moved(job: Job, stage: Stage, change: Partial<Job> = {}): Job {
  const { reason: _reason, ...rest } = job;
  return { ...rest, ...change, stage, failures: 0, notBeforeMs: 0 };
}

/** Jobs on instances of the kernels: alone, or as one of a team that reads them from shared memory. */
import type { Kernels } from "./module.ts";
import type { HashJob, Job } from "./pool.ts";

/** Words of a control block (kernels/team.ts) that this file uses. */
const JOB_WORD = 3;
const CONTROL_WORDS = 64;

/** In place of a shard: the team is to end. */
const END = -1;

/** Runs a job's steps in this thread alone. */
export function runAlone(kernels: readonly Kernels[], job: Job): void {
  const { first, end, control, arena, table, scratch } = job;
  kernelsOf(kernels, job.shard).runSteps(first, end, 0, 1, control, arena, table, scratch);
}

/** Hashes outputs in this thread, following the steps that compute them. */
export function runHash(
  kernels: readonly Kernels[],
  { shard, table, count, control, scratch }: HashJob,
): void {
  kernelsOf(kernels, shard).hashOps(table, count, control, scratch);
}

/** The caller's end of a team: `threads` - 1 helpers follow the control block at `control` of the first memory. */
export interface TeamControl {
  readonly kernels: readonly Kernels[];
  readonly memories: readonly WebAssembly.Memory[];
  readonly threads: number;
  readonly control: number;
}

/** Runs a job as thread 0 of the team; returns when all of it is done. */
export function createTeamRun(team: TeamControl): (job: Job) => void {
  const { kernels, threads, control } = team;
  const words = wordsAt(team.memories, control);
  const [lead] = kernels;
  let last: Job | undefined;
  return (job) => {
    if (last !== job) writeJob(words, job);
    last = job;
    lead?.startJob(control);
    const { first, end, arena, table, scratch } = job;
    kernelsOf(kernels, job.shard).runSteps(first, end, 0, threads, job.control, arena, table, scratch);
  };
}

/** Tells the team's helpers to end. No job may follow. */
export function endTeam(team: TeamControl): void {
  wordsAt(team.memories, team.control)[JOB_WORD] = END;
  team.kernels[0]?.startJob(team.control);
}

/** Helps with every job of a team, as thread `thread`, until it ends. */
export function helpTeam(team: TeamControl, thread: number): void {
  const { kernels, threads, control } = team;
  const words = wordsAt(team.memories, control);
  for (let seen = 0; ; ) {
    seen = kernels[0]?.waitJob(control, seen) ?? 0;
    const [shard = END, first = 0, end = 0, own = 0, arena = 0, table = 0, scratch = 0, stride = 0] =
      words.subarray(JOB_WORD);
    if (shard === END) return;
    kernelsOf(kernels, shard).runSteps(
      first,
      end,
      thread,
      threads,
      own,
      arena,
      table,
      scratch + thread * stride,
    );
  }
}

/** Sets how many steps of a job are finished. */
export function resetProgress(memory: WebAssembly.Memory, control: number): void {
  const PROGRESS_WORD = 48;
  Atomics.store(new Int32Array(memory.buffer, control, CONTROL_WORDS), PROGRESS_WORD, 0);
}

function writeJob(words: Int32Array, job: Job): void {
  const { shard, first, end, control, arena, table, scratch, scratchStride } = job;
  words.set([shard, first, end, control, arena, table, scratch, scratchStride], JOB_WORD);
}

function wordsAt(memories: readonly WebAssembly.Memory[], control: number): Int32Array {
  const [memory] = memories;
  return new Int32Array(memory?.buffer ?? new ArrayBuffer(0), control, CONTROL_WORDS);
}

function kernelsOf(kernels: readonly Kernels[], shard: number): Kernels {
  const found = kernels[shard];
  if (found === undefined) throw new RangeError(`no shard ${shard}`);
  return found;
}

/**
 * How the threads of a run meet (AssemblyScript). The control block is 256 bytes of shared memory, one subject to a
 * cache line; offsets in bytes:
 *
 *     0 start      counts jobs; raised by the host when a job is written
 *     4 idle       helpers asleep for want of a job
 *    12 job        words of the job, for the host (runs.ts) and its helpers
 *    64 arrived    threads that have reached the barrier
 *   128 passed     counts barriers
 *   132 asleep     threads asleep at the barrier
 *   192 progress   steps of the job that are finished
 *   196 followers  threads asleep until the next one is
 */
const IDLE: usize = 4;
const ARRIVED: usize = 64;
const PASSED: usize = 128;
const ASLEEP: usize = 132;
const PROGRESS: usize = 192;
const FOLLOWERS: usize = 196;

/** Looks at a word before a thread goes to sleep over it: some 20 microseconds, less than falling asleep and waking cost. */
const SPINS: i32 = 20_000;

/** Longest sleeps in nanoseconds, inside a run and between runs: whoever sleeps looks again by itself, woken or not. */
const RUN_NAP: i64 = 1_000_000;
const IDLE_NAP: i64 = 100_000_000;

/** Returns when the word at `address` is no longer `value`: spins, then sleeps, counted in `sleepers`, if `nap` is not 0. */
function waitWhile(address: usize, value: i32, sleepers: usize, nap: i64): void {
  for (;;) {
    for (let i = 0; i < SPINS; i++) {
      if (atomic.load<i32>(address) != value) return;
    }
    if (nap == 0) continue;
    // Counted before the look that falling asleep begins with: whoever changes the word after it sees the count.
    atomic.add<i32>(sleepers, 1);
    atomic.wait<i32>(address, value, nap);
    atomic.sub<i32>(sleepers, 1);
  }
}

/** Wakes whoever sleeps over the word at `address`. */
function wake(address: usize, sleepers: usize): void {
  if (atomic.load<i32>(sleepers) != 0) atomic.notify(address, -1);
}

/** Returns when all threads have called it: what any of them wrote before, all may read after. */
export function barrier(thread: i32, threads: i32, control: usize): void {
  const passed = atomic.load<i32>(control + PASSED);
  if (atomic.add<i32>(control + ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(control + ARRIVED, 0);
    atomic.add<i32>(control + PASSED, 1);
    wake(control + PASSED, control + ASLEEP);
    return;
  }
  // The calling thread never sleeps: the main thread of a page must not.
  waitWhile(control + PASSED, passed, control + ASLEEP, thread == 0 ? 0 : RUN_NAP);
}

/** Tells followers that `done` steps are finished. */
export function report(control: usize, done: i32): void {
  atomic.store<i32>(control + PROGRESS, done);
  wake(control + PROGRESS, control + FOLLOWERS);
}

/** Returns when at least `done` steps are finished. */
export function follow(control: usize, done: i32): void {
  for (;;) {
    const now = atomic.load<i32>(control + PROGRESS);
    if (now >= done) return;
    waitWhile(control + PROGRESS, now, control + FOLLOWERS, RUN_NAP);
  }
}

/** Starts the job that the host has written, from the calling thread. */
export function startJob(control: usize): void {
  atomic.add<i32>(control, 1);
  wake(control, control + IDLE);
}

/** Waits, as a helper, for a job after the one numbered `seen`; its number. */
export function waitJob(control: usize, seen: i32): i32 {
  waitWhile(control, seen, control + IDLE, IDLE_NAP);
  return atomic.load<i32>(control);
}

/**
 * How the threads of a run meet (AssemblyScript). The control block is 256 bytes of shared memory, one subject to a
 * cache line; offsets in bytes:
 *
 *     0 start      counts jobs; raised by the host when a job is written
 *     4 idle       helpers asleep for want of a job
 *     8 mayWait    1 when the calling thread may sleep too (the main thread of a browser must not)
 *    12 job        words of the job, for the host (runs.ts) and its helpers
 *    64 arrived    threads that have reached the barrier
 *   128 passed     counts barriers
 *   132 asleep     threads asleep at the barrier
 *   192 progress   steps of the job that are finished
 *   196 followers  threads asleep until the next one is
 */
const IDLE: usize = 4;
const MAY_WAIT: usize = 8;
const ARRIVED: usize = 64;
const PASSED: usize = 128;
const ASLEEP: usize = 132;
const PROGRESS: usize = 192;
const FOLLOWERS: usize = 196;

/** Looks at a word before a thread goes to sleep over it: some 20 microseconds, less than falling asleep and waking cost. */
const SPINS: i32 = 20_000;

/** Sleeps or spins while the word at `address` is `value`; `sleepers` counts those asleep. */
function waitWhile(address: usize, value: i32, sleepers: usize, mayWait: bool): void {
  for (;;) {
    for (let i = 0; i < SPINS; i++) {
      if (atomic.load<i32>(address) != value) return;
    }
    if (!mayWait) continue;
    // Counted before the look that falling asleep begins with: whoever changes the word after it sees the count.
    atomic.add<i32>(sleepers, 1);
    atomic.wait<i32>(address, value, -1);
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
  const mayWait = thread != 0 || load<i32>(control + MAY_WAIT) != 0;
  waitWhile(control + PASSED, passed, control + ASLEEP, mayWait);
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
    waitWhile(control + PROGRESS, now, control + FOLLOWERS, true);
  }
}

/** Starts the job that the host has written, from the calling thread. */
export function startJob(control: usize): void {
  atomic.add<i32>(control, 1);
  wake(control, control + IDLE);
}

/** Waits, as a helper, for a job after the one numbered `seen`; its number. */
export function waitJob(control: usize, seen: i32): i32 {
  waitWhile(control, seen, control + IDLE, true);
  return atomic.load<i32>(control);
}

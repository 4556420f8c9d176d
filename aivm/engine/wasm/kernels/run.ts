/** The interpreter of step programs (AssemblyScript). */
import { setPlaces, word } from "./step";
import { barrier, report } from "./team";
import { runStep } from "./dispatch";

/**
 * Runs the steps in [first, end), as thread `thread` of `threads` that all make this call with the same steps, each in
 * an instance of its own. `arena` is the run's, `constants` the table of their addresses, `scratch` this thread's. A
 * lone thread touches no atomics; without `control` (0) it reports no progress.
 */
export function runSteps(
  first: usize,
  end: usize,
  thread: i32,
  threads: i32,
  control: usize,
  arena: usize,
  constants: usize,
  scratch: usize,
): void {
  setPlaces(arena, constants, scratch);
  if (threads == 1) {
    if (control == 0) runAlone(first, end);
    else runReporting(first, end, control);
  } else runShare(first, end, thread, threads, control);
}

function runAlone(first: usize, end: usize): void {
  for (let step = first; step < end; step += <usize>word(step, 1) << 2) runStep(step, 0, 1);
}

function runReporting(first: usize, end: usize, control: usize): void {
  let done = 0;
  for (let step = first; step < end; step += <usize>word(step, 1) << 2) {
    runStep(step, 0, 1);
    report(control, ++done);
  }
}

/** All threads meet before and after each shared step; what lies between is thread 0's. They meet at the end as well. */
function runShare(first: usize, end: usize, thread: i32, threads: i32, control: usize): void {
  let done = 0;
  let shared = false;
  for (let step = first; step < end; step += <usize>word(step, 1) << 2) {
    const share = word(step, 2) != 0;
    if (shared || (share && done > 0)) {
      barrier(thread, threads, control);
      if (shared && thread == 0) report(control, done);
    }
    if (share) runStep(step, thread, threads);
    else if (thread == 0) {
      runStep(step, 0, 1);
      report(control, done + 1);
    }
    shared = share;
    done++;
  }
  barrier(thread, threads, control);
  if (thread == 0) report(control, done);
}

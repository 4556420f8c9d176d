/** Which kernel executes a step (AssemblyScript). */
import { loadElement, refAddress, refDtype, storeElement, word } from "./step";

/** Executes one step, or this thread's share of it. */
export function runStep(step: usize, thread: i32, threads: i32): void {
  switch (word(step, 0)) {
    default:
      unreachable();
  }
}

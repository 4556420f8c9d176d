/** fill (AssemblyScript): one value in every element of a nest; words in plan/format.ts. */
import { fillElements } from "./bytes";
import { at0, count, nextRow, readNest, startWalk, step0 } from "./nest";
import { refAddress, refDtype, storeElement, word } from "./step";

const Y: i32 = 4;
const SIZES: i32 = 7;
const VALUE: i32 = 19;

/** One step of `fill`, or this thread's share of it. */
export function fill(step: usize, thread: i32, threads: i32): void {
  const dtype = refDtype(step, Y);
  const value = word(step, VALUE);
  readNest(step, SIZES, 1, dtype);
  startWalk(thread, threads, refAddress(step, Y), 0, 0, 0);
  while (nextRow()) {
    if (step0 == 1 << dtype) fillElements(at0, dtype, value, count);
    else for (let i = 0; i < count; i++) storeElement(at0 + i * step0, dtype, 0, value);
  }
}

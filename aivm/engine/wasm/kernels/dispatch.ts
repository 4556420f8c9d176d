/** Which kernel executes a step (AssemblyScript); numbers as in plan/format.ts. */
import { conv } from "./conv";
import { convAny } from "./convAny";
import { fill } from "./fill";
import { gather } from "./gather";
import { map } from "./map/map";
import { matmul } from "./matmul";
import { pool } from "./pool/pool";
import { random } from "./random";
import { rank } from "./rank";
import { reduce } from "./reduce/reduce";
import { scatter } from "./scatter";
import { word } from "./step";

/** Executes one step, or this thread's share of it. */
export function runStep(step: usize, thread: i32, threads: i32): void {
  switch (word(step, 0)) {
    case 1:
      conv(step, thread, threads);
      return;
    case 2:
      convAny(step, thread, threads);
      return;
    case 3:
      matmul(step, thread, threads);
      return;
    case 4:
      map(step, thread, threads);
      return;
    case 5:
      fill(step, thread, threads);
      return;
    case 6:
      reduce(step, thread, threads);
      return;
    case 7:
      pool(step, thread, threads);
      return;
    case 8:
      gather(step, thread, threads);
      return;
    case 9:
      scatter(step, thread, threads);
      return;
    case 10:
      rank(step, thread, threads);
      return;
    case 11:
      random(step, thread, threads);
      return;
    default:
      unreachable();
  }
}

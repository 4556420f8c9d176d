/** gather (AssemblyScript): slices of x chosen by indices, which are clamped; words in plan/format.ts. */
import { moveBytes } from "./bytes";
import { loadElement, refAddress, refDtype, word } from "./step";

const Y: i32 = 4;
const X: i32 = 7;
const INDICES: i32 = 10;
const OUTER: i32 = 13;

/** One step of `gather`, or this thread's share of its slices. */
export function gather(step: usize, thread: i32, threads: i32): void {
  const dtype = refDtype(step, X);
  const axisSize = word(step, OUTER + 1);
  const inner = word(step, OUTER + 2);
  const count = <i64>word(step, OUTER + 3);
  const slices = <i64>word(step, OUTER) * count;
  const from = (slices * <i64>thread) / <i64>threads;
  const end = (slices * <i64>(thread + 1)) / <i64>threads;
  if (inner == 1 && dtype == 0) gatherSingle<i8>(step, from, end, axisSize, count);
  else if (inner == 1 && dtype == 1) gatherSingle<i16>(step, from, end, axisSize, count);
  else if (inner == 1) gatherSingle<i32>(step, from, end, axisSize, count);
  else gatherSlices(step, from, end, axisSize, count, inner << dtype);
}

/** Slices [from, end) of `bytes` bytes. */
function gatherSlices(step: usize, from: i64, end: i64, axisSize: i32, count: i64, bytes: i32): void {
  const indices = refAddress(step, INDICES);
  const indexType = refDtype(step, INDICES);
  let which = <i32>(from % count);
  let x = refAddress(step, X) + <usize>(from / count) * <usize>axisSize * <usize>bytes;
  let y = refAddress(step, Y) + <usize>from * <usize>bytes;
  for (let i = from; i < end; i++) {
    const index = min(max(loadElement(indices, indexType, which), 0), axisSize - 1);
    moveBytes(y, x + <usize>index * <usize>bytes, bytes);
    y += bytes;
    if (++which < <i32>count) continue;
    which = 0;
    x += <usize>axisSize * <usize>bytes;
  }
}

/** The same for slices of one element. */
function gatherSingle<T>(step: usize, from: i64, end: i64, axisSize: i32, count: i64): void {
  const indices = refAddress(step, INDICES);
  const indexType = refDtype(step, INDICES);
  let which = <i32>(from % count);
  let x = refAddress(step, X) + <usize>(from / count) * <usize>axisSize * sizeof<T>();
  let y = refAddress(step, Y) + <usize>from * sizeof<T>();
  for (let i = from; i < end; i++) {
    const index = min(max(loadElement(indices, indexType, which), 0), axisSize - 1);
    store<T>(y, load<T>(x + index * sizeof<T>()));
    y += sizeof<T>();
    if (++which < <i32>count) continue;
    which = 0;
    x += <usize>axisSize * sizeof<T>();
  }
}

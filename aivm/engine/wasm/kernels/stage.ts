/**
 * Rows whose elements do not lie one behind the other, or whose kernel is not compiled for each dtype, go through
 * i32 buffers in the thread's scratch, CHUNK elements at a time (AssemblyScript).
 */
import { high4, low4, store8 } from "./lanes";
import { NEST_BYTES } from "./nest";
import { scratch } from "./step";

/** Elements of a buffer: four of them and an odometer stay in the first-level cache. */
export const CHUNK: i32 = 512;

/** Bytes of a buffer. */
const BUFFER_BYTES: usize = 2048;

/** Bytes of scratch that map, fill, reduce and pool need, the odometer's included. */
export const STAGE_BYTES: usize = NEST_BYTES + 4 * BUFFER_BYTES;

/** Address of buffer `index`, 0 to 3. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function bufferAt(index: i32): usize {
  return scratch + NEST_BYTES + <usize>index * BUFFER_BYTES;
}

/** Copies `n` elements, `step` bytes apart, to i32 at `to`. */
export function stage(to: usize, from: usize, dtype: i32, step: i32, n: i32): void {
  if (step == 0) splatInto(to, loadOne(from, dtype), n);
  else if (dtype == 0) stageAs<i8>(to, from, step, n);
  else if (dtype == 1) stageAs<i16>(to, from, step, n);
  else stageAs<i32>(to, from, step, n);
}

/** Element at an address. */
export function loadOne(at: usize, dtype: i32): i32 {
  if (dtype == 0) return load<i8>(at);
  return dtype == 1 ? load<i16>(at) : load<i32>(at);
}

function splatInto(to: usize, value: i32, n: i32): void {
  const lanes = i32x4.splat(value);
  const end = to + (<usize>n << 2);
  for (; to + 16 <= end; to += 16) v128.store(to, lanes);
  for (; to < end; to += 4) store<i32>(to, value);
}

function stageAs<T>(to: usize, from: usize, step: i32, n: i32): void {
  let i = 0;
  if (step == sizeof<T>()) {
    for (; i + 8 <= n; i += 8) {
      store8<i32>(to, low4<T>(from), high4<T>(from));
      to += 32;
      from += 8 * sizeof<T>();
    }
  }
  for (; i < n; i++) {
    store<i32>(to, load<T>(from));
    to += 4;
    from += step;
  }
}

/** Stores `n` i32 from `from` as elements of `dtype`, `step` bytes apart; they fit. */
export function unstage(to: usize, dtype: i32, step: i32, from: usize, n: i32): void {
  if (dtype == 0) unstageAs<i8>(to, step, from, n);
  else if (dtype == 1) unstageAs<i16>(to, step, from, n);
  else unstageAs<i32>(to, step, from, n);
}

function unstageAs<T>(to: usize, step: i32, from: usize, n: i32): void {
  let i = 0;
  if (step == sizeof<T>()) {
    for (; i + 8 <= n; i += 8) {
      store8<T>(to, v128.load(from), v128.load(from, 16));
      to += 8 * sizeof<T>();
      from += 32;
    }
  }
  for (; i < n; i++) {
    store<T>(to, <T>load<i32>(from));
    to += step;
    from += 4;
  }
}

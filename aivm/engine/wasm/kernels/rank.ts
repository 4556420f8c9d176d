/** rank (AssemblyScript): the order of elements along an axis; words in plan/format.ts. */
import { loadElement, refAddress, refDtype, scratch, word } from "./step";

const Y: i32 = 4;
const X: i32 = 7;
const OUTER: i32 = 10;

/** Up to this many places, keeping the best ones in order costs less than sorting the whole axis. */
const FEW: i32 = 16;

/** Bytes of scratch that a step needs: two lists of keys. */
export function rankScratchBytes(step: usize): usize {
  return <usize>word(step, OUTER + 1) << 4;
}

/** One step of `rank`, or this thread's share of its lanes. */
export function rank(step: usize, thread: i32, threads: i32): void {
  const dtype = refDtype(step, X);
  const size = word(step, OUTER + 1);
  const inner = <i64>word(step, OUTER + 2);
  const count = word(step, OUTER + 3);
  const largest = word(step, OUTER + 4) == 1;
  const lanes = <i64>word(step, OUTER) * inner;
  const end = (lanes * <i64>(thread + 1)) / <i64>threads;
  for (let lane = (lanes * <i64>thread) / <i64>threads; lane < end; lane++) {
    const outer = lane / inner;
    const x = refAddress(step, X) + (<usize>(outer * <i64>size * inner + (lane % inner)) << dtype);
    const y = refAddress(step, Y) + (<usize>(outer * <i64>count * inner + (lane % inner)) << 2);
    for (let i = 0; i < size; i++) {
      const value = <i64>loadElement(x, dtype, i * <i32>inner);
      setKey(scratch, i, ((largest ? ~value : value) << 32) | <i64>i);
    }
    const keys = count <= FEW ? fewest(size, count) : sorted(size);
    for (let place = 0; place < count; place++) store<i32>(y + ((<usize>place * <usize>inner) << 2), <i32>key(keys, place));
  }
}

/** Value and index are one number without ties: value x 2^32 + index, or -1 - value in place of value. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function key(keys: usize, at: i32): i64 {
  return load<i64>(keys + (<usize>at << 3));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function setKey(keys: usize, at: i32, value: i64): void {
  store<i64>(keys + (<usize>at << 3), value);
}

/** The `count` smallest of the keys in order, by insertion; where they are. */
function fewest(size: i32, count: i32): usize {
  const best = scratch + (<usize>size << 3);
  let found = 0;
  for (let i = 0; i < size; i++) {
    const next = key(scratch, i);
    if (found == count && next > key(best, count - 1)) continue;
    let at = found < count ? found++ : count - 1;
    for (; at > 0 && key(best, at - 1) > next; at--) setKey(best, at, key(best, at - 1));
    setKey(best, at, next);
  }
  return best;
}

/** All keys in order, by merging runs of growing length; where they are. */
function sorted(size: i32): usize {
  let from = scratch;
  let to = scratch + (<usize>size << 3);
  for (let run = 1; run < size; run <<= 1) {
    for (let first = 0; first < size; first += 2 * run) {
      merge(from, to, first, min(first + run, size), min(first + 2 * run, size));
    }
    const merged = to;
    to = from;
    from = merged;
  }
  return from;
}

/** Merges runs [first, middle) and [middle, end). */
function merge(from: usize, to: usize, first: i32, middle: i32, end: i32): void {
  let left = first;
  let right = middle;
  for (let at = first; at < end; at++) {
    const takeLeft = right >= end || (left < middle && key(from, left) < key(from, right));
    setKey(to, at, key(from, takeLeft ? left++ : right++));
  }
}

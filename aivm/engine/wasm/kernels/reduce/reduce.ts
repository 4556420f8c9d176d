/** reduce (AssemblyScript): sum, largest or index of the largest along an axis; words in plan/format.ts. */
import { factorOf, finish, setFinish } from "../finish";
import { affine } from "../map/affine";
import { at0, at1, count, nextRow, readNest, startWalk, step0, step1 } from "../nest";
import { bufferAt, CHUNK, unstage } from "../stage";
import { refAddress, refDtype, storeElement, word } from "../step";
import { firstLargest, largestLanes, largestOf } from "./largest";
import { MOST_STEPS, sumLanes, sumOf } from "./sums";

const KIND: i32 = 4;
const Y: i32 = 5;
const X: i32 = 8;
const SIZES: i32 = 11;
const SIZE: i32 = 29;
const STRIDE: i32 = 30;
const ZERO_X: i32 = 31;
const REQUANT: i32 = 32;

const SUM: i32 = 0;
const MAX: i32 = 1;

let yType: i32 = 0;
/** Elements along the reduced axis, the bytes between them, and how a sum is scaled. */
let size: i32 = 0;
let stride: i32 = 0;
let factor: f64 = 0;
/** size x zeroX. */
let offset: i64 = 0;

/** One step of `reduce`, or this thread's share of it. */
export function reduce(step: usize, thread: i32, threads: i32): void {
  const xType = refDtype(step, X);
  yType = refDtype(step, Y);
  size = word(step, SIZE);
  stride = word(step, STRIDE) << xType;
  offset = <i64>size * <i64>word(step, ZERO_X);
  factor = factorOf(word(step, REQUANT), word(step, REQUANT + 1));
  setFinish(word(step, REQUANT + 2), word(step, REQUANT + 3), word(step, REQUANT + 4));
  readNest(step, SIZES, 2, yType | (xType << 2));
  startWalk(thread, threads, refAddress(step, Y), refAddress(step, X), 0, 0);
  const kind = word(step, KIND);
  while (nextRow()) {
    if (xType == 0) reduceRow<i8>(kind);
    else if (xType == 1) reduceRow<i16>(kind);
    else reduceRow<i32>(kind);
  }
}

function reduceRow<T>(kind: i32): void {
  const neighbours = step1 == sizeof<T>() && step0 == 1 << yType;
  if (kind == SUM) {
    if (sizeof<T>() == 4 || size > MOST_STEPS) sumsSingly<T>();
    else sumsInChunks<T>(neighbours);
  } else if (kind == MAX) {
    if (neighbours) largestLanes<T>(at0, at1, count, size, stride);
    else for (let i = 0; i < count; i++) storeAt(i, largestOf<T>(at1 + i * step1, size, stride));
  } else {
    for (let i = 0; i < count; i++) storeAt(i, firstLargest<T>(at1 + i * step1, size, stride));
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function storeAt(i: i32, value: i32): void {
  storeElement(at0 + i * step0, yType, 0, value);
}

/** Sums that may leave i32, one by one. */
function sumsSingly<T>(): void {
  for (let i = 0; i < count; i++) {
    const sum = sumOf<T>(at1 + i * step1, size, stride) - offset;
    storeAt(i, finish(<f64>sum * factor));
  }
}

/** Sums that fit i32: into a buffer, then scaled together. */
function sumsInChunks<T>(neighbours: bool): void {
  const sums = bufferAt(0);
  const direct = step0 == 1 << yType;
  const constant = -<f64>offset * factor;
  for (let done = 0, n = 0; done < count; done += n) {
    n = min(CHUNK, count - done);
    const x = at1 + done * step1;
    const y = at0 + done * step0;
    if (neighbours) sumLanes<T>(sums, x, n, size, stride);
    else for (let i = 0; i < n; i++) store<i32>(sums + (i << 2), <i32>sumOf<T>(x + i * step1, size, stride));
    if (direct) affine(y, yType, sums, 2, n, factor, constant);
    else {
      affine(bufferAt(1), 2, sums, 2, n, factor, constant);
      unstage(y, yType, step0, bufferAt(1), n);
    }
  }
}

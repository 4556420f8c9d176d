/**
 * Walks a NEST of plan/format.ts row by row (AssemblyScript): up to four operands in step, neighbouring axes that lie
 * alike in all of them taken as one. One walk at a time: its state is in globals, of which each thread has its own,
 * and in the first bytes of the thread's scratch.
 */
import { scratch, word } from "./step";

/** Bytes of scratch that a walk takes; what a kernel keeps there itself lies behind them. */
export const NEST_BYTES: usize = 256;

const AXES: i32 = 6;
const SIZES: usize = 0;
const STRIDES: usize = 24;
const COORDINATES: usize = 120;
/** Bytes of the strides of one operand. */
const OPERAND: usize = 24;

/** Elements that shares are cut at multiples of. */
const GRAIN: i64 = 64;

/** Axes left after merging, at least 1; the last one is walked in rows. */
export let axes: i32 = 0;
let operands: i32 = 0;

/** The row at hand: the address of its first element in each operand, and how many elements it has. */
export let at0: usize = 0;
export let at1: usize = 0;
export let at2: usize = 0;
export let at3: usize = 0;
export let count: i32 = 0;
/** Where it begins along the innermost axis. */
export let start: i32 = 0;

/** Bytes from one element of a row to the next. */
export let step0: i32 = 0;
export let step1: i32 = 0;
export let step2: i32 = 0;
export let step3: i32 = 0;

/** Where the row begins, were it whole; the elements still to walk; what of the first row is another thread's. */
let base0: usize = 0;
let base1: usize = 0;
let base2: usize = 0;
let base3: usize = 0;
let left: i64 = 0;
let skip: i32 = 0;

/** The innermost axis, and the one around it: rows before it turns, and bytes between them. */
let rowSize: i32 = 0;
let rowsLeft: i32 = 0;
let jump0: i32 = 0;
let jump1: i32 = 0;
let jump2: i32 = 0;
let jump3: i32 = 0;

/** Size of merged axis `axis`. */
export function sizeOf(axis: i32): i32 {
  return load<i32>(scratch + (<usize>axis << 2), SIZES);
}

/** Bytes between neighbours of operand `operand` along merged axis `axis`. */
export function strideOf(operand: i32, axis: i32): i32 {
  return load<i32>(strideAt(operand, axis));
}

function strideAt(operand: i32, axis: i32): usize {
  return scratch + STRIDES + <usize>operand * OPERAND + (<usize>axis << 2);
}

function setSize(axis: i32, size: i32): void {
  store<i32>(scratch + (<usize>axis << 2), size, SIZES);
}

/**
 * Reads the sizes at word `sizes` and the strides of `number` operands, which follow, and merges axes. `dtypes` holds
 * the dtype of operand i in bits 2i and 2i + 1.
 */
export function readNest(step: usize, sizes: i32, number: i32, dtypes: i32): void {
  operands = number;
  axes = 0;
  for (let axis = 0; axis < AXES; axis++) {
    const size = word(step, sizes + axis);
    if (size == 1) continue;
    setSize(axes, size);
    for (let operand = 0; operand < number; operand++) {
      const stride = word(step, sizes + AXES * (operand + 1) + axis);
      store<i32>(strideAt(operand, axes), stride << ((dtypes >> (2 * operand)) & 3));
    }
    if (axes > 0 && continues(axes)) mergeInto(axes - 1);
    else axes++;
  }
  if (axes == 0) appendSingle();
}

/** Whether the axis before `axis` goes on where `axis` ends, in every operand. */
function continues(axis: i32): bool {
  for (let operand = 0; operand < operands; operand++) {
    if (strideOf(operand, axis - 1) != strideOf(operand, axis) * sizeOf(axis)) return false;
  }
  return true;
}

/** Takes axis `to` and the one behind it as one. */
function mergeInto(to: i32): void {
  setSize(to, sizeOf(to) * sizeOf(to + 1));
  for (let operand = 0; operand < operands; operand++) store<i32>(strideAt(operand, to), strideOf(operand, to + 1));
}

/**
 * Takes the last two axes as one if operand `repeated` begins anew along the outer one and the others go on; the strides
 * of `repeated` are 0 from then on.
 */
export function joinRepeats(repeated: i32): bool {
  const last = axes - 1;
  if (last < 1 || strideOf(repeated, last - 1) != 0) return false;
  for (let operand = 0; operand < operands; operand++) {
    if (operand == repeated) continue;
    if (strideOf(operand, last - 1) != strideOf(operand, last) * sizeOf(last)) return false;
  }
  mergeInto(last - 1);
  store<i32>(strideAt(repeated, last - 1), 0);
  axes = last;
  return true;
}

function appendSingle(): void {
  setSize(axes, 1);
  for (let operand = 0; operand < operands; operand++) store<i32>(strideAt(operand, axes), 0);
  axes++;
}

/** Exchanges two axes. */
export function swapAxes(one: i32, other: i32): void {
  const size = sizeOf(one);
  setSize(one, sizeOf(other));
  setSize(other, size);
  for (let operand = 0; operand < operands; operand++) {
    const stride = strideOf(operand, one);
    store<i32>(strideAt(operand, one), strideOf(operand, other));
    store<i32>(strideAt(operand, other), stride);
  }
}

/** Starts the walk over `thread`'s share of the elements, operands beginning at the addresses given (0 for none). */
export function startWalk(thread: i32, threads: i32, y: usize, a: usize, b: usize, c: usize): void {
  let total: i64 = 1;
  for (let axis = 0; axis < axes; axis++) total *= <i64>sizeOf(axis);
  const from = shareStart(total, thread, threads);
  left = shareStart(total, thread + 1, threads) - from;
  base0 = y;
  base1 = a;
  base2 = b;
  base3 = c;
  step0 = strideOf(0, axes - 1);
  step1 = operands > 1 ? strideOf(1, axes - 1) : 0;
  step2 = operands > 2 ? strideOf(2, axes - 1) : 0;
  step3 = operands > 3 ? strideOf(3, axes - 1) : 0;
  rowSize = sizeOf(axes - 1);
  skip = <i32>(from % <i64>rowSize);
  placeRow(from / <i64>rowSize);
  readJumps();
}

/** What moving along the axis around the rows takes. */
function readJumps(): void {
  const axis = axes - 2;
  rowsLeft = 0;
  if (axis < 0) return;
  rowsLeft = sizeOf(axis) - load<i32>(scratch + (<usize>axis << 2), COORDINATES) - 1;
  jump0 = strideOf(0, axis);
  jump1 = operands > 1 ? strideOf(1, axis) : 0;
  jump2 = operands > 2 ? strideOf(2, axis) : 0;
  jump3 = operands > 3 ? strideOf(3, axis) : 0;
}

/** First of the elements that are `thread`'s; a multiple of GRAIN, or the total. */
function shareStart(total: i64, thread: i32, threads: i32): i64 {
  if (thread == threads) return total;
  const from = (total * <i64>thread) / <i64>threads;
  return from - (from % GRAIN);
}

/** Puts the coordinates and the bases on row `row`. */
function placeRow(row: i64): void {
  for (let axis = axes - 2; axis >= 0; axis--) {
    const size = <i64>sizeOf(axis);
    const coordinate = <i32>(row % size);
    row /= size;
    store<i32>(scratch + (<usize>axis << 2), coordinate, COORDINATES);
    move(axis, coordinate);
  }
}

/** Moves the bases `steps` along an axis. */
function move(axis: i32, steps: i32): void {
  base0 += steps * strideOf(0, axis);
  if (operands > 1) base1 += steps * strideOf(1, axis);
  if (operands > 2) base2 += steps * strideOf(2, axis);
  if (operands > 3) base3 += steps * strideOf(3, axis);
}

/** Goes to the next row: false when there is none. */
export function nextRow(): bool {
  if (left <= 0) return false;
  at0 = base0 + skip * step0;
  at1 = base1 + skip * step1;
  at2 = base2 + skip * step2;
  at3 = base3 + skip * step3;
  count = <i32>min(<i64>(rowSize - skip), left);
  left -= <i64>count;
  start = skip;
  skip = 0;
  if (rowsLeft > 0) {
    rowsLeft--;
    base0 += jump0;
    base1 += jump1;
    base2 += jump2;
    base3 += jump3;
  } else if (left > 0) turn();
  return true;
}

/** Begins the axis around the rows anew, one further along the axes around it: the odometer. */
function turn(): void {
  const last = axes - 2;
  rowsLeft = sizeOf(last) - 1;
  move(last, -rowsLeft);
  for (let axis = last - 1; axis >= 0; axis--) {
    const at = scratch + (<usize>axis << 2);
    const next = load<i32>(at, COORDINATES) + 1;
    if (next < sizeOf(axis)) {
      store<i32>(at, next, COORDINATES);
      move(axis, 1);
      return;
    }
    store<i32>(at, 0, COORDINATES);
    move(axis, 1 - next);
  }
}

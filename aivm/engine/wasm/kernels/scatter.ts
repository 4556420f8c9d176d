/** scatter (AssemblyScript): x with updates written into it along an axis, lane by lane; words in plan/format.ts. */
import { factorOf, finish, setFinish } from "./finish";
import { moveBytes } from "./bytes";
import { loadElement, refAddress, refDtype, scratch, storeElement, word } from "./step";

const Y: i32 = 4;
const X: i32 = 7;
const POSITIONS: i32 = 10;
const UPDATES: i32 = 13;
const SIZES: i32 = 16;
const Y_STRIDES: i32 = 22;
const POSITION_STRIDES: i32 = 28;
const UPDATE_STRIDES: i32 = 34;
const AXIS_SIZE: i32 = 40;
const REDUCTION: i32 = 43;
const AXES: i32 = 6;

const ADD: i32 = 1;
const MUL: i32 = 2;
const MAX: i32 = 3;
const MIN: i32 = 4;

let axisSize: i32 = 0;
let axisStride: i32 = 0;
let reduction: i32 = 0;
let lo: i32 = 0;
let hi: i32 = 0;
let factor: f64 = 0;

/** Bytes of scratch that a step needs: the sums of one lane. */
export function scatterScratchBytes(step: usize): usize {
  return word(step, REDUCTION) == ADD ? <usize>word(step, AXIS_SIZE) << 3 : 0;
}

/**
 * One step of `scatter`, or this thread's share of its lanes. Lanes have no element of y in common, so each is finished
 * before the next: its elements of x, then its updates in their order.
 */
export function scatter(step: usize, thread: i32, threads: i32): void {
  readStep(step);
  const axis = scatteredAxis(step);
  let lanes: i64 = 1;
  for (let i = 0; i < AXES; i++) if (i != axis) lanes *= <i64>word(step, SIZES + i);
  const from = (lanes * <i64>thread) / <i64>threads;
  const end = (lanes * <i64>(thread + 1)) / <i64>threads;
  const plain = reduction != ADD && reduction != MUL;
  const whole = plain && threads == 1;
  if (whole) moveBytes(refAddress(step, Y), refAddress(step, X), word(step, AXIS_SIZE + 2) << refDtype(step, Y));
  for (let lane = from; lane < end; lane++) scatterLane(step, lane, axis, whole);
}

function readStep(step: usize): void {
  axisSize = word(step, AXIS_SIZE);
  axisStride = word(step, AXIS_SIZE + 1);
  reduction = word(step, REDUCTION);
  factor = factorOf(word(step, REDUCTION + 1), word(step, REDUCTION + 2));
  lo = word(step, REDUCTION + 3);
  hi = word(step, REDUCTION + 4);
  setFinish(0, lo, hi);
}

/** The axis of the updates: the one along which y does not move; -1 when there is one update, which needs no axis. */
function scatteredAxis(step: usize): i32 {
  for (let i = 0; i < AXES; i++) {
    if (word(step, SIZES + i) != 1 && word(step, Y_STRIDES + i) == 0) return i;
  }
  return -1;
}

/** One lane; `copied`: y has x's elements already. */
function scatterLane(step: usize, lane: i64, axis: i32, copied: bool): void {
  let at = 0;
  let position = 0;
  let update = 0;
  for (let i = AXES - 1; i >= 0; i--) {
    if (i == axis) continue;
    const size = <i64>word(step, SIZES + i);
    const coordinate = <i32>(lane % size);
    lane /= size;
    at += coordinate * word(step, Y_STRIDES + i);
    position += coordinate * word(step, POSITION_STRIDES + i);
    update += coordinate * word(step, UPDATE_STRIDES + i);
  }
  if (reduction == ADD) loadSums(step, at);
  else if (!copied) copyLane(step, at);
  const positionStride = axis < 0 ? 0 : word(step, POSITION_STRIDES + axis);
  const updateStride = axis < 0 ? 0 : word(step, UPDATE_STRIDES + axis);
  for (let left = axis < 0 ? 1 : word(step, SIZES + axis); left > 0; left--) {
    const to = loadElement(refAddress(step, POSITIONS), refDtype(step, POSITIONS), position);
    const value = loadElement(refAddress(step, UPDATES), refDtype(step, UPDATES), update);
    if (to >= 0 && to < axisSize) apply(step, at, to, value);
    position += positionStride;
    update += updateStride;
  }
  if (reduction == ADD) storeSums(step, at);
}

/** One update of the element at `place` of the lane that begins at `at`. */
function apply(step: usize, at: i32, place: i32, value: i32): void {
  if (reduction == ADD) {
    const sum = scratch + (<usize>place << 3);
    store<i64>(sum, load<i64>(sum) + <i64>value);
    return;
  }
  const y = refAddress(step, Y);
  const dtype = refDtype(step, Y);
  const index = at + place * axisStride;
  const now = loadElement(y, dtype, index);
  if (reduction == MUL) storeElement(y, dtype, index, finish(<f64>now * <f64>value * factor));
  else storeElement(y, dtype, index, reduction == MAX ? max(now, value) : reduction == MIN ? min(now, value) : value);
}

/** y's lane = x's, clamped where y's range is not x's. */
function copyLane(step: usize, at: i32): void {
  const x = refAddress(step, X);
  const y = refAddress(step, Y);
  const xType = refDtype(step, X);
  const yType = refDtype(step, Y);
  for (let i = 0; i < axisSize; i++, at += axisStride) {
    const value = loadElement(x, xType, at);
    storeElement(y, yType, at, reduction == MUL ? min(max(value, lo), hi) : value);
  }
}

/** Sums of a lane, from x's elements on: they may leave i32. */
function loadSums(step: usize, at: i32): void {
  const x = refAddress(step, X);
  const dtype = refDtype(step, X);
  for (let i = 0; i < axisSize; i++) {
    store<i64>(scratch + (<usize>i << 3), <i64>loadElement(x, dtype, at + i * axisStride));
  }
}

function storeSums(step: usize, at: i32): void {
  const y = refAddress(step, Y);
  const dtype = refDtype(step, Y);
  for (let i = 0; i < axisSize; i++) {
    const sum = load<i64>(scratch + (<usize>i << 3));
    storeElement(y, dtype, at + i * axisStride, <i32>min(max(sum, <i64>lo), <i64>hi));
  }
}

/** map's copy (AssemblyScript): runs of bytes, transposed blocks, or element by element. */
import { fillElements, moveBytes } from "../bytes";
import {
  at0,
  at1,
  axes,
  count,
  nextRow,
  readNest,
  sizeOf,
  startWalk,
  step0,
  step1,
  strideOf,
  swapAxes,
} from "../nest";
import { loadOne } from "../stage";
import { refAddress, refDtype } from "../step";
import { transpose } from "./transpose";

const Y: i32 = 5;
const X: i32 = 8;
const SIZES: i32 = 17;

/** Rows or columns of a transposed plane that one thread takes at least. */
const PART: i32 = 64;

/** One step of `map` with kind copy, or this thread's share of it. */
export function copy(step: usize, thread: i32, threads: i32): void {
  const dtype = refDtype(step, Y);
  readNest(step, SIZES, 2, dtype | (dtype << 2));
  const last = axes - 1;
  const own = unitAxis(0, 1 << dtype);
  if (own >= 0 && own != last) swapAxes(own, last);
  const other = unitAxis(1, 1 << dtype);
  if (own >= 0 && other >= 0 && other != last) {
    transposePlanes(step, other, dtype, thread, threads);
    return;
  }
  startWalk(thread, threads, refAddress(step, Y), refAddress(step, X), 0, 0);
  while (nextRow()) copyRow(dtype);
}

/** Last axis along which the elements of an operand lie one behind the other, or -1. */
function unitAxis(operand: i32, width: i32): i32 {
  for (let axis = axes - 1; axis >= 0; axis--) {
    if (strideOf(operand, axis) == width) return axis;
  }
  return -1;
}

function copyRow(dtype: i32): void {
  const width = 1 << dtype;
  if (step0 == width && step1 == width) moveBytes(at0, at1, count << dtype);
  else if (step0 == width && step1 == 0) fillElements(at0, dtype, loadOne(at1, dtype), count);
  else if (dtype == 0) copyStrided<i8>(at0, at1, count);
  else if (dtype == 1) copyStrided<i16>(at0, at1, count);
  else copyStrided<i32>(at0, at1, count);
}

function copyStrided<T>(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    store<T>(y, load<T>(x));
    store<T>(y + step0, load<T>(x + step1));
    store<T>(y + 2 * step0, load<T>(x + 2 * step1));
    store<T>(y + 3 * step0, load<T>(x + 3 * step1));
    y += 4 * step0;
    x += 4 * step1;
  }
  for (; n > 0; n--) {
    store<T>(y, load<T>(x));
    y += step0;
    x += step1;
  }
}

/** Planes of y rows along axis `along`, where x lies one behind the other, and columns along the last, where y does. */
function transposePlanes(step: usize, along: i32, dtype: i32, thread: i32, threads: i32): void {
  const last = axes - 1;
  const rows = sizeOf(along);
  const columns = sizeOf(last);
  const byRows = rows >= columns;
  const length = byRows ? rows : columns;
  const parts = (length + PART - 1) / PART;
  let planes: i64 = 1;
  for (let axis = 0; axis < last; axis++) if (axis != along) planes *= <i64>sizeOf(axis);
  const end = (planes * <i64>parts * <i64>(thread + 1)) / <i64>threads;
  let unit = (planes * <i64>parts * <i64>thread) / <i64>threads;
  while (unit < end) {
    const plane = unit / <i64>parts;
    const first = <i32>(unit % <i64>parts);
    const stop = <i32>min(<i64>parts, <i64>first + end - unit);
    transposePart(step, along, dtype, plane, byRows, first * PART, min(length, stop * PART));
    unit += <i64>(stop - first);
  }
}

/** Rows (or columns) [from, to) of one plane. */
function transposePart(step: usize, along: i32, dtype: i32, plane: i64, byRows: bool, from: i32, to: i32): void {
  const last = axes - 1;
  const yStride = strideOf(0, along);
  const xStride = strideOf(1, last);
  let y = refAddress(step, Y) + (byRows ? from * yStride : from << dtype);
  let x = refAddress(step, X) + (byRows ? from << dtype : from * xStride);
  for (let axis = last - 1; axis >= 0; axis--) {
    if (axis == along) continue;
    const size = <i64>sizeOf(axis);
    const coordinate = <i32>(plane % size);
    plane /= size;
    y += coordinate * strideOf(0, axis);
    x += coordinate * strideOf(1, axis);
  }
  const rows = byRows ? to - from : sizeOf(along);
  const columns = byRows ? sizeOf(last) : to - from;
  transpose(dtype, y, x, rows, columns, yStride, xStride);
}

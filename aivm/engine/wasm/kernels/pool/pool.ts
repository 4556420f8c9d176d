/** pool (AssemblyScript): largest or scaled sum of windows over NHWC, channels in vectors; words in plan/format.ts. */
import { factorOf, finish, least, setFinish } from "../finish";
import { affine } from "../map/affine";
import { MOST_STEPS } from "../reduce/sums";
import { bufferAt } from "../stage";
import { refAddress, refDtype, storeElement, word } from "../step";
import { largestOfWindow, sumOne, sumWindow } from "./window";

const KIND: i32 = 4;
const Y: i32 = 5;
const X: i32 = 8;
const SIZES: i32 = 11;
const ZERO_X: i32 = 25;
const REQUANT: i32 = 26;

/** Channels of one unit of work; their sums fit a buffer. */
const BLOCK: i32 = 256;

let yType: i32 = 0;
let xType: i32 = 0;
let averages: bool = false;
let height: i32 = 0;
let width: i32 = 0;
let channels: i32 = 0;
let outWidth: i32 = 0;
let kernelH: i32 = 0;
let kernelW: i32 = 0;
let dilationH: i32 = 0;
let dilationW: i32 = 0;
let zeroX: i32 = 0;
let factor: f64 = 0;

/** One step of `pool`, or this thread's share of it: rows of output pixels, or blocks of channels of single ones. */
export function pool(step: usize, thread: i32, threads: i32): void {
  readStep(step);
  const blocks = (channels + BLOCK - 1) / BLOCK;
  const outHeight = word(step, SIZES + 4);
  const units = <i64>word(step, SIZES) * <i64>outHeight * <i64>outWidth * <i64>blocks;
  const from = (units * <i64>thread) / <i64>threads;
  const end = (units * <i64>(thread + 1)) / <i64>threads;
  let block = <i32>(from % <i64>blocks);
  let pixel = from / <i64>blocks;
  let column = <i32>(pixel % <i64>outWidth);
  let row = <i32>((pixel / <i64>outWidth) % <i64>outHeight);
  let image = <i32>(pixel / <i64>outWidth / <i64>outHeight);
  let y = refAddress(step, Y) + ((<usize>pixel * <usize>channels) << yType);
  const x = refAddress(step, X);
  const imageBytes = (<usize>height * <usize>width * <usize>channels) << xType;
  const strideH = word(step, SIZES + 8);
  const strideW = word(step, SIZES + 9);
  const padTop = word(step, SIZES + 10);
  const padLeft = word(step, SIZES + 11);
  for (let unit = from; unit < end; unit++) {
    poolBlock(y, x + <usize>image * imageBytes, row * strideH - padTop, column * strideW - padLeft, block * BLOCK);
    if (++block < blocks) continue;
    block = 0;
    y += <usize>channels << yType;
    if (++column < outWidth) continue;
    column = 0;
    if (++row < outHeight) continue;
    row = 0;
    image++;
  }
}

function readStep(step: usize): void {
  averages = word(step, KIND) == 1;
  yType = refDtype(step, Y);
  xType = refDtype(step, X);
  height = word(step, SIZES + 1);
  width = word(step, SIZES + 2);
  channels = word(step, SIZES + 3);
  outWidth = word(step, SIZES + 5);
  kernelH = word(step, SIZES + 6);
  kernelW = word(step, SIZES + 7);
  dilationH = word(step, SIZES + 12);
  dilationW = word(step, SIZES + 13);
  zeroX = word(step, ZERO_X);
  factor = factorOf(word(step, REQUANT), word(step, REQUANT + 1));
  setFinish(word(step, REQUANT + 2), word(step, REQUANT + 3), word(step, REQUANT + 4));
}

/** Channels from `first` on of the window whose corner is at (top, left) of the image at x; its pixel is at y. */
function poolBlock(y: usize, x: usize, top: i32, left: i32, first: i32): void {
  const fromRow = firstInside(top, dilationH);
  const rows = endInside(top, kernelH, dilationH, height) - fromRow;
  const fromColumn = firstInside(left, dilationW);
  const columns = endInside(left, kernelW, dilationW, width) - fromColumn;
  const pixelBytes = channels << xType;
  const corner = (top + fromRow * dilationH) * width + left + fromColumn * dilationW;
  x += corner * pixelBytes + (first << xType);
  y += first << yType;
  const n = min(BLOCK, channels - first);
  const rowStep = dilationH * width * pixelBytes;
  const columnStep = dilationW * pixelBytes;
  if (averages) average(y, x, n, max(rows, 0), max(columns, 0), rowStep, columnStep);
  else if (xType == 0) largestOfWindow<i8>(y, x, n, rows, columns, rowStep, columnStep, least);
  else if (xType == 1) largestOfWindow<i16>(y, x, n, rows, columns, rowStep, columnStep, least);
  else largestOfWindow<i32>(y, x, n, rows, columns, rowStep, columnStep, least);
}

/** First position along an axis, of those from `start` on in steps of `dilation`, that is inside x. */
function firstInside(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/** Behind the last position inside x. */
function endInside(start: i32, kernel: i32, dilation: i32, size: i32): i32 {
  return start >= size ? 0 : min(kernel, (size - start + dilation - 1) / dilation);
}

function average(y: usize, x: usize, n: i32, rows: i32, columns: i32, rowStep: i32, columnStep: i32): void {
  const offset = <f64>zeroX * <f64>rows * <f64>columns;
  if (xType == 2 || <i64>rows * <i64>columns > <i64>MOST_STEPS) {
    averageSingly(y, x, n, rows, columns, rowStep, columnStep, offset);
    return;
  }
  const sums = bufferAt(0);
  if (xType == 0) sumWindow<i8>(sums, x, n, rows, columns, rowStep, columnStep);
  else sumWindow<i16>(sums, x, n, rows, columns, rowStep, columnStep);
  affine(y, yType, sums, 2, n, factor, -offset * factor);
}

/** The same for sums that may leave i32. */
function averageSingly(
  y: usize,
  x: usize,
  n: i32,
  rows: i32,
  columns: i32,
  rowStep: i32,
  columnStep: i32,
  offset: f64,
): void {
  for (let i = 0; i < n; i++) {
    const at = x + (i << xType);
    const sum =
      xType == 0
        ? sumOne<i8>(at, rows, columns, rowStep, columnStep)
        : xType == 1
          ? sumOne<i16>(at, rows, columns, rowStep, columnStep)
          : sumOne<i32>(at, rows, columns, rowStep, columnStep);
    storeElement(y, yType, i, finish((<f64>sum - offset) * factor));
  }
}

/**
 * Products of two activations (AssemblyScript): the `matmul` step of plan/format.ts. Rows of a are widened tile by
 * tile, 8 rows of b at a time are packed to a panel, and the loops of sums.ts do the rest. Zero points are corrected
 * afterwards: sum (a - zeroA) x (b - zeroB) = sum a x b - zeroA x sum b - zeroB x sum a + K x zeroA x zeroB.
 */
import { SCRATCH_TABLE_AT } from "./convWords";
import { finishSums, finishWith, powerOfHalf } from "./denseFinish";
import { rowByColumns, rowByRows } from "./fewRows";
import {
  MATMUL_A,
  MATMUL_B,
  MATMUL_BLOCK,
  MATMUL_D,
  MATMUL_K,
  MATMUL_K_A,
  MATMUL_K_B,
  MATMUL_M,
  MATMUL_N,
  MATMUL_REQUANT,
  MATMUL_ROW_A,
  MATMUL_ROW_B,
  MATMUL_ROW_D,
  MATMUL_ROW_Y,
  MATMUL_SIZES,
  MATMUL_SPLIT_BELOW,
  MATMUL_STRIDES_A,
  MATMUL_STRIDES_B,
  MATMUL_STRIDES_D,
  MATMUL_STRIDES_Y,
  MATMUL_TILE_BYTES,
  MATMUL_TILE_ROWS,
  MATMUL_Y,
  MATMUL_ZERO_A,
  MATMUL_ZERO_B,
} from "./matmulWords";
import { columnSum, packPanel, splitPanel } from "./packPanel";
import { refAddress, refDtype, refPlace, scratch, shareOf, word } from "./step";
import { addPlane, panelSums } from "./tiles";
import { widen } from "./unfold";

/** Up to so many rows of a, b is not packed. */
const FEW_ROWS: i32 = 2;
/** Products of split values (< 2^23 each) that fit i32. */
const SPLIT_CHUNK: i32 = 256;

/** Where this thread's parts of the scratch lie. */
let acc: usize = 0;
let sums: usize = 0;
let rowSums: usize = 0;
let factors: usize = 0;
let start: usize = 0;
let wideStart: usize = 0;
let panelAt: usize = 0;
let highAt: usize = 0;
let rowsAt: usize = 0;
let table: usize = 0;
let tileRows: i32 = 0;

/** This thread's share: panels of 8 columns of y, of all batches. */
export function matmul(step: usize, thread: i32, threads: i32): void {
  layOut(step);
  prepare(step);
  const panels = (word(step, MATMUL_N) + 7) >> 3;
  let units = panels;
  for (let axis = 0; axis < 4; axis++) units *= word(step, MATMUL_SIZES + axis);
  const end = shareOf(units, thread + 1, threads);
  for (let unit = shareOf(units, thread, threads); unit < end; ) {
    const panel = unit % panels;
    const count = min(panels - panel, end - unit);
    multiplyBatch(step, unit / panels, panel, panel + count);
    unit += count;
  }
}

/** Divides the scratch; its size is `matmulScratchBytes` of matmulPlan.ts. */
function layOut(step: usize): void {
  const rowBytes = ((word(step, MATMUL_K) + 1) & ~1) << 1;
  tileRows = min(word(step, MATMUL_M), max(4, min(MATMUL_TILE_ROWS, (MATMUL_TILE_BYTES / rowBytes) & ~3)));
  const rows = <usize>((tileRows + 3) & ~3);
  factors = scratch + SCRATCH_TABLE_AT;
  start = factors + 64;
  wideStart = start + 32;
  sums = factors + 192;
  acc = sums + (rows << 6);
  rowSums = acc + (rows << 5);
  table = rowSums + (rows << 3);
  panelAt = (table + (rows << 2) + 15) & ~15;
  highAt = panelAt + (<usize>rowBytes << 3);
  rowsAt = splits(step) ? highAt + (<usize>rowBytes << 3) : highAt;
}

/** Whether so few products may be summed in i32 that b is split into bytes, which allow more. */
function splits(step: usize): bool {
  const block = word(step, MATMUL_BLOCK);
  return block > 0 && block < MATMUL_SPLIT_BELOW;
}

/** Sets zeros, factors and how results are finished; sums start with 0. */
function prepare(step: usize): void {
  v128.store(scratch, i32x4.splat(0));
  v128.store(scratch, i32x4.splat(0), 16);
  memory.fill(start, 0, 96);
  const multiplier = <f64>word(step, MATMUL_REQUANT);
  const shift = word(step, MATMUL_REQUANT + 1);
  const divided = refPlace(step, MATMUL_D) != 0;
  const factor = divided ? 1 : multiplier * powerOfHalf(shift);
  for (let lane: usize = 0; lane < 8; lane++) store<f64>(factors + (lane << 3), factor);
  const r = MATMUL_REQUANT + 2;
  finishWith(word(step, r), word(step, r + 1), word(step, r + 2), refDtype(step, MATMUL_Y), factor <= 0.5);
}

/** Element offset of batch number `batch` by the four strides at word `strides`. */
function batchOffset(step: usize, batch: i32, strides: i32): i32 {
  let offset = 0;
  for (let axis = 3; axis >= 0; axis--) {
    const size = word(step, MATMUL_SIZES + axis);
    offset += (batch % size) * word(step, strides + axis);
    batch /= size;
  }
  return offset;
}

/** Columns of panels [panelFrom, panelTo) of one batch. */
function multiplyBatch(step: usize, batch: i32, panelFrom: i32, panelTo: i32): void {
  const rows = word(step, MATMUL_M);
  for (let row = 0; row < rows; row += tileRows) {
    const count = min(tileRows, rows - row);
    loadRows(step, batch, row, count);
    for (let panel = panelFrom; panel < panelTo; panel++) multiplyPanel(step, batch, row, count, panel << 3);
  }
}

/** Rows [row, row + count) of a as i16, their addresses in the table, their sums where zeroB asks for them. */
function loadRows(step: usize, batch: i32, row: i32, count: i32): void {
  const dtype = refDtype(step, MATMUL_A);
  const k = word(step, MATMUL_K);
  const kStride = word(step, MATMUL_K_A);
  const rowBytes = <usize>((k + 1) & ~1) << 1;
  const rowStride = word(step, MATMUL_ROW_A);
  const a = refAddress(step, MATMUL_A);
  const first = batchOffset(step, batch, MATMUL_STRIDES_A) + row * rowStride;
  const summed = word(step, MATMUL_ZERO_B) != 0;
  const rounded = (count + 3) & ~3;
  for (let r = 0; r < rounded; r++) {
    const from = a + (<isize>(first + min(r, count - 1) * rowStride) << dtype);
    let at = from;
    if (dtype == 0 || kStride != 1) {
      at = rowsAt + <usize>min(r, count - 1) * rowBytes;
      if (r < count) loadRow(from, dtype, kStride, at, k);
    }
    store<u32>(table + (<usize>r << 2), <u32>at);
    if (summed && r < count) store<f64>(rowSums + (<usize>r << 3), <f64>rowSum(at, k));
  }
}

function loadRow(from: usize, dtype: i32, stride: i32, to: usize, k: i32): void {
  if (stride == 1) {
    widen(from, dtype, to, k);
    return;
  }
  const step = <isize>stride << dtype;
  for (let i = 0; i < k; i++, to += 2, from += step) {
    store<i16>(to, dtype == 0 ? <i16>load<i8>(from) : load<i16>(from));
  }
}

function rowSum(at: usize, k: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < k; i++, at += 2) sum += <i64>load<i16>(at);
  return sum;
}

/** `count` rows in the table by columns n .. n + 7 of the product. */
function multiplyPanel(step: usize, batch: i32, row: i32, count: i32, n: i32): void {
  const k = word(step, MATMUL_K);
  const pairs = (k + 1) >> 1;
  const block = word(step, MATMUL_BLOCK);
  const lanes = min(8, word(step, MATMUL_N) - n);
  const dtype = refDtype(step, MATMUL_B);
  const rowStride = word(step, MATMUL_ROW_B);
  const first = batchOffset(step, batch, MATMUL_STRIDES_B) + n * rowStride;
  const b = refAddress(step, MATMUL_B) + (<isize>first << dtype);
  if (word(step, MATMUL_ZERO_A) != 0) startValues(step, b, dtype, lanes, k);
  const direct = block == 0 && count <= FEW_ROWS && multiplyFew(step, b, count, lanes);
  if (!direct) packPanel(b, dtype, rowStride, word(step, MATMUL_K_B), lanes, k, panelAt);
  const divided = refPlace(step, MATMUL_D) != 0;
  const wide = block > 0 || divided;
  if (block == 0) {
    if (!direct) panelSums<i16>(table, count, 0, panelAt, start, acc, 1, pairs, 0);
    addRowSums(step, acc, count, false);
    if (divided) widenTo(acc, sums, count);
  } else {
    for (let r = 0; r < count; r++) memory.copy(sums + (<usize>r << 6), wideStart, 64);
    if (splits(step)) {
      splitPanel(panelAt, pairs, highAt);
      addPlane<i16>(table, count, highAt, acc, sums, SPLIT_CHUNK >> 1, pairs, 256);
      addPlane<i16>(table, count, panelAt, acc, sums, SPLIT_CHUNK >> 1, pairs, 1);
    } else addPlane<i16>(table, count, panelAt, acc, sums, block >> 1, pairs, 1);
    addRowSums(step, sums, count, true);
  }
  if (divided) divideRows(step, batch, row, count);
  const y = batchOffset(step, batch, MATMUL_STRIDES_Y) + row * word(step, MATMUL_ROW_Y) + n;
  const from = wide ? sums : acc;
  finishSums(from, wide, count, lanes, factors, refAddress(step, MATMUL_Y), y, word(step, MATMUL_ROW_Y));
}

/** acc of few rows by rows of b as they lie, if they lie side by side or their elements do. @returns whether. */
function multiplyFew(step: usize, b: usize, count: i32, lanes: i32): bool {
  const k = word(step, MATMUL_K);
  const rowStride = word(step, MATMUL_ROW_B);
  const kStride = word(step, MATMUL_K_B);
  const bytes = refDtype(step, MATMUL_B) == 0;
  if (kStride != 1 && (rowStride != 1 || lanes < 8)) return false;
  for (let r = 0; r < count; r++) {
    const x = <usize>load<u32>(table + (<usize>r << 2));
    const to = acc + (<usize>r << 5);
    if (kStride == 1) {
      if (bytes) rowByRows<i8>(x, b, rowStride, lanes, k, start, to);
      else rowByRows<i16>(x, b, rowStride, lanes, k, start, to);
    } else if (bytes) rowByColumns<i8>(x, b, kStride, k, start, to);
    else rowByColumns<i16>(x, b, kStride, k, start, to);
  }
  return true;
}

/** What the sums of a column start with where zeroA is not 0: -zeroA x sum b + K x zeroA x zeroB, as i32 (modulo 2^32) and as f64. */
function startValues(step: usize, b: usize, dtype: i32, lanes: i32, k: i32): void {
  const zeroA = <i64>word(step, MATMUL_ZERO_A);
  const constant = <i64>k * zeroA * <i64>word(step, MATMUL_ZERO_B);
  for (let lane = 0; lane < 8; lane++) {
    let value: i64 = constant;
    if (lane < lanes) {
      const from = b + (<isize>(lane * word(step, MATMUL_ROW_B)) << dtype);
      value -= zeroA * columnSum(from, dtype, word(step, MATMUL_K_B), k);
    }
    store<i32>(start + (<usize>lane << 2), <i32>value);
    store<f64>(wideStart + (<usize>lane << 3), <f64>value);
  }
}

/** Adds -zeroB x sum a to the sums of each row. */
function addRowSums(step: usize, at: usize, count: i32, wide: bool): void {
  const zeroB = <f64>word(step, MATMUL_ZERO_B);
  if (zeroB == 0) return;
  for (let r = 0; r < count; r++) {
    const term = -zeroB * load<f64>(rowSums + (<usize>r << 3));
    if (wide) {
      for (let lane = 0; lane < 8; lane++, at += 8) store<f64>(at, load<f64>(at) + term);
    } else {
      const low = <i32>(<i64>term);
      for (let lane = 0; lane < 8; lane++, at += 4) store<i32>(at, load<i32>(at) + low);
    }
  }
}

/** i32 sums [rows][8] to f64. */
function widenTo(from: usize, to: usize, count: i32): void {
  for (let i = 0; i < count << 3; i++, from += 4, to += 8) store<f64>(to, <f64>load<i32>(from));
}

/** Replaces f64 sums of each row by sum x multiplier / (d x 2^shift); by 0, an infinity of the sum's sign, or 0. */
function divideRows(step: usize, batch: i32, row: i32, count: i32): void {
  const multiplier = <f64>word(step, MATMUL_REQUANT);
  const shift = word(step, MATMUL_REQUANT + 1);
  const factor = multiplier * powerOfHalf(min(shift, 0));
  const scale = powerOfHalf(-max(shift, 0));
  const d = refAddress(step, MATMUL_D) + (<isize>batchOffset(step, batch, MATMUL_STRIDES_D) << 2);
  let at = sums;
  for (let r = 0; r < count; r++) {
    const divisor = <f64>load<i32>(d + (<isize>((row + r) * word(step, MATMUL_ROW_D)) << 2)) * scale;
    for (let lane = 0; lane < 8; lane++, at += 8) {
      const dividend = load<f64>(at) * factor;
      store<f64>(at, dividend == 0 ? 0 : dividend / divisor);
    }
  }
}

/** map (AssemblyScript): elementwise kinds and copies; words in plan/format.ts. */
import { factorOf, setFinish } from "../finish";
import { at0, at1, at2, at3, axes, count, joinRepeats, nextRow, readNest, sizeOf, start, startWalk } from "../nest";
import { step0, step1, step2, step3, strideOf } from "../nest";
import { bufferAt, CHUNK, loadOne, stage, unstage } from "../stage";
import { refAddress, refDtype, storeElement, word } from "../step";
import { affine } from "./affine";
import { copy } from "./copy";
import { divide, squareRoot } from "./division";
import { bitwise, compare, mod, shift, where } from "./lanes";
import { fitsInteger, LEAST_SPLIT_SHIFT, MOST_SPLIT, setShift } from "./integer";
import { affine32, product, product32, sum, sum32, sumInParts } from "./pairs";
import { lookup } from "./table";

const KIND: i32 = 4;
const Y: i32 = 5;
const A: i32 = 8;
const B: i32 = 11;
const C: i32 = 14;
const SIZES: i32 = 17;
const PARAMETERS: i32 = 47;

/** Longest row that is short: longer ones are worth a call of their own. */
const MOST_PERIOD: i32 = 128;

const COPY: i32 = 0;
const ADD: i32 = 1;
const MUL: i32 = 2;
const RESCALE: i32 = 3;
const TABLE: i32 = 4;
const WHERE: i32 = 5;
const COMPARE: i32 = 6;
const DIV: i32 = 7;
const MOD: i32 = 8;
const ISQRT: i32 = 9;
const BITWISE: i32 = 10;

/** Element types of the step at hand; and of the row at hand, i32 where it goes through a buffer. */
let yType: i32 = 0;
let aType: i32 = 0;
let bType: i32 = 0;
let cType: i32 = 0;
let rowTypeY: i32 = 0;
let rowTypeA: i32 = 0;
let rowTypeB: i32 = 0;

/** Its parameters: words, and what they come to in f64. */
let p0: i32 = 0;
let p1: i32 = 0;
let p2: i32 = 0;
let factorA: f64 = 0;
let factorB: f64 = 0;
let constant: f64 = 0;
let entries: usize = 0;

/** add, mul and rescale: whether all sums or products fit i32; add: whether they can be split in two that do; its shift. */
let integer: bool = false;
let splits: bool = false;
let places: i32 = 0;

/** add and mul: the operand, 1 or 2, whose short row repeats (0 if none), its length and step, and what is buffered. */
let repeated: i32 = 0;
let period: i32 = 0;
let periodStep: i32 = 0;
let repeats: i32 = 0;
let bufferedFrom: usize = 0;

/** One step of `map`, or this thread's share of it. */
export function map(step: usize, thread: i32, threads: i32): void {
  const kind = word(step, KIND);
  if (kind == COPY) return copy(step, thread, threads);
  yType = refDtype(step, Y);
  aType = refDtype(step, A);
  bType = refDtype(step, B);
  cType = refDtype(step, C);
  readParameters(step, kind);
  const operands = kind == WHERE ? 4 : kind == RESCALE || kind == TABLE || kind == ISQRT ? 2 : 3;
  readNest(step, SIZES, operands, yType | (aType << 2) | (bType << 4) | (cType << 6));
  if (kind == ADD || kind == MUL) findRepeats();
  startWalk(thread, threads, refAddress(step, Y), refAddress(step, A), refAddress(step, B), refAddress(step, C));
  if (kind == ADD || kind == MUL) {
    if (repeated != 0) while (nextRow()) repeatedRow(kind);
    else while (nextRow()) pairRow(kind);
  } else if (kind == RESCALE || kind == TABLE) {
    while (nextRow()) singleRow(kind);
  } else {
    while (nextRow()) laneRow(kind);
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function parameter(step: usize, index: i32): i32 {
  return word(step, PARAMETERS + index);
}

function readParameters(step: usize, kind: i32): void {
  p0 = parameter(step, 0);
  p1 = parameter(step, 1);
  p2 = parameter(step, 2);
  if (kind == ADD) {
    const shift = parameter(step, 3);
    factorA = factorOf(p0, shift);
    factorB = factorOf(p1, shift);
    constant = factorOf(p2, shift);
    setFinish(parameter(step, 4), parameter(step, 5), parameter(step, 6));
    const magnitude = largest(aType) * abs(<f64>p0) + largest(bType) * abs(<f64>p1) + abs(<f64>p2);
    chooseInteger(magnitude, shift, parameter(step, 4));
    splits = shift >= LEAST_SPLIT_SHIFT && abs(p0) < MOST_SPLIT && abs(p1) < MOST_SPLIT;
  } else if (kind == MUL) {
    factorA = factorOf(p2, parameter(step, 3));
    setFinish(parameter(step, 4), parameter(step, 5), parameter(step, 6));
    integer = (largest(aType) + abs(<f64>p0)) * (largest(bType) + abs(<f64>p1)) < 2147483648;
  } else if (kind == RESCALE) {
    factorA = factorOf(p1, p2);
    constant = -<f64>p0 * factorA;
    setFinish(parameter(step, 3), parameter(step, 4), parameter(step, 5));
    chooseInteger((largest(aType) + abs(<f64>p0)) * <f64>p1, p2, parameter(step, 3));
  } else if (kind == DIV) {
    const shift = parameter(step, 3);
    factorA = factorOf(p2, min(0, shift));
    factorB = factorOf(1, -max(0, shift));
    p2 = parameter(step, 5);
    setFinish(parameter(step, 4), parameter(step, 6), parameter(step, 7));
  } else if (kind == ISQRT) {
    factorA = factorOf(1, -p1);
    factorB = factorOf(p2, parameter(step, 3));
    setFinish(parameter(step, 4), parameter(step, 5), parameter(step, 6));
  } else if (kind == TABLE) {
    entries = refAddress(step, B) + (<usize>(aType == 0 ? 128 : 32768) << yType);
  }
}

/** Largest magnitude of an element. */
function largest(dtype: i32): f64 {
  return <f64>(<i64>128 << (dtype == 2 ? 24 : 8 * dtype));
}

function chooseInteger(magnitude: f64, shift: i32, zero: i32): void {
  places = shift;
  integer = fitsInteger(magnitude, shift, zero);
  if (integer) setShift(shift);
}

/** How many elements of a row are taken at a time: all when none goes through a buffer. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function portion(direct: bool, done: i32): i32 {
  return direct ? count : min(CHUNK, count - done);
}

/** Where n elements of an operand lie one behind the other: where they are, or in buffer `index` as i32. */
function lined(at: usize, dtype: i32, step: i32, done: i32, n: i32, index: i32): usize {
  const from = at + done * step;
  if (step == 1 << dtype) return from;
  const to = bufferAt(index);
  stage(to, from, dtype, step, n);
  return to;
}

/** rescale, table. */
function singleRow(kind: i32): void {
  const yDirect = step0 == 1 << yType;
  const aDirect = step1 == 1 << aType;
  rowTypeY = yDirect ? yType : 2;
  rowTypeA = aDirect ? aType : 2;
  for (let done = 0, n = 0; done < count; done += n) {
    n = portion(yDirect && aDirect, done);
    const a = lined(at1, aType, step1, done, n, 0);
    // Entries have y's type, so a table's results are never buffered before they have it.
    if (kind == TABLE) tableRow(at0 + done * step0, a, n, yDirect);
    else {
      const y = yDirect ? at0 + done * step0 : bufferAt(3);
      if (integer) affine32(y, rowTypeY, a, rowTypeA, n, p1, -p0 * p1);
      else affine(y, rowTypeY, a, rowTypeA, n, factorA, constant);
      if (!yDirect) unstage(at0 + done * step0, yType, step0, y, n);
    }
  }
}

function tableRow(y: usize, a: usize, n: i32, yDirect: bool): void {
  if (yDirect) return lookup(y, yType, a, rowTypeA, n, entries);
  for (let i = 0; i < n; i++) {
    lookup(y, yType, a, rowTypeA, 1, entries);
    y += step0;
    a += <usize>1 << rowTypeA;
  }
}

/** add, mul. An operand that stays the same along the row makes them a rescaling of the other. */
function pairRow(kind: i32): void {
  const yDirect = step0 == 1 << yType;
  const aFixed = step1 == 0;
  const bFixed = step2 == 0 && !aFixed;
  const aDirect = aFixed || step1 == 1 << aType;
  const bDirect = bFixed || step2 == 1 << bType;
  rowTypeY = yDirect ? yType : 2;
  rowTypeA = aDirect ? aType : 2;
  rowTypeB = bDirect ? bType : 2;
  for (let done = 0, n = 0; done < count; done += n) {
    n = portion(yDirect && aDirect && bDirect, done);
    const y = yDirect ? at0 + done * step0 : bufferAt(3);
    const a = aFixed ? at1 : lined(at1, aType, step1, done, n, 0);
    const b = bFixed ? at2 : lined(at2, bType, step2, done, n, 1);
    if (aFixed) rescaleByFixed(kind, y, b, rowTypeB, n, loadOne(a, aType), true);
    else if (bFixed) rescaleByFixed(kind, y, a, rowTypeA, n, loadOne(b, bType), false);
    else if (kind == ADD) addRow(y, a, b, n);
    else mulRow(y, a, b, n);
    if (!yDirect) unstage(at0 + done * step0, yType, step0, y, n);
  }
}

/** Short rows of an operand that the others meet again and again, as of one number a channel, are taken together. */
function findRepeats(): void {
  repeated = 0;
  bufferedFrom = 0;
  period = sizeOf(axes - 1);
  if (period > MOST_PERIOD || strideOf(0, axes - 1) != 1 << yType) return;
  for (let operand = 2; operand > 0 && repeated == 0; operand--) {
    const last = axes - 1;
    const otherWidth = 1 << (operand == 1 ? bType : aType);
    periodStep = strideOf(operand, last);
    if (strideOf(3 - operand, last) == otherWidth && periodStep != 0 && joinRepeats(operand)) repeated = operand;
  }
  if (repeated != 0) repeats = min(CHUNK - (CHUNK % period), sizeOf(axes - 1));
}

/** A row in which one operand repeats: from a buffer that holds it as often as fits. */
function repeatedRow(kind: i32): void {
  rowTypeY = yType;
  rowTypeA = aType;
  rowTypeB = bType;
  const buffer = bufferAt(0);
  const dtype = repeated == 1 ? aType : bType;
  bufferRepeats(buffer, repeated == 1 ? at1 : at2, dtype);
  for (let done = 0, n = 0; done < count; done += n) {
    const phase = (start + done) % period;
    n = min(repeats - phase, count - done);
    const again = buffer + (<usize>phase << dtype);
    const a = repeated == 1 ? again : at1 + done * step1;
    const b = repeated == 2 ? again : at2 + done * step2;
    const y = at0 + done * step0;
    if (kind == ADD) addRow(y, a, b, n);
    else mulRow(y, a, b, n);
  }
}

function bufferRepeats(buffer: usize, from: usize, dtype: i32): void {
  if (bufferedFrom == from) return;
  bufferedFrom = from;
  for (let i = 0, at = 0; i < repeats; i++) {
    storeElement(buffer, dtype, i, loadOne(from + at * periodStep, dtype));
    if (++at == period) at = 0;
  }
}

/** add of two operands that vary: in integers where 32 bits do. */
function addRow(y: usize, a: usize, b: usize, n: i32): void {
  if (integer) sum32(y, rowTypeY, a, rowTypeA, b, rowTypeB, n, p0, p1, p2);
  else if (splits && rowTypeA < 2 && rowTypeB < 2) {
    sumInParts(y, rowTypeY, a, rowTypeA, b, rowTypeB, n, p0, p1, p2, places);
  } else sum(y, rowTypeY, a, rowTypeA, b, rowTypeB, n, factorA, factorB, constant);
}

/** mul of two operands that vary. */
function mulRow(y: usize, a: usize, b: usize, n: i32): void {
  if (integer && rowTypeA < 2 && rowTypeB < 2) {
    product32(y, rowTypeY, a, rowTypeA, b, rowTypeB, n, p0, p1, factorA);
  } else product(y, rowTypeY, a, rowTypeA, b, rowTypeB, n, p0, p1, factorA);
}

/** y of operand x and a fixed element of the other one; `aFixed`: that one is a. */
function rescaleByFixed(kind: i32, y: usize, x: usize, xType: i32, n: i32, fixed: i32, aFixed: bool): void {
  if (kind == ADD && integer) {
    affine32(y, rowTypeY, x, xType, n, aFixed ? p1 : p0, p2 + fixed * (aFixed ? p0 : p1));
  } else if (kind == ADD) {
    const rest = constant + <f64>fixed * (aFixed ? factorA : factorB);
    affine(y, rowTypeY, x, xType, n, aFixed ? factorB : factorA, rest);
  } else {
    const factor = (<f64>fixed - <f64>(aFixed ? p0 : p1)) * factorA;
    affine(y, rowTypeY, x, xType, n, factor, -<f64>(aFixed ? p1 : p0) * factor);
  }
}

/** The other kinds: operands and results as i32. */
function laneRow(kind: i32): void {
  const result = bufferAt(3);
  for (let done = 0, n = 0; done < count; done += n) {
    n = min(CHUNK, count - done);
    // Rows are computed in fours: what is read beyond a row must be the thread's own.
    const a = buffered(at1, aType, step1, done, n, 0);
    const b: usize = kind == ISQRT ? 0 : buffered(at2, bType, step2, done, n, 1);
    if (kind == WHERE) where(result, a, b, buffered(at3, cType, step3, done, n, 2), n);
    else if (kind == COMPARE) compare(result, a, b, n, p0, p1, p2);
    else if (kind == DIV) divide(result, a, b, n, p0, p1, factorA, factorB, p2);
    else if (kind == MOD) mod(result, a, b, n, p0);
    else if (kind == ISQRT) squareRoot(result, a, n, p0, factorA, factorB);
    else if (kind == BITWISE) bitwise(result, a, b, n, p0);
    else shift(result, a, b, n, p0, p1, p2 == 1);
    unstage(at0 + done * step0, yType, step0, result, n);
  }
}

function buffered(at: usize, dtype: i32, step: i32, done: i32, n: i32, index: i32): usize {
  const to = bufferAt(index);
  stage(to, at + done * step, dtype, step, n);
  return to;
}

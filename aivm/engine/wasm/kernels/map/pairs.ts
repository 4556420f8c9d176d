/** Rows of add, mul and rescale for dtype numbers of y, a and b (AssemblyScript): the choice among the compiled rows. */
import { productRow, sumRow } from "./affine";
import { affineInteger, sumInteger, sumSplit } from "./integer";

/** y = finish(a x factorA + b x factorB + constant). */
export function sum(
  y: usize,
  yType: i32,
  a: usize,
  aType: i32,
  b: usize,
  bType: i32,
  n: i32,
  factorA: f64,
  factorB: f64,
  constant: f64,
): void {
  if (yType == 0) sumTo<i8>(y, a, b, 3 * aType + bType, n, factorA, factorB, constant);
  else if (yType == 1) sumTo<i16>(y, a, b, 3 * aType + bType, n, factorA, factorB, constant);
  else sumTo<i32>(y, a, b, 3 * aType + bType, n, factorA, factorB, constant);
}

function sumTo<Y>(y: usize, a: usize, b: usize, types: i32, n: i32, kA: f64, kB: f64, constant: f64): void {
  switch (types) {
    case 0: return sumRow<Y, i8, i8>(y, a, b, n, kA, kB, constant);
    case 1: return sumRow<Y, i8, i16>(y, a, b, n, kA, kB, constant);
    case 2: return sumRow<Y, i8, i32>(y, a, b, n, kA, kB, constant);
    case 3: return sumRow<Y, i16, i8>(y, a, b, n, kA, kB, constant);
    case 4: return sumRow<Y, i16, i16>(y, a, b, n, kA, kB, constant);
    case 5: return sumRow<Y, i16, i32>(y, a, b, n, kA, kB, constant);
    case 6: return sumRow<Y, i32, i8>(y, a, b, n, kA, kB, constant);
    case 7: return sumRow<Y, i32, i16>(y, a, b, n, kA, kB, constant);
    default: return sumRow<Y, i32, i32>(y, a, b, n, kA, kB, constant);
  }
}

/** y = finish((a - zeroA) x (b - zeroB) x factor). */
export function product(
  y: usize,
  yType: i32,
  a: usize,
  aType: i32,
  b: usize,
  bType: i32,
  n: i32,
  zeroA: i32,
  zeroB: i32,
  factor: f64,
): void {
  if (yType == 0) productTo<i8>(y, a, b, 3 * aType + bType, n, zeroA, zeroB, factor);
  else if (yType == 1) productTo<i16>(y, a, b, 3 * aType + bType, n, zeroA, zeroB, factor);
  else productTo<i32>(y, a, b, 3 * aType + bType, n, zeroA, zeroB, factor);
}

function productTo<Y>(y: usize, a: usize, b: usize, types: i32, n: i32, zA: i32, zB: i32, factor: f64): void {
  switch (types) {
    case 0: return productRow<Y, i8, i8, f64>(y, a, b, n, zA, zB, factor);
    case 1: return productRow<Y, i8, i16, f64>(y, a, b, n, zA, zB, factor);
    case 2: return productRow<Y, i8, i32, f64>(y, a, b, n, zA, zB, factor);
    case 3: return productRow<Y, i16, i8, f64>(y, a, b, n, zA, zB, factor);
    case 4: return productRow<Y, i16, i16, f64>(y, a, b, n, zA, zB, factor);
    case 5: return productRow<Y, i16, i32, f64>(y, a, b, n, zA, zB, factor);
    case 6: return productRow<Y, i32, i8, f64>(y, a, b, n, zA, zB, factor);
    case 7: return productRow<Y, i32, i16, f64>(y, a, b, n, zA, zB, factor);
    default: return productRow<Y, i32, i32, f64>(y, a, b, n, zA, zB, factor);
  }
}

/** The same for products that fit i32, of dtype numbers 0 and 1. */
export function product32(
  y: usize,
  yType: i32,
  a: usize,
  aType: i32,
  b: usize,
  bType: i32,
  n: i32,
  zeroA: i32,
  zeroB: i32,
  factor: f64,
): void {
  if (yType == 0) product32To<i8>(y, a, b, 2 * aType + bType, n, zeroA, zeroB, factor);
  else if (yType == 1) product32To<i16>(y, a, b, 2 * aType + bType, n, zeroA, zeroB, factor);
  else product32To<i32>(y, a, b, 2 * aType + bType, n, zeroA, zeroB, factor);
}

function product32To<Y>(y: usize, a: usize, b: usize, types: i32, n: i32, zA: i32, zB: i32, factor: f64): void {
  if (types == 0) productRow<Y, i8, i8, i32>(y, a, b, n, zA, zB, factor);
  else if (types == 1) productRow<Y, i8, i16, i32>(y, a, b, n, zA, zB, factor);
  else if (types == 2) productRow<Y, i16, i8, i32>(y, a, b, n, zA, zB, factor);
  else productRow<Y, i16, i16, i32>(y, a, b, n, zA, zB, factor);
}

/** affineInteger for dtype numbers. */
export function affine32(y: usize, yType: i32, a: usize, aType: i32, n: i32, multiplier: i32, constant: i32): void {
  if (yType == 0) affine32To<i8>(y, a, aType, n, multiplier, constant);
  else if (yType == 1) affine32To<i16>(y, a, aType, n, multiplier, constant);
  else affine32To<i32>(y, a, aType, n, multiplier, constant);
}

function affine32To<Y>(y: usize, a: usize, aType: i32, n: i32, multiplier: i32, constant: i32): void {
  if (aType == 0) affineInteger<Y, i8>(y, a, n, multiplier, constant);
  else if (aType == 1) affineInteger<Y, i16>(y, a, n, multiplier, constant);
  else affineInteger<Y, i32>(y, a, n, multiplier, constant);
}

/** sumInteger for dtype numbers. */
export function sum32(
  y: usize,
  yType: i32,
  a: usize,
  aType: i32,
  b: usize,
  bType: i32,
  n: i32,
  mA: i32,
  mB: i32,
  constant: i32,
): void {
  if (yType == 0) sum32To<i8>(y, a, b, 3 * aType + bType, n, mA, mB, constant);
  else if (yType == 1) sum32To<i16>(y, a, b, 3 * aType + bType, n, mA, mB, constant);
  else sum32To<i32>(y, a, b, 3 * aType + bType, n, mA, mB, constant);
}

function sum32To<Y>(y: usize, a: usize, b: usize, types: i32, n: i32, mA: i32, mB: i32, constant: i32): void {
  switch (types) {
    case 0: return sumInteger<Y, i8, i8>(y, a, b, n, mA, mB, constant);
    case 1: return sumInteger<Y, i8, i16>(y, a, b, n, mA, mB, constant);
    case 2: return sumInteger<Y, i8, i32>(y, a, b, n, mA, mB, constant);
    case 3: return sumInteger<Y, i16, i8>(y, a, b, n, mA, mB, constant);
    case 4: return sumInteger<Y, i16, i16>(y, a, b, n, mA, mB, constant);
    case 5: return sumInteger<Y, i16, i32>(y, a, b, n, mA, mB, constant);
    case 6: return sumInteger<Y, i32, i8>(y, a, b, n, mA, mB, constant);
    case 7: return sumInteger<Y, i32, i16>(y, a, b, n, mA, mB, constant);
    default: return sumInteger<Y, i32, i32>(y, a, b, n, mA, mB, constant);
  }
}

/** sumSplit for dtype numbers; those of a and b are 0 or 1. */
export function sumInParts(
  y: usize,
  yType: i32,
  a: usize,
  aType: i32,
  b: usize,
  bType: i32,
  n: i32,
  mA: i32,
  mB: i32,
  constant: i32,
  shift: i32,
): void {
  if (yType == 0) sumInPartsTo<i8>(y, a, b, 2 * aType + bType, n, mA, mB, constant, shift);
  else if (yType == 1) sumInPartsTo<i16>(y, a, b, 2 * aType + bType, n, mA, mB, constant, shift);
  else sumInPartsTo<i32>(y, a, b, 2 * aType + bType, n, mA, mB, constant, shift);
}

function sumInPartsTo<Y>(
  y: usize,
  a: usize,
  b: usize,
  types: i32,
  n: i32,
  mA: i32,
  mB: i32,
  constant: i32,
  shift: i32,
): void {
  if (types == 0) sumSplit<Y, i8, i8>(y, a, b, n, mA, mB, constant, shift);
  else if (types == 1) sumSplit<Y, i8, i16>(y, a, b, n, mA, mB, constant, shift);
  else if (types == 2) sumSplit<Y, i16, i8>(y, a, b, n, mA, mB, constant, shift);
  else sumSplit<Y, i16, i16>(y, a, b, n, mA, mB, constant, shift);
}

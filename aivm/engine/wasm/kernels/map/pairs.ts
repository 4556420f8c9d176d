/** Rows of add and mul for dtype numbers of y, a and b (AssemblyScript): the choice among the compiled rows. */
import { productRow, sumRow } from "./affine";

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
    case 0: return productRow<Y, i8, i8>(y, a, b, n, zA, zB, factor);
    case 1: return productRow<Y, i8, i16>(y, a, b, n, zA, zB, factor);
    case 2: return productRow<Y, i8, i32>(y, a, b, n, zA, zB, factor);
    case 3: return productRow<Y, i16, i8>(y, a, b, n, zA, zB, factor);
    case 4: return productRow<Y, i16, i16>(y, a, b, n, zA, zB, factor);
    case 5: return productRow<Y, i16, i32>(y, a, b, n, zA, zB, factor);
    case 6: return productRow<Y, i32, i8>(y, a, b, n, zA, zB, factor);
    case 7: return productRow<Y, i32, i16>(y, a, b, n, zA, zB, factor);
    default: return productRow<Y, i32, i32>(y, a, b, n, zA, zB, factor);
  }
}

/** Storing finished values (AssemblyScript). */
import { loadElement, storeElement } from "./step";

/** Stores the first `lanes` channels of i32 [pixels][8], in y's range, as elements of y; the rest as in finishSums. */
export function storeRows(
  from: usize,
  pixels: i32,
  lanes: i32,
  y: usize,
  dtype: i32,
  element: usize,
  stride: usize,
): void {
  const end = from + (<usize>pixels << 5);
  let to = y + (element << dtype);
  const step = stride << dtype;
  if (lanes < 8) {
    for (; from < end; from += 32, element += stride) {
      for (let lane = 0; lane < lanes; lane++) {
        storeElement(y, dtype, <i32>element + lane, load<i32>(from + (<usize>lane << 2)));
      }
    }
  } else if (dtype == 0) {
    for (; from < end; from += 32, to += step) {
      const v = i16x8.narrow_i32x4_s(v128.load(from), v128.load(from, 16));
      v128.store64_lane(to, i8x16.narrow_i16x8_s(v, v), 0);
    }
  } else if (dtype == 1) {
    for (; from < end; from += 32, to += step) {
      v128.store(to, i16x8.narrow_i32x4_s(v128.load(from), v128.load(from, 16)));
    }
  } else {
    for (; from < end; from += 32, to += step) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** Stores table[v + 128] in place of v. */
export function storeTable(
  from: usize,
  pixels: i32,
  lanes: i32,
  table: usize,
  y: usize,
  dtype: i32,
  element: usize,
  stride: usize,
): void {
  const end = from + (<usize>pixels << 5);
  const step = stride << dtype;
  let to = y + (element << dtype);
  if (dtype == 0) {
    const middle = table + 128;
    for (; from < end; from += 32, to += step) {
      for (let lane = 0; lane < lanes; lane++) {
        store<u8>(to + <usize>lane, load<u8>(middle + <usize>load<i32>(from + (<usize>lane << 2))));
      }
    }
    return;
  }
  for (; from < end; from += 32, element += stride) {
    for (let lane = 0; lane < lanes; lane++) {
      const value = loadElement(table, dtype, load<i32>(from + (<usize>lane << 2)) + 128);
      storeElement(y, dtype, <i32>element + lane, value);
    }
  }
}

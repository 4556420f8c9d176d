/** Moving and filling bytes (AssemblyScript). */

/** From this many bytes on the host's own copy is worth its call. */
const LONG: i32 = 512;

/** Copies n bytes; the two do not overlap. */
export function moveBytes(to: usize, from: usize, n: i32): void {
  if (n >= LONG) {
    memory.copy(to, from, n);
  } else if (n >= 16) {
    const last = <usize>n - 16;
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
    v128.store(to + last, v128.load(from + last));
  } else {
    moveFew(to, from, n);
  }
}

/** Copies fewer than 16 bytes: two words that may overlap, or one by one. */
function moveFew(to: usize, from: usize, n: i32): void {
  if (n >= 8) moveTwice<u64>(to, from, n - 8);
  else if (n >= 4) moveTwice<u32>(to, from, n - 4);
  else for (let i = 0; i < n; i++) store<u8>(to + i, load<u8>(from + i));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function moveTwice<T>(to: usize, from: usize, last: i32): void {
  const first = load<T>(from);
  store<T>(to + last, load<T>(from + last));
  store<T>(to, first);
}

/** Fills n elements of 1 << dtype bytes with the low bytes of `value`. */
export function fillElements(to: usize, dtype: i32, value: i32, n: i32): void {
  const lanes = dtype == 0 ? i8x16.splat(<i8>value) : dtype == 1 ? i16x8.splat(<i16>value) : i32x4.splat(value);
  const end = to + (<usize>n << dtype);
  for (; to + 16 <= end; to += 16) v128.store(to, lanes);
  for (; to < end; to += <usize>1 << dtype) {
    if (dtype == 0) store<i8>(to, <i8>value);
    else if (dtype == 1) store<i16>(to, <i16>value);
    else store<i32>(to, value);
  }
}

/**
 * Kinds of map that work on i32 buffers, results included (AssemblyScript): rows of n elements at y, a, b, c. Those with
 * vectors compute in fours: buffers have room for a multiple.
 */

/** Condition a: b where it is not 0, c where it is 0. */
export function where(y: usize, a: usize, b: usize, c: usize, n: i32): void {
  const none = i32x4.splat(0);
  let i: usize = 0;
  const end = <usize>n << 2;
  for (; i + 16 <= end; i += 16) {
    const isZero = i32x4.eq(v128.load(a + i), none);
    v128.store(y + i, v128.bitselect(v128.load(c + i), v128.load(b + i), isZero));
  }
  for (; i < end; i += 4) store<i32>(y + i, load<i32>(load<i32>(a + i) != 0 ? b + i : c + i));
}

/** relation 0: a = b, 1: a < b, 2: a <= b; 1 or 0, clamped. */
export function compare(y: usize, a: usize, b: usize, n: i32, relation: i32, lo: i32, hi: i32): void {
  const least = i32x4.splat(lo);
  const most = i32x4.splat(hi);
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const left = v128.load(a + i);
    const right = v128.load(b + i);
    const equal = i32x4.eq(left, right);
    const less = i32x4.lt_s(left, right);
    const holds = relation == 0 ? equal : relation == 1 ? less : v128.or(less, equal);
    v128.store(y + i, i32x4.min_s(i32x4.max_s(i32x4.neg(holds), least), most));
  }
}

/** kind 0: and, 1: or, 2: exclusive or. */
export function bitwise(y: usize, a: usize, b: usize, n: i32, kind: i32): void {
  let i: usize = 0;
  const end = <usize>n << 2;
  for (; i < end; i += 16) {
    const left = v128.load(a + i);
    const right = v128.load(b + i);
    const both = kind == 0 ? v128.and(left, right) : kind == 1 ? v128.or(left, right) : v128.xor(left, right);
    v128.store(y + i, both);
  }
}

/** Remainder: sign 0 the divisor's, 1 the dividend's; 0 by a divisor of 0. */
export function mod(y: usize, a: usize, b: usize, n: i32, sign: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4) {
    const divisor = load<i32>(b + i);
    let rest = divisor == 0 ? 0 : load<i32>(a + i) % divisor;
    if (sign == 0 && rest != 0 && (rest ^ divisor) < 0) rest += divisor;
    store<i32>(y + i, rest);
  }
}

/** a moved by b bits in words of `width` bits; direction 0 left, 1 right. */
export function shift(y: usize, a: usize, b: usize, n: i32, direction: i32, width: i32, signed: bool): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4) {
    const x = wrapped(load<i32>(a + i), width, signed);
    const by = min(max(load<i32>(b + i), 0), width);
    store<i32>(y + i, wrapped(direction == 0 ? leftBy(x, by) : rightBy(x, by, width, signed), width, signed));
  }
}

/** The lowest bits of a value as a number of the word. */
function wrapped(value: i32, width: i32, signed: bool): i32 {
  const unused = 32 - width;
  return signed ? (value << unused) >> unused : <i32>((<u32>value << unused) >> unused);
}

/** The instructions look at five bits of the amount only. */
function leftBy(x: i32, by: i32): i32 {
  return by >= 32 ? 0 : x << by;
}

function rightBy(x: i32, by: i32, width: i32, signed: bool): i32 {
  if (signed) return x >> min(by, 31);
  return by >= width ? 0 : <i32>(<u32>x >> by);
}

/** Products of few rows of a by rows of b as they lie (AssemblyScript): where packing b would cost more than the product. */

/** 8 elements as i16. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function load8<T>(from: usize): v128 {
  return sizeof<T>() == 1 ? v128.load8x8_s(from) : v128.load(from);
}

/**
 * acc i32 [8] = start i32 [8] + sums of x x b over k: x i16 [k], b `lanes` <= 8 rows of T (i8 or i16) whose elements are
 * neighbours, `rowStride` elements apart. Lanes beyond are anything.
 */
export function rowByRows<T>(
  x: usize,
  b: usize,
  rowStride: i32,
  lanes: i32,
  k: i32,
  start: usize,
  acc: usize,
): void {
  const bytes = <isize>rowStride * sizeof<T>();
  const whole = x + (<usize>(k & ~7) << 1);
  for (let lane = 0; lane < lanes; lane += 4) {
    let r0 = b + <isize>lane * bytes;
    let r1 = b + <isize>min(lane + 1, lanes - 1) * bytes;
    let r2 = b + <isize>min(lane + 2, lanes - 1) * bytes;
    let r3 = b + <isize>min(lane + 3, lanes - 1) * bytes;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    let at = x;
    for (; at < whole; at += 16) {
      const v = v128.load(at);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v, load8<T>(r0)));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v, load8<T>(r1)));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v, load8<T>(r2)));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v, load8<T>(r3)));
      r0 += 8 * sizeof<T>();
      r1 += 8 * sizeof<T>();
      r2 += 8 * sizeof<T>();
      r3 += 8 * sizeof<T>();
    }
    let sums = i32x4.add(v128.load(start + (<usize>lane << 2)), laneSums(s0, s1, s2, s3));
    for (let i = k & 7; i > 0; i--, at += 2) {
      const products = i32x4(<i32>load<T>(r0), <i32>load<T>(r1), <i32>load<T>(r2), <i32>load<T>(r3));
      sums = i32x4.add(sums, i32x4.mul(i32x4.splat(<i32>load<i16>(at)), products));
      r0 += sizeof<T>();
      r1 += sizeof<T>();
      r2 += sizeof<T>();
      r3 += sizeof<T>();
    }
    v128.store(acc + (<usize>lane << 2), sums);
  }
}

/** The sums of the lanes of four vectors. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(
    i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
    i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31),
  );
  const cd = i32x4.add(
    i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
    i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31),
  );
  return i32x4.add(
    i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
}

/** The same for 8 rows of b that lie side by side, their elements `kStride` elements apart. */
export function rowByColumns<T>(x: usize, b: usize, kStride: i32, k: i32, start: usize, acc: usize): void {
  const step = <isize>kStride * sizeof<T>();
  let low = v128.load(start);
  let high = v128.load(start, 16);
  for (let i = k; i > 1; i -= 2, x += 4) {
    const pair = v128.load32_splat(x);
    const first = load8<T>(b);
    b += step;
    const second = load8<T>(b);
    b += step;
    const lower = i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
    const upper = i8x16.shuffle(first, second, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
    low = i32x4.add(low, i32x4.dot_i16x8_s(pair, lower));
    high = i32x4.add(high, i32x4.dot_i16x8_s(pair, upper));
  }
  if ((k & 1) != 0) {
    const last = load8<T>(b);
    const value = i32x4.splat(<i32>load<i16>(x));
    low = i32x4.add(low, i32x4.mul(value, i32x4.extend_low_i16x8_s(last)));
    high = i32x4.add(high, i32x4.mul(value, i32x4.extend_high_i16x8_s(last)));
  }
  v128.store(acc, low);
  v128.store(acc, high, 16);
}

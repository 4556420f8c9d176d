// Random matmul steps.
#pragma once
#include "convCases.h"

namespace densetest {

// Strides of a matrix of `rows` x `k` in a batch of sizes: row-major, transposed, or with heads between the two.
struct Layout {
  int64_t row, k, batch[4], elements, first;
};

inline Layout layoutOf(Random& r, const int64_t* sizes, int64_t rows, int64_t k, bool plainRows) {
  Layout l = {};
  int64_t total = 1;
  for (int i = 0; i < 4; i++) total *= sizes[i];
  const int style = plainRows ? static_cast<int>(r.in(0, 1)) * 2 : static_cast<int>(r.in(0, 3));
  int64_t batch = rows * k;
  l.row = k, l.k = 1;
  if (style == 1) l.row = 1, l.k = rows;
  if (style == 2) l.row = total * k, batch = k;              // [rows][batch][k]
  if (style == 3) l.row = 1, l.k = total * rows, batch = rows;  // [k][batch][rows]
  for (int i = 3; i >= 0; i--) l.batch[i] = batch, batch *= sizes[i];
  l.first = r.in(0, 3), l.elements = total * rows * k + l.first;
  if (!plainRows && r.one(5)) for (int i = 0; i < 4; i++) l.batch[i] = 0;
  return l;
}

inline Case matmulCase(uint64_t seed) {
  Random r = {seed};
  Case out;
  World& world = out.world;
  static const int64_t rowsOf[] = {1, 2, 3, 5, 6, 7, 13, 25, 30};
  static const int64_t columnsOf[] = {1, 3, 8, 15, 16, 17, 33, 64, 65, 100};
  static const int64_t lengths[] = {1, 2, 3, 4, 5, 8, 16, 17, 31, 64, 65, 200, 700};
  const int64_t M = r.of(rowsOf), N = r.of(columnsOf), K = r.of(lengths);
  const int64_t sizes[4] = {1, r.in(1, 2), r.in(1, 2), r.in(1, 3)};
  const int aType = r.one(2), bType = r.one(2), yType = static_cast<int>(r.in(0, 2));
  const bool divides = r.one(2);
  const int64_t reachA = r.one(3) ? -lowest(aType) : r.in(1, -lowest(aType));
  const int64_t reachB = r.one(3) ? -lowest(bType) : r.in(1, -lowest(bType));
  const int64_t zeroA = r.one(2) ? 0 : r.in(-128, 127), zeroB = r.one(2) ? 0 : r.in(-128, 127);
  const double bound = static_cast<double>(K) * static_cast<double>(reachA + (zeroA < 0 ? -zeroA : zeroA)) * static_cast<double>(reachB + (zeroB < 0 ? -zeroB : zeroB));
  int64_t block = bound < 2147483648.0 ? 0 : 2147483647 / (reachA * reachB);
  if (block == 0 && bound >= 2147483648.0) block = 1;
  const Layout a = layoutOf(r, sizes, M, K, false), b = layoutOf(r, sizes, N, K, false), y = layoutOf(r, sizes, M, N, true);
  const Layout d = layoutOf(r, sizes, M, 1, true);
  const size_t aUnit = world.reserve(static_cast<size_t>(a.elements) << aType), bUnit = world.reserve(static_cast<size_t>(b.elements) << bType);
  const size_t dUnit = world.reserve(static_cast<size_t>(d.elements) * 4), yUnit = world.reserve(static_cast<size_t>(y.elements) << yType);
  world.build();
  uint8_t *pa = world.arena + aUnit * 64, *pb = world.arena + bUnit * 64, *pd = world.arena + dUnit * 64;
  fill(r, pa, aType, a.elements, clampTo(-reachA, lowest(aType), 0), clampTo(reachA, 0, highest(aType)));
  fill(r, pb, bType, b.elements, clampTo(-reachB, lowest(bType), 0), clampTo(reachB, 0, highest(bType)));
  const int64_t dReach = r.one(3) ? INT32_MAX : r.in(1, 100000);
  fill(r, pd, 2, d.elements, -dReach, dReach);
  if (r.one(3)) for (int64_t i = 0; i < d.elements; i++) if (r.one(3)) put(pd, 2, i, 0);
  int64_t m = multiplierFor(r, bound * 2), shift = shiftFor(r, bound, m, static_cast<double>(highest(yType)));
  if (divides) {
    shift = r.one(3) ? 0 : r.in(-12, 12);
    while (shift < 0 && bound * static_cast<double>(m) * static_cast<double>(INT64_C(1) << -shift) > 4503599627370496.0) m > 1 ? m /= 2 : shift++;
  }
  const int64_t zero = r.one(4) ? r.in(-32768, 32767) : r.in(-128, 127);
  const Range range = rangeOf(r, yType);
  out.step.assign(53, 0);
  int32_t* step = out.step.data();
  step[0] = 3, step[1] = 53, step[2] = 1;
  setRef(step + 4, 1, aType, static_cast<int64_t>(aUnit), a.first), setRef(step + 7, 1, bType, static_cast<int64_t>(bUnit), b.first);
  if (divides) setRef(step + 10, 1, 2, static_cast<int64_t>(dUnit), d.first);
  setRef(step + 13, 1, yType, static_cast<int64_t>(yUnit), y.first);
  for (int i = 0; i < 4; i++) {
    step[16 + i] = static_cast<int32_t>(sizes[i]), step[20 + i] = static_cast<int32_t>(a.batch[i]);
    step[24 + i] = static_cast<int32_t>(b.batch[i]), step[28 + i] = static_cast<int32_t>(d.batch[i]), step[32 + i] = static_cast<int32_t>(y.batch[i]);
  }
  const int64_t words[] = {M, N, K, a.row, a.k, b.row, b.k, d.row, y.row, zeroA, zeroB, m, shift, zero, range.lo, range.hi, block};
  for (int i = 0; i < 17; i++) step[36 + i] = static_cast<int32_t>(words[i]);
  out.yAt = yUnit * 64, out.yBytes = static_cast<size_t>(y.elements) << yType, out.packs = false;
  out.want.assign(out.yBytes, 0xa5);
  for (int64_t batch = 0; batch < sizes[1] * sizes[2] * sizes[3]; batch++) {
    const int64_t at[4] = {0, batch / sizes[3] / sizes[2], batch / sizes[3] % sizes[2], batch % sizes[3]};
    int64_t oa = a.first, ob = b.first, od = d.first, oy = y.first;
    for (int i = 0; i < 4; i++) oa += at[i] * a.batch[i], ob += at[i] * b.batch[i], od += at[i] * d.batch[i], oy += at[i] * y.batch[i];
    for (int64_t row = 0; row < M; row++)
      for (int64_t n = 0; n < N; n++) {
        int64_t sum = 0;
        for (int64_t k = 0; k < K; k++)
          sum += (get(pa, aType, oa + row * a.row + k * a.k) - zeroA) * (get(pb, bType, ob + n * b.row + k * b.k) - zeroB);
        int64_t v;
        if (!divides) v = zero + rne(static_cast<__int128>(sum) * m, static_cast<int>(shift));
        else {
          const __int128 num = static_cast<__int128>(sum) * m * (INT64_C(1) << (shift < 0 ? -shift : 0));
          const __int128 den = static_cast<__int128>(get(pd, 2, od + row * d.row)) * (INT64_C(1) << (shift > 0 ? shift : 0));
          v = den != 0 ? zero + divideEven(num, den) : num > 0 ? range.hi : num < 0 ? range.lo : zero;
        }
        put(out.want.data(), yType, oy + row * y.row + n, clampTo(v, range.lo, range.hi));
      }
  }
  return out;
}

}  // namespace densetest

// Random conv and convAny steps.
#pragma once
#include "denseCases.h"

namespace densetest {

struct ConvShape {
  int64_t N, H, W, C, OH, OW, Cout, kH, kW, sH, sW, pT, pL, dH, dW, groups;
};

inline ConvShape convShape(Random& r) {
  static const int64_t odd[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 31, 32, 33, 64, 65, 96};
  ConvShape s = {};
  const int style = static_cast<int>(r.in(0, 5));
  s.N = r.one(4) ? 2 : 1, s.kH = r.in(1, 4), s.kW = r.in(1, 4);
  s.sH = r.in(1, 2), s.sW = r.in(1, 3), s.dH = r.one(3) ? 2 : 1, s.dW = r.one(3) ? 3 : 1;
  s.pT = r.in(0, 2), s.pL = r.in(0, 2), s.groups = 1, s.C = r.of(odd), s.Cout = r.of(odd);
  if (style == 0) s.kH = s.kW = s.sH = s.sW = 1, s.pT = s.pL = 0;
  if (style == 1) s.groups = s.C, s.Cout = s.C * (r.one(4) ? 2 : 1);
  if (style == 2) s.groups = r.in(2, 3), s.C = s.groups * r.in(1, 9), s.Cout = s.groups * r.in(1, 20);
  if (style == 3) s.kH = s.kW = 3, s.dH = s.dW = 1, s.C = r.of(odd), s.groups = s.C, s.Cout = s.C, s.sW = s.sH;
  s.OH = r.in(1, 6), s.OW = r.in(1, 9);
  // The smallest input that has OH x OW windows, less what padding at the bottom and right gives, plus what is over.
  s.H = (s.OH - 1) * s.sH + (s.kH - 1) * s.dH + 1 - s.pT - r.in(0, 1), s.W = (s.OW - 1) * s.sW + (s.kW - 1) * s.dW + 1 - s.pL - r.in(0, 1);
  if (style == 0) s.H = (s.OH - 1) + 1, s.W = s.OW;
  s.H = s.H < 1 ? 1 : s.H, s.W = s.W < 1 ? 1 : s.W;
  if (style == 0 && r.one(2)) {  // a matrix product, long rows
    static const int64_t lengths[] = {1, 3, 27, 64, 100, 255, 256, 512, 1001, 1500};
    s.N = s.OH = s.H = 1, s.W = s.OW = r.in(1, 40), s.C = r.of(lengths), s.Cout = r.one(6) ? 1001 : r.of(odd);
  }
  return s;
}

inline int64_t convSum(const ConvShape& s, const uint8_t* x, int xType, const uint8_t* w, int wType, int64_t pad,
                       int64_t n, int64_t oy, int64_t ox, int64_t o) {
  const int64_t in = s.C / s.groups, first = o / (s.Cout / s.groups) * in;
  int64_t sum = 0;
  for (int64_t i = 0; i < s.kH; i++)
    for (int64_t j = 0; j < s.kW; j++) {
      const int64_t y = oy * s.sH - s.pT + i * s.dH, c = ox * s.sW - s.pL + j * s.dW;
      const bool inside = y >= 0 && y < s.H && c >= 0 && c < s.W;
      for (int64_t k = 0; k < in; k++) {
        const int64_t value = inside ? get(x, xType, ((n * s.H + y) * s.W + c) * s.C + first + k) : pad;
        sum += value * get(w, wType, ((o * s.kH + i) * s.kW + j) * in + k);
      }
    }
  return sum;
}

// Largest multiplier, in bits, with bound x multiplier <= 2^53.
inline int64_t multiplierFor(Random& r, double bound) {
  int64_t most = 2097151;
  while (most > 0 && bound * static_cast<double>(most) > 9007199254740992.0) most /= 2;
  return r.one(6) ? most : r.one(12) ? 0 : r.in(0, most);
}

// A shift that brings `bound` to about the range of y, or any.
inline int64_t shiftFor(Random& r, double bound, int64_t multiplier, double range) {
  if (r.one(10)) return r.one(2) ? 62 : r.in(0, 62);
  int64_t shift = 0;
  while (shift < 62 && bound * static_cast<double>(multiplier) / static_cast<double>(1ull << shift) > range * 2) shift++;
  return clampTo(shift - r.in(0, 6), 0, 62);
}

struct Range {
  int64_t lo, hi;
};
inline Range rangeOf(Random& r, int dtype) {
  Range range = {lowest(dtype), highest(dtype)};
  if (r.one(2)) return range;
  if (r.one(2)) range.lo = r.in(range.lo, 0);
  if (r.one(2)) range.hi = r.in(range.lo < 0 ? 0 : range.lo, range.hi);
  return range;
}

struct Epilogue {
  int kind = 0, otherType = 0;
  int64_t mOwn = 0, mOther = 0, offset = 0, shift = 0, zero = 0;
  Range range = {0, 0};
};

inline Epilogue epilogueOf(Random& r, int yType) {
  Epilogue e;
  e.kind = static_cast<int>(r.in(0, 2)), e.otherType = static_cast<int>(r.in(0, 2));
  if (e.kind != 1) return e;
  e.mOwn = r.in(-2097151, 2097151), e.mOther = r.in(-2097151, 2097151), e.offset = r.in(INT32_MIN, INT32_MAX);
  if (r.one(3)) e.mOwn = 1, e.mOther = 1, e.offset = 0;  // many ties
  e.shift = r.one(3) ? r.in(0, 2) : r.in(10, 50), e.zero = r.one(3) ? r.in(-32768, 32767) : r.in(-3, 3);
  e.range = rangeOf(r, yType);
  return e;
}

inline int64_t epilogueValue(const Epilogue& e, int64_t v, const uint8_t* other, int yType, int64_t at) {
  if (e.kind == 0) return v;
  if (e.kind == 2) return get(other, yType, v + 128);
  const __int128 sum = static_cast<__int128>(v) * e.mOwn + static_cast<__int128>(get(other, e.otherType, at)) * e.mOther + e.offset;
  return clampTo(e.zero + rne(sum, static_cast<int>(e.shift)), e.range.lo, e.range.hi);
}

// A matrix product of one input channel: acc is the bias plus a small number.
inline ConvShape roundingShape(Random& r) {
  static const int64_t channels[] = {1, 7, 16, 24, 33, 48, 64, 65, 96};
  const int64_t rows = r.in(1, 30);
  return {1, 1, rows, 1, 1, rows, r.of(channels), 1, 1, 1, 1, 0, 0, 1, 1, 1};
}

// An accumulator whose product with m (odd) is at, or next to, a tie of a shift by s; or an end of the numbers that f32
// has exactly. At most `most` in size.
inline int64_t nearTie(Random& r, int64_t m, int64_t s, int64_t most) {
  static const int64_t ends[] = {1 << 24, (1 << 24) + 1, (1 << 25) + 1, (1 << 26) - 1};
  if (r.one(6)) return clampTo(r.of(ends) * (r.one(2) ? 1 : -1), -most, most);
  const uint64_t mask = (1ull << s) - 1;
  uint64_t inverse = 1;
  for (int i = 0; i < 6; i++) inverse *= 2 - static_cast<uint64_t>(m) * inverse;
  const int64_t acc = static_cast<int64_t>((((1ull << s) / 2 + static_cast<uint64_t>(r.in(-1, 1))) * inverse) & mask);
  const int64_t turns = (most - acc) >> s;
  const int64_t value = turns > 0 ? acc + (r.in(0, turns) << s) : acc;
  return clampTo(r.one(2) ? value : -value, -most, most);
}

// Bias, multiplier and shift of each channel for roundingShape.
inline void tieChannels(Random& r, int64_t channels, int yType, uint8_t* bias, uint8_t* multiplier, uint8_t* shift) {
  const int bits = yType == 0 ? 7 : yType == 1 ? 15 : 21;
  const int64_t most = r.one(3) ? (INT64_C(1) << 31) - (1 << 17) : INT64_C(1) << r.in(23, 26);
  const bool smallFactors = r.one(2);  // at most 1/8
  for (int64_t o = 0; o < channels; o++) {
    const int64_t m = r.in(0, (1 << (bits - 1)) - 1) * 2 + 1, s = r.in(smallFactors ? bits + 3 : 1, 30);
    put(bias, 2, o, nearTie(r, m, s, most)), put(multiplier, 2, o, m), put(shift, 0, o, s);
  }
}

enum class Kind { conv, any, rounding };

// A step and its result.
inline Case convCase(uint64_t seed, Kind kind) {
  Random r = {seed};
  Case out;
  World& world = out.world;
  const bool any = kind == Kind::any, rounding = kind == Kind::rounding;
  const ConvShape s = rounding ? roundingShape(r) : convShape(r);
  const int xType = r.one(2), wType = r.one(4), in = static_cast<int>(s.kH * s.kW * s.C / s.groups);
  int yType = static_cast<int>(r.in(0, 2));
  const Epilogue e = any || (rounding && !r.one(4)) ? Epilogue() : epilogueOf(r, yType);
  const int vType = e.kind == 2 ? 0 : e.kind == 1 ? static_cast<int>(r.in(0, 2)) : yType;
  const int64_t reach = rounding ? 2 : r.one(3) ? -lowest(xType) : r.in(1, -lowest(xType));
  const int64_t wReach = rounding ? 1 : r.one(3) ? -lowest(wType) : r.in(1, -lowest(wType));
  const int64_t biasReach = r.one(8) ? INT32_MAX : r.in(0, 1 << 20);
  const double bound = static_cast<double>(in) * static_cast<double>(reach) * static_cast<double>(wReach) + static_cast<double>(biasReach);
  int64_t block = (INT64_C(1) << 31) - 1;
  block = rounding || bound < 2147483648.0 ? 0 : block / (reach * wReach);
  if (!rounding && block == 0 && bound >= 2147483648.0) block = 1;
  const int64_t pad = clampTo(r.one(2) ? -reach : r.in(-reach, reach), lowest(xType), highest(xType));
  const int64_t xs = s.N * s.H * s.W * s.C, ws = s.Cout * in, ys = s.N * s.OH * s.OW * s.Cout;
  const size_t xUnit = world.reserve(static_cast<size_t>(xs) << xType);
  const size_t yUnit = world.reserve(static_cast<size_t>(ys) << yType);
  const size_t otherUnit = e.kind == 1 ? world.reserve(static_cast<size_t>(ys) << e.otherType) : 0;
  world.build();
  uint8_t* x = world.arena + xUnit * 64;
  fill(r, x, xType, xs, clampTo(-reach, lowest(xType), 0), clampTo(reach, 0, highest(xType)));
  uint8_t* w = world.constant(static_cast<size_t>(ws) << wType);
  fill(r, w, wType, ws, clampTo(-wReach, lowest(wType), 0), clampTo(wReach, 0, highest(wType)));
  uint8_t* bias = world.constant(static_cast<size_t>(s.Cout) * 4);
  fill(r, bias, 2, s.Cout, -biasReach, biasReach);
  uint8_t* multiplier = world.constant(static_cast<size_t>(s.Cout) * 4);
  uint8_t* shift = world.constant(static_cast<size_t>(s.Cout));
  for (int64_t o = 0; o < s.Cout; o++) {
    int64_t m = multiplierFor(r, bound), sh = shiftFor(r, bound, m, static_cast<double>(highest(vType)));
    if (r.one(8)) m = 1, sh = r.in(0, 3);  // ties
    put(multiplier, 2, o, m), put(shift, 0, o, sh);
    if (any && r.one(4)) put(multiplier, 2, o, r.one(2) ? -5 : INT32_MIN), put(shift, 0, o, r.in(-128, 127));
  }
  if (rounding) {
    for (int64_t i = 0; i < ws; i++) put(w, wType, i, 1);
    tieChannels(r, s.Cout, vType, bias, multiplier, shift);
  }
  uint8_t* other = world.arena + otherUnit * 64;
  if (e.kind == 1) fill(r, other, e.otherType, ys, lowest(e.otherType), highest(e.otherType));
  if (e.kind == 2) {
    other = world.constant(static_cast<size_t>(256) << yType);
    fill(r, other, yType, 256, lowest(yType), highest(yType));
  }
  const int64_t zero = r.one(4) ? r.in(-32768, 32767) : r.in(-128, 127);
  const Range range = rangeOf(r, vType);
  out.step.assign(54, 0);
  int32_t* step = out.step.data();
  step[0] = any ? 2 : 1, step[1] = 54, step[2] = 1, step[3] = 0;
  setRef(step + 4, 1, xType, static_cast<int64_t>(xUnit), 0), setRef(step + 7, 2, wType, 0, 0);
  setRef(step + 10, 2, 2, 1, 0), setRef(step + 13, 2, 2, 2, 0), setRef(step + 16, 2, 0, 3, 0);
  setRef(step + 19, 1, yType, static_cast<int64_t>(yUnit), 0);
  const int64_t words[] = {s.N, s.H, s.W, s.C, s.OH, s.OW, s.Cout, s.kH, s.kW, s.sH, s.sW, s.pT, s.pL, s.dH, s.dW, s.groups, pad, zero, range.lo, range.hi, block, e.kind};
  for (int i = 0; i < 22; i++) step[22 + i] = static_cast<int32_t>(words[i]);
  if (e.kind == 1) setRef(step + 44, 1, e.otherType, static_cast<int64_t>(otherUnit), 0);
  if (e.kind == 2) setRef(step + 44, 2, yType, 4, 0);
  const int64_t tail[] = {e.mOwn, e.mOther, e.offset, e.shift, e.zero, e.range.lo, e.range.hi};
  for (int i = 0; i < 7; i++) step[47 + i] = static_cast<int32_t>(tail[i]);
  out.yAt = yUnit * 64, out.yBytes = static_cast<size_t>(ys) << yType, out.packs = !any;
  out.want.assign(out.yBytes, 0);
  for (int64_t at = 0; at < ys; at++) {
    const int64_t o = at % s.Cout, pixel = at / s.Cout;
    const int64_t acc = get(bias, 2, o) + convSum(s, x, xType, w, wType, pad, pixel / s.OW / s.OH, pixel / s.OW % s.OH, pixel % s.OW, o);
    const int64_t m = clampTo(get(multiplier, 2, o), 0, 2097151), sh = clampTo(get(shift, 0, o), 0, 62);
    const int64_t v = clampTo(zero + rne(static_cast<__int128>(acc) * m, static_cast<int>(sh)), range.lo, range.hi);
    put(out.want.data(), yType, at, epilogueValue(e, v, other, yType, at));
  }
  return out;
}

}  // namespace densetest

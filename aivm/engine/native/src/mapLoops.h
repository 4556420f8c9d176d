// The arithmetic of map, over chunks of int32; f64 is exact by the bounds that loading has proven.
#pragma once
#include <cmath>

#include "step.h"

namespace aivm {

// Chunks of the operands, the eight parameter words, the chunk of results.
using MapLoop = void (*)(const int32_t* a, const int32_t* b, const int32_t* c, const int32_t* words,
                         int32_t* __restrict out, int count);

static void addLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                    int32_t* __restrict out, int count) {
  const double mA = words[0], mB = words[1], offset = words[2];
  const Requant to = requantOf(1, words[3], words[4], words[5], words[6]);
  for (int i = 0; i < count; i++)
    out[i] = static_cast<int32_t>(requantize(a[i] * mA + b[i] * mB + offset, to));
}

// RNE(value / 2^shift) in 32 bits; half is 2^shift / 2, rounded down.
static inline int32_t roundShift(int32_t value, int shift, int32_t half) {
  const int32_t up = half > 0 ? half - 1 + (value >> shift & 1) : 0;
  return (value + up) >> shift;
}

// Whether a sum of at most `bound`, its rounding and its zero point stay within 32 bits.
static inline bool fitsWord(double bound, int32_t shift) {
  return shift < 30 && bound + powerOfTwo(shift) + 65536 < 2147483648.0;
}

static inline int32_t clampWord(int32_t value, int32_t lo, int32_t hi) {
  value = value < lo ? lo : value;
  return value > hi ? hi : value;
}

// add and rescale where every sum fits 32 bits: twice as many lanes as f64 has.
static void addWordLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                        int32_t* __restrict out, int count) {
  const int32_t mA = words[0], mB = words[1], offset = words[2], zero = words[4], lo = words[5], hi = words[6];
  const int shift = words[3];
  const int32_t half = (1 << shift) >> 1;
  for (int i = 0; i < count; i++)
    out[i] = clampWord(roundShift(a[i] * mA + b[i] * mB + offset, shift, half) + zero, lo, hi);
}

static void rescaleWordLoop(const int32_t* a, const int32_t*, const int32_t*, const int32_t* words,
                            int32_t* __restrict out, int count) {
  const int32_t zeroX = words[0], multiplier = words[1], zero = words[3], lo = words[4], hi = words[5];
  const int shift = words[2];
  const int32_t half = (1 << shift) >> 1;
  for (int i = 0; i < count; i++)
    out[i] = clampWord(roundShift((a[i] - zeroX) * multiplier, shift, half) + zero, lo, hi);
}

static void mulLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                    int32_t* __restrict out, int count) {
  const double zeroA = words[0], zeroB = words[1];
  const Requant to = requantAt(words + 2);
  for (int i = 0; i < count; i++)
    out[i] = static_cast<int32_t>(requantize((a[i] - zeroA) * (b[i] - zeroB), to));
}

static void rescaleLoop(const int32_t* a, const int32_t*, const int32_t*, const int32_t* words,
                        int32_t* __restrict out, int count) {
  const double zeroX = words[0];
  const Requant to = requantAt(words + 1);
  for (int i = 0; i < count; i++) out[i] = static_cast<int32_t>(requantize(a[i] - zeroX, to));
}

static void whereLoop(const int32_t* a, const int32_t* b, const int32_t* c, const int32_t*,
                      int32_t* __restrict out, int count) {
  for (int i = 0; i < count; i++) out[i] = a[i] != 0 ? b[i] : c[i];
}

static void compareLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                        int32_t* __restrict out, int count) {
  if (words[0] == 0) {
    for (int i = 0; i < count; i++) out[i] = a[i] == b[i];
  } else if (words[0] == 1) {
    for (int i = 0; i < count; i++) out[i] = a[i] < b[i];
  } else {
    for (int i = 0; i < count; i++) out[i] = a[i] <= b[i];
  }
}

// The dividend is at most 2^52 and the divisor at most 2^53, so the f64 quotient lies on the same side of every integer
// and of every half as the exact one. By 0 it is an infinity, which the clamp takes to an end, or NaN for 0 / 0.
static void divLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                    int32_t* __restrict out, int count) {
  const double zeroA = words[0], zeroB = words[1];
  const double factor = words[2] * powerOfTwo(words[3] < 0 ? -words[3] : 0);
  const double scale = powerOfTwo(words[3] > 0 ? words[3] : 0);
  const Requant to = requantOf(1, 0, words[4], words[6], words[7]);
  const int rounding = words[5];
  for (int i = 0; i < count; i++) {
    const double dividend = (a[i] - zeroA) * factor;
    const double divisor = (b[i] - zeroB) * scale;
    double quotient = dividend / divisor;
    quotient = dividend == 0 ? 0 : quotient;
    if (rounding == 0) {
      out[i] = static_cast<int32_t>(requantize(quotient, to));
      continue;
    }
    quotient = quotient < to.low ? to.low : quotient;
    quotient = quotient > to.high ? to.high : quotient;
    out[i] = static_cast<int32_t>((rounding == 1 ? std::trunc(quotient) : std::floor(quotient)) + to.zero);
  }
}

// Both are below 2^32: the quotient's integer part is exact in f64, and so is the product.
static void modLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                    int32_t* __restrict out, int count) {
  const bool ofDivisor = words[0] == 0;
  for (int i = 0; i < count; i++) {
    const double dividend = a[i], divisor = b[i];
    const double rest = dividend - divisor * std::trunc(dividend / (divisor == 0 ? 1 : divisor));
    const bool wraps = ofDivisor && rest != 0 && (rest < 0) != (divisor < 0);
    out[i] = divisor == 0 ? 0 : static_cast<int32_t>(wraps ? rest + divisor : rest);
  }
}

static void isqrtLoop(const int32_t* a, const int32_t*, const int32_t*, const int32_t* words,
                      int32_t* __restrict out, int count) {
  const double zeroX = words[0], unit = powerOfTwo(words[1]);
  const Requant to = requantAt(words + 2);
  for (int i = 0; i < count; i++) {
    double argument = (a[i] - zeroX) * unit;
    argument = argument > 0 ? argument : 0;
    // The rounded f64 root is off by at most one: (root - 1/2)^2 = root x (root - 1) + 1/4 tells which is nearest.
    double root = std::sqrt(argument) + kMagic - kMagic;
    const double less = root > 0 && root * (root - 1) >= argument ? 1 : 0;
    const double more = root * (root + 1) < argument ? 1 : 0;
    root = root - less + more;
    out[i] = static_cast<int32_t>(requantize(root, to));
  }
}

static void bitwiseLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                        int32_t* __restrict out, int count) {
  if (words[0] == 0) {
    for (int i = 0; i < count; i++) out[i] = a[i] & b[i];
  } else if (words[0] == 1) {
    for (int i = 0; i < count; i++) out[i] = a[i] | b[i];
  } else {
    for (int i = 0; i < count; i++) out[i] = a[i] ^ b[i];
  }
}

// The lowest `width` bits of an int32 as a number of the word; for 32 bits the int32 itself.
static inline int32_t wrapWord(uint32_t value, int width, bool isSigned) {
  const int unused = 32 - width;
  if (isSigned || unused == 0) return static_cast<int32_t>(value << unused) >> unused;
  return static_cast<int32_t>(value & ((1u << width) - 1));
}

static void shiftLoop(const int32_t* a, const int32_t* b, const int32_t*, const int32_t* words,
                      int32_t* __restrict out, int count) {
  const bool left = words[0] == 0, isSigned = words[2] == 1;
  const int width = words[1];
  for (int i = 0; i < count; i++) {
    const int32_t x = wrapWord(static_cast<uint32_t>(a[i]), width, isSigned);
    const int by = b[i] < 0 ? 0 : b[i] > width ? width : b[i];
    const uint32_t bits = static_cast<uint32_t>(x);
    const uint32_t down = by >= width ? 0 : bits >> by;
    const int32_t arithmetic = x >> (by > 31 ? 31 : by);
    const uint32_t up = by >= 32 ? 0 : bits << (by & 31);
    out[i] = wrapWord(left ? up : isSigned ? static_cast<uint32_t>(arithmetic) : down, width, isSigned);
  }
}

}  // namespace aivm

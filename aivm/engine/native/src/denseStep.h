// Words of conv, convAny and matmul steps as structs. Everything here and in the other dense*.h files but dense.h has
// internal linkage: each level compiles its own copy with its own instruction set, and no linker may mix them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dense.h"

namespace aivm {
namespace {

template <class T>
inline T least(T a, T b) { return a < b ? a : b; }
template <class T>
inline T most(T a, T b) { return a > b ? a : b; }
inline int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Bytes of so many elements; either sign.
inline int64_t bytesOf(int64_t elements, int dtype) { return elements * (INT64_C(1) << dtype); }

// A REF of a step.
struct Ref {
  int place;  // 0 none, 1 arena, 2 constant
  int dtype;  // 0 i8, 1 i16, 2 i32
  int64_t unit;
  int64_t first;
};

inline Ref refAt(const int32_t* words) { return {words[0] & 3, words[0] >> 2, words[1], words[2]}; }

inline uint8_t* addressIn(const Ref& ref, uint8_t* arena, const uint8_t* const* constants) {
  if (ref.place == 0) return nullptr;
  const int64_t first = bytesOf(ref.first, ref.dtype);
  if (ref.place == 1) return arena + (ref.unit & 0xffffffff) * 64 + first;
  return const_cast<uint8_t*>(constants[ref.unit]) + first;
}

inline int32_t elementAt(const uint8_t* data, int dtype, int64_t index) {
  if (dtype == 0) return reinterpret_cast<const int8_t*>(data)[index];
  if (dtype == 1) return reinterpret_cast<const int16_t*>(data)[index];
  return reinterpret_cast<const int32_t*>(data)[index];
}

inline double twoTo(int exponent) {
  const uint64_t bits = static_cast<uint64_t>(1023 + exponent) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

struct EpilogueWords {
  int kind;  // 0 none, 1 residual add, 2 table
  Ref ref;
  int mOwn, mOther, offset, shift, zero, lo, hi;
};

struct ConvStep {
  Ref x, w, bias, multiplier, shift, y;
  int64_t N, H, W, C, OH, OW, Cout, kernelH, kernelW, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups;
  int padValue, zero, lo, hi, block;
  EpilogueWords epilogue;
};

inline ConvStep convStep(const int32_t* s) {
  ConvStep c;
  c.x = refAt(s + 4), c.w = refAt(s + 7), c.bias = refAt(s + 10);
  c.multiplier = refAt(s + 13), c.shift = refAt(s + 16), c.y = refAt(s + 19);
  const int32_t* p = s + 22;
  c.N = p[0], c.H = p[1], c.W = p[2], c.C = p[3], c.OH = p[4], c.OW = p[5], c.Cout = p[6];
  c.kernelH = p[7], c.kernelW = p[8], c.strideH = p[9], c.strideW = p[10], c.padTop = p[11], c.padLeft = p[12];
  c.dilationH = p[13], c.dilationW = p[14], c.groups = p[15];
  c.padValue = p[16], c.zero = p[17], c.lo = p[18], c.hi = p[19], c.block = p[20];
  const int32_t* e = p + 21;
  c.epilogue = {e[0], refAt(e + 1), e[4], e[5], e[6], e[7], e[8], e[9], e[10]};
  return c;
}

struct MatmulStep {
  Ref a, b, d, y;
  int64_t sizes[4], strideA[4], strideB[4], strideD[4], strideY[4];
  int64_t M, N, K, rowA, kA, rowB, kB, rowD, rowY;
  int zeroA, zeroB, multiplier, shift, zero, lo, hi, block;
};

inline MatmulStep matmulStep(const int32_t* s) {
  MatmulStep m;
  m.a = refAt(s + 4), m.b = refAt(s + 7), m.d = refAt(s + 10), m.y = refAt(s + 13);
  for (int i = 0; i < 4; i++) {
    m.sizes[i] = s[16 + i], m.strideA[i] = s[20 + i], m.strideB[i] = s[24 + i];
    m.strideD[i] = s[28 + i], m.strideY[i] = s[32 + i];
  }
  const int32_t* p = s + 36;
  m.M = p[0], m.N = p[1], m.K = p[2], m.rowA = p[3], m.kA = p[4], m.rowB = p[5], m.kB = p[6];
  m.rowD = p[7], m.rowY = p[8], m.zeroA = p[9], m.zeroB = p[10];
  m.multiplier = p[11], m.shift = p[12], m.zero = p[13], m.lo = p[14], m.hi = p[15], m.block = p[16];
  return m;
}

// First unit of a thread's share.
inline int64_t shareFrom(int64_t units, int thread, int threads) {
  return static_cast<int64_t>(static_cast<uint64_t>(units) * static_cast<uint64_t>(thread) / threads);
}

}  // namespace
}  // namespace aivm

// From accumulators to elements of y: requantise, then the epilogue (residual add or table), then the store.
// Portable code in f64, exact because |acc x multiplier| <= 2^53 and factors are multiplier / 2^shift exactly.
#pragma once
#include "denseStep.h"

namespace aivm {
namespace {

// 1.5 x 2^52: adding and taking it away rounds |v| <= 2^51 half to even, by the rounding of f64 addition itself.
constexpr double MAGIC = 6755399441055744.0;

// Most columns that one call finishes.
constexpr int FINISH_COLUMNS = 64;

// How exact values may be had, from the cheapest to what always works. modeF32: |acc| <= 2^24 and |result| < 2^22 are
// proven. modeMixed: as modeF64, and factors <= 1/8, so that f32 will do wherever |acc| <= 2^24 turns out to be true.
// modeF64: |result + zero| < 2^31 is proven. modeSafe: clamp before leaving f64.
enum Mode : int32_t { modeF32 = 0, modeMixed = 1, modeF64 = 2, modeSafe = 3 };

struct Finish {
  int mode;
  int zero, lo, hi;
  int kind;  // of the epilogue
  int yDtype;
  uint8_t* y;
  const uint8_t* other;  // kind 1: the other operand; kind 2: the table
  int otherDtype;
  double own, others, offset, scale;  // kind 1: v x own + other x others + offset, then x scale
  int addZero, addLo, addHi;
};

inline Finish finishOf(const ConvStep& c, const Context& context, int mode) {
  Finish f = {};
  const EpilogueWords& e = c.epilogue;
  f.mode = mode, f.zero = c.zero, f.lo = c.lo, f.hi = c.hi, f.kind = e.kind;
  f.yDtype = c.y.dtype, f.y = addressIn(c.y, context.arena, context.constants);
  f.other = addressIn(e.ref, context.arena, context.constants), f.otherDtype = e.ref.dtype;
  if (e.kind == 1) {
    f.own = e.mOwn, f.others = e.mOther, f.offset = e.offset, f.scale = twoTo(-e.shift);
    f.addZero = e.zero, f.addLo = e.lo, f.addHi = e.hi;
  }
  return f;
}

inline double roundClamped(double value, double low, double high) {
  value = value < low ? low : value;
  value = value > high ? high : value;
  return value + MAGIC - MAGIC;
}

// v[c] = clamp(zero + RNE(acc[c] x factor[c])); acc i32 or i64.
template <class Acc>
inline void requantiseColumns(const Finish& f, const Acc* acc, const double* factor, int n, int32_t* v) {
  const double zero = f.zero, low = f.lo - zero, high = f.hi - zero;
  for (int c = 0; c < n; c++)
    v[c] = static_cast<int32_t>(roundClamped(static_cast<double>(acc[c]) * factor[c], low, high) + zero);
}

template <class T>
inline void addColumns(const Finish& f, const T* other, int n, int32_t* v) {
  const double zero = f.addZero, low = f.addLo - zero, high = f.addHi - zero;
  for (int c = 0; c < n; c++) {
    const double sum = v[c] * f.own + other[c] * f.others + f.offset;
    v[c] = static_cast<int32_t>(roundClamped(sum * f.scale, low, high) + zero);
  }
}

template <class T>
inline void storeColumns(const int32_t* v, int n, T* y) {
  for (int c = 0; c < n; c++) y[c] = static_cast<T>(v[c]);
}

template <class T>
inline void tableColumns(const T* table, const int32_t* v, int n, T* y) {
  for (int c = 0; c < n; c++) y[c] = table[v[c] + 128];
}

// Epilogue and store of n values to y[at ..].
inline void emitColumns(const Finish& f, int32_t* v, int n, int64_t at) {
  uint8_t* y = f.y + (at << f.yDtype);
  if (f.kind == 2) {
    if (f.yDtype == 0) tableColumns(reinterpret_cast<const int8_t*>(f.other), v, n, reinterpret_cast<int8_t*>(y));
    else if (f.yDtype == 1)
      tableColumns(reinterpret_cast<const int16_t*>(f.other), v, n, reinterpret_cast<int16_t*>(y));
    else tableColumns(reinterpret_cast<const int32_t*>(f.other), v, n, reinterpret_cast<int32_t*>(y));
    return;
  }
  if (f.kind == 1) {
    const uint8_t* other = f.other + (at << f.otherDtype);
    if (f.otherDtype == 0) addColumns(f, reinterpret_cast<const int8_t*>(other), n, v);
    else if (f.otherDtype == 1) addColumns(f, reinterpret_cast<const int16_t*>(other), n, v);
    else addColumns(f, reinterpret_cast<const int32_t*>(other), n, v);
  }
  if (f.yDtype == 0) storeColumns(v, n, reinterpret_cast<int8_t*>(y));
  else if (f.yDtype == 1) storeColumns(v, n, reinterpret_cast<int16_t*>(y));
  else storeColumns(v, n, reinterpret_cast<int32_t*>(y));
}

// v[n] = clamp(zero + RNE(sums[n] x factor / divisor)). The quotient in f64, rounded, is the exact one rounded, as twice
// the dividend and the divisor are at most 2^53.
template <class Acc>
void divideColumns(const Finish& f, const Acc* sums, double factor, int32_t divisor, int n, int32_t* v) {
  const double zero = f.zero, low = f.lo - zero, high = f.hi - zero, by = divisor;
  if (divisor == 0) {
    const int32_t plain = most(f.lo, least(f.hi, f.zero));
    for (int i = 0; i < n; i++) v[i] = sums[i] * factor > 0 ? f.hi : sums[i] * factor < 0 ? f.lo : plain;
    return;
  }
  for (int i = 0; i < n; i++)
    v[i] = static_cast<int32_t>(roundClamped(static_cast<double>(sums[i]) * factor / by, low, high) + zero);
}

// Finishes n <= FINISH_COLUMNS accumulators whose outputs are y[at ..].
template <class Acc>
inline void finishColumns(const Finish& f, const Acc* acc, const double* factor, int n, int64_t at) {
  int32_t v[FINISH_COLUMNS];
  requantiseColumns(f, acc, factor, n, v);
  emitColumns(f, v, n, at);
}

}  // namespace
}  // namespace aivm

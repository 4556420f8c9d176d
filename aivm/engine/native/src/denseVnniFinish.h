// Requantisation and epilogues on 16 accumulators at a time.
//
// modeF32: |acc| <= 2^24, so acc is exact in f32, and factor (21 bits times a power of two) is too. One fused
// multiply-add with 1.5 x 2^23 rounds acc x factor once, half to even, to an integer: the unit of the last place is 1
// in [2^23, 2^24], and |acc x factor| < 2^22. modeF64: the same with 1.5 x 2^52; the low word is the integer where
// that fits i32. modeSafe: the sum is clamped first; rounding is monotone and the limits are integers, so the order of
// the two does not matter.
#pragma once
#include <immintrin.h>

#include "denseDepthwise.h"

namespace aivm {
namespace {

constexpr float MAGIC_F = 12582912.0f;        // 1.5 x 2^23
constexpr int32_t MAGIC_F_BITS = 0x4b400000;  // its bits

struct Vectors {
  __m512i baseF;  // zero less the bits of MAGIC_F
  __m512i zero, lo, hi;
  __m512d low, high;  // MAGIC + lo - zero, MAGIC + hi - zero
  __m512i loBytes, hiBytes, loWords, hiWords;
};

inline Vectors vectorsOf(int zero, int lo, int hi) {
  const double z = zero;
  return {_mm512_set1_epi32(zero - MAGIC_F_BITS), _mm512_set1_epi32(zero), _mm512_set1_epi32(lo), _mm512_set1_epi32(hi),
          _mm512_set1_pd(MAGIC + (lo - z)), _mm512_set1_pd(MAGIC + (hi - z)),
          _mm512_set1_epi8(static_cast<char>(lo)), _mm512_set1_epi8(static_cast<char>(hi)),
          _mm512_set1_epi16(static_cast<short>(lo)), _mm512_set1_epi16(static_cast<short>(hi))};
}

// Low words of two vectors of 8 words of 64 bits.
inline __m512i lowWords(__m512d a, __m512d b) {
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  return _mm512_permutex2var_epi32(_mm512_castpd_si512(a), even, _mm512_castpd_si512(b));
}

inline __m512d lowHalf(__m512i v) { return _mm512_cvtepi32_pd(_mm512_castsi512_si256(v)); }
inline __m512d highHalf(__m512i v) { return _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(v, 1)); }

// zero + RNE(acc x factor), clamped only in modeSafe.
template <int MODE>
inline __m512i requantise16(__m512i acc, const double* factor, const float* factorF, const Vectors& q) {
  if (MODE == modeF32) {
    const __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(factorF), _mm512_set1_ps(MAGIC_F));
    return _mm512_add_epi32(_mm512_castps_si512(sum), q.baseF);
  }
  const __m512d magic = _mm512_set1_pd(MAGIC);
  __m512d a = _mm512_fmadd_pd(lowHalf(acc), _mm512_loadu_pd(factor), magic);
  __m512d b = _mm512_fmadd_pd(highHalf(acc), _mm512_loadu_pd(factor + 8), magic);
  if (MODE == modeSafe) {
    a = _mm512_min_pd(_mm512_max_pd(a, q.low), q.high);
    b = _mm512_min_pd(_mm512_max_pd(b, q.low), q.high);
  }
  return _mm512_add_epi32(lowWords(a, b), q.zero);
}

// Whether every accumulator of V registers is in [-2^24, 2^24).
template <int V>
inline bool fitsF32(const __m512i* acc) {
  const __m512i lift = _mm512_set1_epi32(1 << 24), above = _mm512_set1_epi32(-(1 << 25));
  __m512i any = _mm512_add_epi32(acc[0], lift);
#pragma GCC unroll 4
  for (int i = 1; i < V; i++) any = _mm512_or_si512(any, _mm512_add_epi32(acc[i], lift));
  return _mm512_test_epi32_mask(any, above) == 0;
}

// The same for V registers; v may be acc.
template <int MODE, int V>
inline void requantiseAll(const __m512i* acc, const double* factor, const float* factorF, const Vectors& q, __m512i* v) {
  if (MODE == modeMixed) {
    if (__builtin_expect(fitsF32<V>(acc), 1)) requantiseAll<modeF32, V>(acc, factor, factorF, q, v);
    else requantiseAll<modeF64, V>(acc, factor, factorF, q, v);
    return;
  }
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) v[i] = requantise16<MODE>(acc[i], factor + i * 16, factorF + i * 16, q);
}

inline __m512i clamp16(__m512i v, const Vectors& q) { return _mm512_min_epi32(_mm512_max_epi32(v, q.lo), q.hi); }

inline uint64_t firstBits(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

// Stores the first n bytes. Masked stores are several times as slow as whole ones, so the usual counts go without.
inline void storeFirst(uint8_t* y, __m512i bytes, int n) {
  const __m256i low = _mm512_castsi512_si256(bytes);
  if (n == 64) return _mm512_storeu_si512(y, bytes);
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(low));
  if (n == 24) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(low));
    return _mm_storel_epi64(reinterpret_cast<__m128i*>(y + 16), _mm256_extracti128_si256(low, 1));
  }
  if (n != 32 && n != 48) return _mm512_mask_storeu_epi8(y, firstBits(n), bytes);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), low);
  if (n == 48) _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 32), _mm512_extracti32x4_epi32(bytes, 2));
}

// V registers of integers as 16 x V bytes in order; packing saturates.
template <int V>
inline __m512i packBytes(const __m512i* v) {
  const __m512i none = _mm512_setzero_si512();
  const __m512i ab = _mm512_packs_epi32(v[0], V > 1 ? v[1] : none);
  const __m512i cd = V > 2 ? _mm512_packs_epi32(v[2], V > 3 ? v[3] : none) : none;
  const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(ab, cd));
}

// Two registers of integers as 32 words in order.
inline __m512i packWords(__m512i a, __m512i b) {
  return _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), _mm512_packs_epi32(a, b));
}

// Stores v[0 .. V) clamped to [lo, hi] as n <= 16 x V elements. Packing saturates, so a clamp in the narrow type will do.
template <int V>
inline void storeBytes(const __m512i* v, int n, const Vectors& q, uint8_t* y) {
  storeFirst(y, _mm512_min_epi8(_mm512_max_epi8(packBytes<V>(v), q.loBytes), q.hiBytes), n);
}

inline void storeFirstWords(uint8_t* y, __m512i words, int n) {
  if (n >= 32) _mm512_storeu_si512(y, words);
  else if (n == 16) _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(words));
  else if (n > 0) _mm512_mask_storeu_epi16(y, static_cast<__mmask32>(firstBits(n)), words);
}

template <int V>
inline void storeWords(const __m512i* v, int n, const Vectors& q, uint8_t* y) {
  for (int i = 0; i < V; i += 2) {
    const __m512i words = packWords(v[i], i + 1 < V ? v[i + 1] : _mm512_setzero_si512());
    storeFirstWords(y + i * 32, _mm512_min_epi16(_mm512_max_epi16(words, q.loWords), q.hiWords), n - i * 16);
  }
}

template <int V>
inline void storeInts(const __m512i* v, int n, const Vectors& q, uint8_t* y) {
  for (int i = 0; i < V; i++) {
    const int left = n - i * 16;
    if (left > 0) _mm512_mask_storeu_epi32(y + i * 64, static_cast<__mmask16>(firstBits(left < 16 ? left : 16)), clamp16(v[i], q));
  }
}

template <int V>
inline void storeAs(int dtype, const __m512i* v, int n, const Vectors& q, uint8_t* y) {
  if (dtype == 0) storeBytes<V>(v, n, q, y);
  else if (dtype == 1) storeWords<V>(v, n, q, y);
  else storeInts<V>(v, n, q, y);
}

inline __m512i loadOther(const Finish& f, int64_t at, __mmask16 mask) {
  const uint8_t* from = f.other + (at << f.otherDtype);
  if (f.otherDtype == 0) return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from));
  if (f.otherDtype == 1) return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, from));
  return _mm512_maskz_loadu_epi32(mask, from);
}

// Residual add: every partial sum is an integer of at most 53 bits, exact; one rounding at the end.
inline __m512i add16(const Finish& f, __m512i v, __m512i other, const Vectors& q) {
  const __m512d own = _mm512_set1_pd(f.own), others = _mm512_set1_pd(f.others), offset = _mm512_set1_pd(f.offset);
  const __m512d scale = _mm512_set1_pd(f.scale), magic = _mm512_set1_pd(MAGIC);
  __m512d a = _mm512_fmadd_pd(lowHalf(v), own, _mm512_fmadd_pd(lowHalf(other), others, offset));
  __m512d b = _mm512_fmadd_pd(highHalf(v), own, _mm512_fmadd_pd(highHalf(other), others, offset));
  a = _mm512_min_pd(_mm512_max_pd(_mm512_fmadd_pd(a, scale, magic), q.low), q.high);
  b = _mm512_min_pd(_mm512_max_pd(_mm512_fmadd_pd(b, scale, magic), q.low), q.high);
  return _mm512_add_epi32(lowWords(a, b), q.zero);
}

// Entries of a table of 256 bytes at the values (i8) in `index`: needs AVX-512 VBMI as well.
__attribute__((target("avx512vbmi"))) inline void tableBytesVbmi(const uint8_t* table, const __m512i* values, int n, uint8_t* y) {
  const __m512i index = _mm512_xor_si512(*values, _mm512_set1_epi8(static_cast<char>(0x80)));
  const __m512i low = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), index, _mm512_loadu_si512(table + 64));
  const __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), index, _mm512_loadu_si512(table + 192));
  _mm512_mask_storeu_epi8(y, firstBits(n), _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high));
}

// Entries of a table of 256 words at 32 values in [-128, 127].
inline __m512i tableWords(const uint8_t* table, __m512i values) {
  const __m512i index = _mm512_add_epi16(values, _mm512_set1_epi16(128));
  __m512i part[4];
  for (int i = 0; i < 4; i++)
    part[i] = _mm512_permutex2var_epi16(_mm512_loadu_si512(table + i * 128), index, _mm512_loadu_si512(table + i * 128 + 64));
  const __mmask32 odd = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
  const __m512i low = _mm512_mask_blend_epi16(odd, part[0], part[1]), high = _mm512_mask_blend_epi16(odd, part[2], part[3]);
  return _mm512_mask_blend_epi16(_mm512_test_epi16_mask(index, _mm512_set1_epi16(128)), low, high);
}

// Epilogue 2 of a row whose values are clamped.
template <int V>
inline void storeTable(const Finish& f, const __m512i* v, int n, int64_t at) {
  if (f.yDtype == 0 && __builtin_cpu_supports("avx512vbmi")) {
    const __m512i values = packBytes<V>(v);
    return tableBytesVbmi(f.other, &values, n, f.y + at);
  }
  if (f.yDtype == 1) {
    for (int i = 0; i < V; i += 2) {
      const __m512i words = packWords(v[i], i + 1 < V ? v[i + 1] : _mm512_setzero_si512());
      storeFirstWords(f.y + (at + i * 16) * 2, tableWords(f.other, words), n - i * 16);
    }
    return;
  }
  alignas(64) int32_t values[64];
  for (int i = 0; i < V; i++) _mm512_store_si512(values + i * 16, v[i]);
  emitColumns(f, values, n, at);
}

// Constants of a finish: of the requantisation, and of the residual add if there is one.
struct FinishVectors {
  Vectors own, sum;
};

inline FinishVectors finishVectors(const Finish& f) {
  const Vectors own = vectorsOf(f.zero, f.lo, f.hi);
  return {own, f.kind == 1 ? vectorsOf(f.addZero, f.addLo, f.addHi) : own};
}

// One row of V registers.
template <int MODE, int V>
inline void finishRowOf(const Finish& f, const FinishVectors& by, const int32_t* acc, const double* factor,
                        const float* factorF, int n, int64_t at) {
  __m512i v[V];
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) v[i] = _mm512_loadu_si512(acc + i * 16);
  requantiseAll<MODE, V>(v, factor, factorF, by.own, v);
  uint8_t* y = f.y + (at << f.yDtype);
  if (f.kind == 0) return storeAs<V>(f.yDtype, v, n, by.own, y);
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) v[i] = clamp16(v[i], by.own);
  if (f.kind == 2) return storeTable<V>(f, v, n, at);
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) {
    const __mmask16 mask = static_cast<__mmask16>(firstBits(most(0, least(16, n - i * 16))));
    v[i] = add16(f, v[i], loadOther(f, at + i * 16, mask), by.sum);
  }
  storeAs<V>(f.yDtype, v, n, by.sum, y);
}

template <int MODE>
inline void finishRowBy(const Finish& f, const FinishVectors& by, const int32_t* acc, const double* factor,
                        const float* factorF, int n, int64_t at) {
  if (n > 48) finishRowOf<MODE, 4>(f, by, acc, factor, factorF, n, at);
  else if (n > 32) finishRowOf<MODE, 3>(f, by, acc, factor, factorF, n, at);
  else if (n > 16) finishRowOf<MODE, 2>(f, by, acc, factor, factorF, n, at);
  else finishRowOf<MODE, 1>(f, by, acc, factor, factorF, n, at);
}

inline void finishRowVnni(const Finish& f, const FinishVectors& by, const int32_t* acc, const double* factor,
                          const float* factorF, int n, int64_t at) {
  if (f.mode == modeF32) finishRowBy<modeF32>(f, by, acc, factor, factorF, n, at);
  else if (f.mode == modeMixed) finishRowBy<modeMixed>(f, by, acc, factor, factorF, n, at);
  else if (f.mode == modeF64) finishRowBy<modeF64>(f, by, acc, factor, factorF, n, at);
  else finishRowBy<modeSafe>(f, by, acc, factor, factorF, n, at);
}

// 16 quotients by multiplying with 1 / divisor, in the form MAGIC + quotient; `close` collects whether one is so near to
// a tie that the two roundings of the product may matter: |error| < |quotient| x 2^-51 < 2^-19 below 2^32.
inline void quotients16(__m512i acc, __m512d inverse, __m512d* sums, __mmask8* close) {
  const __m512d magic = _mm512_set1_pd(MAGIC), limit = _mm512_set1_pd(0.5 - 1.0 / (1 << 18));
  const __m512d q[2] = {_mm512_mul_pd(lowHalf(acc), inverse), _mm512_mul_pd(highHalf(acc), inverse)};
  for (int i = 0; i < 2; i++) {
    sums[i] = _mm512_add_pd(q[i], magic);
    const __m512d rest = _mm512_abs_pd(_mm512_sub_pd(q[i], _mm512_sub_pd(sums[i], magic)));
    *close |= _mm512_cmp_pd_mask(rest, limit, _CMP_GE_OQ);
  }
}

// A row of a matmul with a divisor, divisor not 0.
template <int V>
inline void divideRowOf(const Finish& f, const int32_t* acc, double factor, int32_t divisor, int n, int64_t at) {
  const Vectors q = vectorsOf(f.zero, f.lo, f.hi);
  const __m512d inverse = _mm512_set1_pd(factor / divisor);
  __m512d sums[2 * V];
  __mmask8 close = 0;
  for (int i = 0; i < V; i++) quotients16(_mm512_loadu_si512(acc + i * 16), inverse, sums + 2 * i, &close);
  if (close) return Portable::divideRow(f, acc, factor, divisor, n, at);
  __m512i v[V];
  for (int i = 0; i < 2 * V; i++) sums[i] = _mm512_min_pd(_mm512_max_pd(sums[i], q.low), q.high);
  for (int i = 0; i < V; i++) v[i] = _mm512_add_epi32(lowWords(sums[2 * i], sums[2 * i + 1]), q.zero);
  storeAs<V>(f.yDtype, v, n, q, f.y + (at << f.yDtype));
}

inline void divideRowVnni(const Finish& f, const int32_t* acc, double factor, int32_t divisor, int n, int64_t at) {
  if (divisor == 0) Portable::divideRow(f, acc, factor, divisor, n, at);
  else if (n > 48) divideRowOf<4>(f, acc, factor, divisor, n, at);
  else if (n > 32) divideRowOf<3>(f, acc, factor, divisor, n, at);
  else if (n > 16) divideRowOf<2>(f, acc, factor, divisor, n, at);
  else divideRowOf<1>(f, acc, factor, divisor, n, at);
}

}  // namespace
}  // namespace aivm

// Requantisation of 8 accumulators at a time, by the rules that denseFinish.h has for each mode: f32 with 1.5 x 2^23
// where all is proven to be small (or turns out to be), else f64 with 1.5 x 2^52, whose low word is the integer.
#pragma once
#include <immintrin.h>

#include "denseFinish.h"

namespace aivm {
namespace {

constexpr float MAGIC_F = 12582912.0f;        // 1.5 x 2^23
constexpr int32_t MAGIC_F_BITS = 0x4b400000;  // its bits

inline __m256i loadInts(const int32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

// zero + RNE(acc x factor) by f32.
inline __m256i requantiseF32(__m256i acc, const float* factor, __m256i base) {
  const __m256 sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), _mm256_loadu_ps(factor), _mm256_set1_ps(MAGIC_F));
  return _mm256_add_epi32(_mm256_castps_si256(sum), base);
}

inline __m256i requantiseF64(__m256i acc, const double* factor, __m256i zero) {
  const __m256d magic = _mm256_set1_pd(MAGIC);
  const __m256d a = _mm256_cvtepi32_pd(_mm256_castsi256_si128(acc));
  const __m256d b = _mm256_cvtepi32_pd(_mm256_extracti128_si256(acc, 1));
  const __m256 low = _mm256_castpd_ps(_mm256_fmadd_pd(a, _mm256_loadu_pd(factor), magic));
  const __m256 high = _mm256_castpd_ps(_mm256_fmadd_pd(b, _mm256_loadu_pd(factor + 4), magic));
  const __m256i words = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0x88));
  return _mm256_add_epi32(_mm256_permute4x64_epi64(words, 0xd8), zero);
}

// Whether n accumulators (whole registers) are in [-2^24, 2^24).
inline bool fitsF32(const int32_t* acc, int n) {
  __m256i any = _mm256_setzero_si256();
  for (int c = 0; c < n; c += 8) any = _mm256_or_si256(any, _mm256_add_epi32(loadInts(acc + c), _mm256_set1_epi32(1 << 24)));
  return _mm256_testz_si256(any, _mm256_set1_epi32(-(1 << 25)));
}

// v[0 .. n), a multiple of 8, from accumulators.
inline void requantiseAvx2(const Finish& f, const int32_t* acc, const double* factor, const float* factorF, int n, int32_t* v) {
  const __m256i lo = _mm256_set1_epi32(f.lo), hi = _mm256_set1_epi32(f.hi);
  const __m256i zero = _mm256_set1_epi32(f.zero), base = _mm256_set1_epi32(f.zero - MAGIC_F_BITS);
  const bool small = f.mode == modeF32 || (f.mode == modeMixed && fitsF32(acc, n));
  for (int c = 0; c < n; c += 8) {
    const __m256i sums = loadInts(acc + c);
    const __m256i value = small ? requantiseF32(sums, factorF + c, base) : requantiseF64(sums, factor + c, zero);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(v + c), _mm256_min_epi32(_mm256_max_epi32(value, lo), hi));
  }
}

// n <= 16 values in the range of i8 as bytes.
inline void storeBytes16(const int32_t* v, int n, uint8_t* y) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(loadInts(v), loadInts(v + 8)), 0xd8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
  alignas(16) uint8_t all[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(all), bytes);
  memcpy(y, all, static_cast<size_t>(n));
}

// Finishes n <= 16 accumulators; 16 can be read from acc and from the factors.
inline void finishRowAvx2(const Finish& f, const int32_t* acc, const double* factor, const float* factorF, int n, int64_t at) {
  alignas(32) int32_t v[16];
  if (f.mode == modeSafe) requantiseColumns(f, acc, factor, n, v);
  else requantiseAvx2(f, acc, factor, factorF, n > 8 ? 16 : 8, v);
  if (f.kind == 0 && f.yDtype == 0) storeBytes16(v, n, f.y + at);
  else emitColumns(f, v, n, at);
}

}  // namespace
}  // namespace aivm

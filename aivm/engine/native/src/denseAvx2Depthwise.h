// Depthwise convolution by vpmaddwd: two taps as i16 are interleaved, so that each 32-bit lane holds one channel's pair.
// In a piece of 16 channels, register q holds channels 8 x lane + 4 x q .. + 3 in lane order.
#pragma once
#include "denseAvx2Finish.h"
#include "denseDepthwise.h"

namespace aivm {
namespace {

inline int64_t pairColumn(int64_t c) { return c % 8 / 4 * 8 + c / 8 * 4 + c % 4; }

inline int64_t tapPairs(const ConvStep& c) { return ceilDiv(c.kernelH * c.kernelW, 2); }

inline void packDepthwisePairs(const ConvStep& c, const WeightReader& w, uint8_t* out) {
  const int64_t pairs = tapPairs(c);
  memset(out, 0, static_cast<size_t>(pairs * roundUp(c.C, 64) * 4));
  for (int64_t o = 0; o < c.C; o++)
    for (int64_t t = 0; t < c.kernelH * c.kernelW; t++) {
      const int64_t at = o / 16 * 16 * pairs + t / 2 * 16 + pairColumn(o % 16);
      reinterpret_cast<int16_t*>(out)[at * 2 + t % 2] = static_cast<int16_t>(elementAt(w.data, w.dtype, o * w.row + t));
    }
}

// 16 channels of a tap as i16.
template <class X>
inline __m256i loadTap(const DepthwisePixel& d, int64_t t, int64_t channel, int n) {
  if (t >= d.tapCount) return _mm256_setzero_si256();
  const uint8_t* from = d.taps[t] + channel * static_cast<int64_t>(sizeof(X));
  alignas(32) uint8_t part[32] = {};
  if (n < 16) from = static_cast<const uint8_t*>(memcpy(part, from, static_cast<size_t>(n) * sizeof(X)));
  if (sizeof(X) == 1) return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// One pixel.
template <class X>
inline void depthwisePairs(const DepthwisePixel& d) {
  const int64_t pairs = (d.tapCount + 1) / 2;
  for (int64_t channel = 0; channel < d.channels; channel += 16) {
    const int n = static_cast<int>(least<int64_t>(16, d.channels - channel));
    const __m256i* w = reinterpret_cast<const __m256i*>(d.packed + d.plan->weightsAt + channel * pairs * 4);
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int64_t t = 0; t < d.tapCount; t += 2, w += 2) {
      const __m256i a = loadTap<X>(d, t, channel, n), b = loadTap<X>(d, t + 1, channel, n);
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), _mm256_loadu_si256(w)));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), _mm256_loadu_si256(w + 1)));
    }
    const int32_t* init = reinterpret_cast<const int32_t*>(d.packed + d.plan->initAt) + channel;
    alignas(32) int32_t acc[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(acc),
                       _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), loadInts(init)));
    _mm256_store_si256(reinterpret_cast<__m256i*>(acc + 8),
                       _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x31), loadInts(init + 8)));
    finishRowAvx2(*d.finish, acc, reinterpret_cast<const double*>(d.packed + d.plan->factorAt) + channel,
                  reinterpret_cast<const float*>(d.packed + d.plan->factorFAt) + channel, n, d.at + channel);
  }
}

}  // namespace
}  // namespace aivm

// Depthwise convolution of i16 by vpdpwssd: two taps are interleaved, so that each 32-bit lane holds one channel's pair.
// In a piece of 32 channels, accumulator q holds channels 8 x lane + 4 x q .. + 3 in lane order.
#pragma once
#include "denseVnniDepthwise.h"

namespace aivm {
namespace {

// Order of channels in a piece of 32: weights only; bias and factors stay in channel order.
inline int64_t pairColumn(int64_t c) { return c % 8 / 4 * 16 + c / 8 * 4 + c % 4; }

inline int64_t tapPairs(const ConvStep& c) { return ceilDiv(c.kernelH * c.kernelW, 2); }

inline void packDepthwiseWords(const ConvStep& c, const WeightReader& w, uint8_t* out) {
  const int64_t pairs = tapPairs(c);
  memset(out, 0, static_cast<size_t>(pairs * roundUp(c.C, 64) * 4));
  for (int64_t o = 0; o < c.C; o++)
    for (int64_t t = 0; t < c.kernelH * c.kernelW; t++) {
      const int64_t at = o / 32 * 32 * pairs + t / 2 * 32 + pairColumn(o % 32);
      reinterpret_cast<int16_t*>(out)[at * 2 + t % 2] = static_cast<int16_t>(elementAt(w.data, w.dtype, o * w.row + t));
    }
}

template <bool WIDEN>
inline __m512i loadWords(const DepthwisePixel& d, int64_t t, int64_t channel, __mmask32 mask) {
  if (WIDEN) return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, d.taps[t] + channel));
  return _mm512_maskz_loadu_epi16(mask, d.taps[t] + channel * 2);
}

// Sums of 32 channels, without the bias: in lane order.
struct PairSums {
  __m512i low, high;
};

template <bool WIDEN>
inline PairSums sumPairs(const DepthwisePixel& d, int64_t channel, __mmask32 mask, const uint8_t* w) {
  PairSums sums = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  const auto add = [&](__m512i a, __m512i b) {
    sums.low = _mm512_dpwssd_epi32(sums.low, _mm512_unpacklo_epi16(a, b), _mm512_loadu_si512(w));
    sums.high = _mm512_dpwssd_epi32(sums.high, _mm512_unpackhi_epi16(a, b), _mm512_loadu_si512(w + 64));
    w += 128;
  };
  int64_t t = 0;
  for (; t + 1 < d.tapCount; t += 2)
    add(loadWords<WIDEN>(d, t, channel, mask), loadWords<WIDEN>(d, t + 1, channel, mask));
  if (t < d.tapCount) add(loadWords<WIDEN>(d, t, channel, mask), _mm512_setzero_si512());
  return sums;
}

// One pixel; x i16, or i8 (WIDEN) where the weights are i16.
template <bool WIDEN>
inline void depthwiseWords(const DepthwisePixel& d) {
  const uint8_t* packed = d.packed;
  const int64_t pairs = (d.tapCount + 1) / 2;
  const FinishVectors by = finishVectors(*d.finish);
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  for (int64_t channel = 0; channel < d.channels; channel += 32) {
    const int n = static_cast<int>(least<int64_t>(32, d.channels - channel));
    const PairSums sums = sumPairs<WIDEN>(d, channel, static_cast<__mmask32>(firstBits(n)),
                                          packed + d.plan->weightsAt + channel * pairs * 4);
    const int32_t* init = reinterpret_cast<const int32_t*>(packed + d.plan->initAt) + channel;
    alignas(64) int32_t acc[32];
    _mm512_store_si512(acc, _mm512_add_epi32(_mm512_permutex2var_epi64(sums.low, first, sums.high), _mm512_loadu_si512(init)));
    _mm512_store_si512(acc + 16, _mm512_add_epi32(_mm512_permutex2var_epi64(sums.low, second, sums.high), _mm512_loadu_si512(init + 16)));
    finishRowVnni(*d.finish, by, acc, reinterpret_cast<const double*>(packed + d.plan->factorAt) + channel,
                  reinterpret_cast<const float*>(packed + d.plan->factorFAt) + channel, n, d.at + channel);
  }
}

}  // namespace
}  // namespace aivm

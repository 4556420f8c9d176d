// Packing b of a matmul into panels [group][panels][16 columns][4 bytes] by shuffles: from rows that lie along k (a
// transpose of 16 x 16 words) or along n (interleaving of 2 or 4 rows).
#pragma once
#include "denseMatmul.h"
#include "denseVnniDepthwise.h"

namespace aivm {
namespace {

// 16 vectors of 16 words, transposed.
inline void transpose16(__m512i* r) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  // r[4 i + j], lane l: word 4 l + j of vectors 4 i .. 4 i + 3.
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512i a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44), b = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44);
    const __m512i c = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xee), d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xee);
    t[j] = _mm512_shuffle_i32x4(a, b, 0x88), t[4 + j] = _mm512_shuffle_i32x4(a, b, 0xdd);
    t[8 + j] = _mm512_shuffle_i32x4(c, d, 0x88), t[12 + j] = _mm512_shuffle_i32x4(c, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

// n elements (at most 64 bytes once staged) as they are staged, zeros behind them.
inline __m512i loadStaged(const uint8_t* from, int dtype, bool bytes, int n) {
  if (bytes) return _mm512_maskz_loadu_epi8(firstBits(n), from);
  const __mmask32 mask = static_cast<__mmask32>(firstBits(n));
  if (dtype == 1) return _mm512_maskz_loadu_epi16(mask, from);
  return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from));
}

// A panel of 16 columns whose elements lie along k.
inline void packAlongK(const MatmulStep& m, const uint8_t* b, bool bytes, int columns, int64_t groups, int64_t stride, uint8_t* out) {
  const int64_t unit = bytes ? 4 : 2;
  for (int64_t g = 0; g < groups; g += 16) {
    const int n = static_cast<int>(least(16 * unit, m.K - g * unit));
    __m512i r[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
      r[i] = i < columns ? loadStaged(b + bytesOf(i * m.rowB + g * unit, m.b.dtype), m.b.dtype, bytes, n) : _mm512_setzero_si512();
    transpose16(r);
    const int count = static_cast<int>(least<int64_t>(16, groups - g));
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
      if (i < count) _mm512_store_si512(out + (g + i) * stride, r[i]);
  }
}

// Up to 64 columns whose elements lie along n, bytes.
inline void packBytesAlongN(const MatmulStep& m, const uint8_t* b, int columns, int panels, int64_t groups, uint8_t* out) {
  for (int64_t g = 0; g < groups; g++, out += panels * 64) {
    __m512i rows[4], quads[4];
    for (int j = 0; j < 4; j++)
      rows[j] = g * 4 + j < m.K ? loadStaged(b + (g * 4 + j) * m.kB, 0, true, columns) : _mm512_setzero_si512();
    interleave<Wide64>(rows[0], rows[1], rows[2], rows[3], quads);
    const __m512i a = _mm512_shuffle_i32x4(quads[0], quads[1], 0x44), c = _mm512_shuffle_i32x4(quads[2], quads[3], 0x44);
    const __m512i e = _mm512_shuffle_i32x4(quads[0], quads[1], 0xee), f = _mm512_shuffle_i32x4(quads[2], quads[3], 0xee);
    const __m512i panel[4] = {_mm512_shuffle_i32x4(a, c, 0x88), _mm512_shuffle_i32x4(a, c, 0xdd),
                              _mm512_shuffle_i32x4(e, f, 0x88), _mm512_shuffle_i32x4(e, f, 0xdd)};
    for (int v = 0; v < panels; v++) _mm512_store_si512(out + v * 64, panel[v]);
  }
}

// The same of i16, 32 columns at a time.
inline void packWordsAlongN(const MatmulStep& m, const uint8_t* b, int columns, int panels, int64_t groups, uint8_t* out) {
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  for (int64_t g = 0; g < groups; g++, out += panels * 64)
    for (int v = 0; v < panels; v += 2) {
      const int n = static_cast<int>(least(32, columns - v * 16));
      const uint8_t* from = b + bytesOf(g * 2 * m.kB + v * 16, m.b.dtype);
      const __m512i x = loadStaged(from, m.b.dtype, false, n);
      const __m512i y = g * 2 + 1 < m.K ? loadStaged(from + bytesOf(m.kB, m.b.dtype), m.b.dtype, false, n) : _mm512_setzero_si512();
      const __m512i low = _mm512_unpacklo_epi16(x, y), high = _mm512_unpackhi_epi16(x, y);
      _mm512_store_si512(out + v * 64, _mm512_permutex2var_epi64(low, first, high));
      if (v + 1 < panels) _mm512_store_si512(out + v * 64 + 64, _mm512_permutex2var_epi64(low, second, high));
    }
}

// Packs columns [from, from + columns) of b; false where its strides are of neither kind.
inline bool packVnni(bool bytes, const MatmulStep& m, const uint8_t* b, int64_t from, int columns, int panels,
                     int64_t groups, uint8_t* out) {
  const uint8_t* first = b + bytesOf(from * m.rowB, m.b.dtype);
  if (m.kB == 1) {
    for (int v = 0; v < panels; v++)
      packAlongK(m, first + bytesOf(v * 16 * m.rowB, m.b.dtype), bytes, least(16, columns - v * 16), groups, panels * 64, out + v * 64);
    return true;
  }
  if (m.rowB != 1) return false;
  if (bytes) packBytesAlongN(m, first, columns, panels, groups, out);
  else packWordsAlongN(m, first, columns, panels, groups, out);
  return true;
}

}  // namespace
}  // namespace aivm

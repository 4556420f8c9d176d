// Tiles of R rows times V registers of 16 channels: vpdpbusd on four bytes, vpdpwssd on two i16, both never saturating.
// Bytes of x become unsigned by x ^ 0x80, that is x + 128; 128 x the weights' sum has been taken off the bias.
#pragma once
#include "denseTiles.h"
#include "denseVnniFinish.h"

namespace aivm {
namespace {

inline int32_t loadGroup(const uint8_t* at) {
  int32_t value;
  memcpy(&value, at, 4);
  return value;
}

template <bool BYTES>
inline __m512i dot16(__m512i acc, __m512i x, __m512i w) {
  return BYTES ? _mm512_dpbusd_epi32(acc, x, w) : _mm512_dpwssd_epi32(acc, x, w);
}

// Sums to t.acc.
struct SumSink {
  int32_t* acc;
  template <int R, int V>
  inline void take(const __m512i (&sums)[R][V]) const {
#pragma GCC unroll 12
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) _mm512_store_si512(acc + (r * V + v) * 16, sums[r][v]);
  }
};

// Whether every accumulator of a tile is in [-2^24, 2^24).
template <int R, int V>
inline bool tileFitsF32(const __m512i (&sums)[R][V]) {
  const __m512i lift = _mm512_set1_epi32(1 << 24), above = _mm512_set1_epi32(-(1 << 25));
  __m512i any[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
#pragma GCC unroll 12
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) any[r % 2] = _mm512_or_si512(any[r % 2], _mm512_add_epi32(sums[r][v], lift));
  return _mm512_test_epi32_mask(_mm512_or_si512(any[0], any[1]), above) == 0;
}

// Finishes the rows of a tile from memory: whatever the registers do not. Not marked cold: its callers must stay fully
// unrolled, or their accumulators would live in memory.
__attribute__((noinline)) inline void finishRowsVnni(const int32_t* acc, int width, const TileOutput& out) {
  const FinishVectors by = finishVectors(*out.finish);
  for (int r = 0; r < out.rows; r++)
    finishRowVnni(*out.finish, by, acc + r * width, out.factor, out.factorF, out.columns, out.at + r * out.rowStride);
}

// Requantised elements to y, epilogue 0.
template <int MODE, int DTYPE>
struct ElementSink {
  const TileOutput& out;
  const Vectors& vectors;
  uint8_t* y;
  template <int R, int V>
  inline void take(const __m512i (&sums)[R][V]) const {
    if (MODE == modeMixed && !tileFitsF32(sums)) {
      alignas(64) int32_t acc[R * V * 16];
      SumSink{acc}.take(sums);
      return finishRowsVnni(acc, V * 16, out);
    }
    const Vectors q = vectors;
    const float* factorF = out.factorF;
    const int64_t stride = out.rowStride << DTYPE;
    const int rows = out.rows, columns = out.columns;
    uint8_t* to = y;
    if (rows == R && columns == V * 16) {
#pragma GCC unroll 12
      for (int r = 0; r < R; r++, to += stride) row<V>(sums[r], V * 16, factorF, q, to);
      return;
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; r++, to += stride)
      if (r < rows) row<V>(sums[r], columns, factorF, q, to);
  }
  template <int V>
  static inline void row(const __m512i* sums, int n, const float* factorF, const Vectors& q, uint8_t* to) {
    __m512i v[V];
    requantiseAll<modeF32, V>(sums, nullptr, factorF, q, v);
    storeAs<V>(DTYPE, v, n, q, to);
  }
};

template <bool BYTES, int R, int V, class Sink>
void tileOf(const Tile& t, const Sink& sink) {
  __m512i acc[R][V];
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
#pragma GCC unroll 12
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      acc[r][v] = _mm512_loadu_si512(t.init + v * 16);
      if (t.rowInit) acc[r][v] = _mm512_add_epi32(acc[r][v], _mm512_set1_epi32(t.rowInit[r]));
    }
  const uint8_t* w = t.weights;
  for (int64_t s = 0; s < t.segments; s++) {
    const uint8_t* x[R];
#pragma GCC unroll 12
    for (int r = 0; r < R; r++) x[r] = t.rows[r] + t.offsets[s];
    for (int64_t g = 0; g < t.groups; g++, w += V * 64) {
      __m512i weights[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) weights[v] = _mm512_loadu_si512(w + v * 64);
#pragma GCC unroll 12
      for (int r = 0; r < R; r++) {
        __m512i value = _mm512_set1_epi32(loadGroup(x[r] + g * 4));
        if (BYTES) value = _mm512_xor_si512(value, flip);
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) acc[r][v] = dot16<BYTES>(acc[r][v], value, weights[v]);
      }
    }
  }
  sink.take(acc);
}

// Rows of a tile of V registers: as many as the accumulators allow, half of them, or one.
template <int V>
constexpr int tileRows(int size) {
  return size == 0 ? (V == 4 ? 6 : V == 3 ? 8 : 12) : size == 1 ? (V == 4 ? 3 : V == 3 ? 4 : 6) : 1;
}

template <bool BYTES, int V, class Sink>
inline void tileByRows(int rows, const Tile& t, const Sink& sink) {
  if (rows == tileRows<V>(0)) tileOf<BYTES, tileRows<V>(0), V>(t, sink);
  else if (rows == tileRows<V>(1)) tileOf<BYTES, tileRows<V>(1), V>(t, sink);
  else tileOf<BYTES, 1, V>(t, sink);
}

template <class Sink>
void tileVnni(bool bytes, int rows, int panels, const Tile& t, const Sink& sink) {
  if (bytes) {
    if (panels == 4) tileByRows<true, 4>(rows, t, sink);
    else if (panels == 3) tileByRows<true, 3>(rows, t, sink);
    else if (panels == 2) tileByRows<true, 2>(rows, t, sink);
    else tileByRows<true, 1>(rows, t, sink);
  } else {
    if (panels == 4) tileByRows<false, 4>(rows, t, sink);
    else if (panels == 3) tileByRows<false, 3>(rows, t, sink);
    else if (panels == 2) tileByRows<false, 2>(rows, t, sink);
    else tileByRows<false, 1>(rows, t, sink);
  }
}

template <int MODE, int DTYPE>
inline bool elementTile(bool bytes, int rows, int panels, const Tile& t, const TileOutput& out) {
  const Finish& f = *out.finish;
  const Vectors vectors = vectorsOf(f.zero, f.lo, f.hi);
  const ElementSink<MODE, DTYPE> sink = {out, vectors, f.y + (out.at << DTYPE)};
  tileVnni(bytes, rows, panels, t, sink);
  return true;
}

// Tile and finish in registers, for the usual outputs; false where it is not one of those.
inline bool fusedTileVnni(bool bytes, int rows, int panels, const Tile& t, const TileOutput& out) {
  const Finish& f = *out.finish;
  if (f.kind != 0 || f.yDtype == 2 || f.mode == modeSafe) return false;
  if (f.mode == modeF32) {
    if (f.yDtype == 0) return elementTile<modeF32, 0>(bytes, rows, panels, t, out);
    return elementTile<modeF32, 1>(bytes, rows, panels, t, out);
  }
  if (f.mode == modeF64) return false;
  if (f.yDtype == 0) return elementTile<modeMixed, 0>(bytes, rows, panels, t, out);
  return elementTile<modeMixed, 1>(bytes, rows, panels, t, out);
}

inline int pickRowsVnni(int panels, int64_t left) {
  const int full = panels == 4 ? 6 : panels == 3 ? 8 : 12;
  return left == 1 ? 1 : left <= full / 2 ? full / 2 : full;
}

}  // namespace
}  // namespace aivm

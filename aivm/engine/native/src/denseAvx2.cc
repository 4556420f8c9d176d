// Dense kernels for AVX2 and FMA: everything as i16, pairs of products by vpmaddwd (which cannot saturate; a pair that
// wraps is undone by the end, since the whole sum fits).
#include <immintrin.h>

#include "denseAvx2Depthwise.h"
#include "denseMatmul.h"

namespace aivm {
namespace {

struct Avx2 : Portable {
  static constexpr int LANES = 8;
  static constexpr int MAX_PANELS = 2;
  static constexpr bool BYTES = false;
  static constexpr bool LANE_MAJOR = true;

  static int pickRows(int, int64_t left) { return left == 1 ? 1 : left <= 3 ? 3 : 6; }

  // Not inlined: its 12 sums need every register.
  template <int R, int V>
  __attribute__((noinline)) static void tileOf(const Tile& t) {
    __m256i acc[R][V];
#pragma GCC unroll 6
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int v = 0; v < V; v++)
        acc[r][v] = _mm256_add_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(t.init + v * LANES)),
                                     _mm256_set1_epi32(t.rowInit ? t.rowInit[r] : 0));
    const uint8_t* w = t.weights;
    for (int64_t s = 0; s < t.segments; s++) {
      const uint8_t* x[R];
#pragma GCC unroll 6
      for (int r = 0; r < R; r++) x[r] = t.rows[r] + t.offsets[s];
      for (int64_t g = 0; g < t.groups; g++, w += V * 32) {
        __m256i weights[V];
#pragma GCC unroll 2
        for (int v = 0; v < V; v++) weights[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + v * 32));
#pragma GCC unroll 6
        for (int r = 0; r < R; r++) {
          int32_t pair;
          memcpy(&pair, x[r] + g * 4, 4);
          const __m256i value = _mm256_set1_epi32(pair);
#pragma GCC unroll 2
          for (int v = 0; v < V; v++) acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(value, weights[v]));
        }
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
      for (int v = 0; v < V; v++)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(t.acc + (r * V + v) * LANES), acc[r][v]);
  }

  static void tile(bool, int rows, int panels, const Tile& t) {
    if (panels == 2) return rows == 6 ? tileOf<6, 2>(t) : rows == 3 ? tileOf<3, 2>(t) : tileOf<1, 2>(t);
    return rows == 6 ? tileOf<6, 1>(t) : rows == 3 ? tileOf<3, 1>(t) : tileOf<1, 1>(t);
  }

  static bool fusedTile(bool, int, int, const Tile&, const TileOutput&) { return false; }
  static bool packFast(bool, const MatmulStep&, const uint8_t*, int64_t, int, int, int64_t, uint8_t*) { return false; }
  static void finishRows(const int32_t* acc, int width, const TileOutput& out) {
    for (int r = 0; r < out.rows; r++)
      finishRowAvx2(*out.finish, acc + r * width, out.factor, out.factorF, out.columns, out.at + r * out.rowStride);
  }

  static int64_t depthwiseWeightBytes(const ConvStep& c, bool) { return tapPairs(c) * roundUp(c.C, 64) * 4; }
  static void packDepthwise(const ConvStep& c, const WeightReader& w, bool, uint8_t* out) { packDepthwisePairs(c, w, out); }
  static void depthwise(const ConvStep& c, const DepthwisePixel& d) {
    if (c.x.dtype == 0) depthwisePairs<int8_t>(d);
    else depthwisePairs<int16_t>(d);
  }
};

}  // namespace

extern const DenseKernels denseAvx2 = tableOf<Avx2>();

}  // namespace aivm

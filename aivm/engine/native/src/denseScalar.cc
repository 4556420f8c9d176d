// Dense kernels in plain C++: what every CPU runs. The compiler may vectorise them with the base instruction set.
#include "denseMatmul.h"

namespace aivm {
namespace {

struct Scalar : Portable {
  static constexpr int LANES = 8;
  static constexpr int MAX_PANELS = 2;
  static constexpr bool BYTES = false;
  static constexpr bool LANE_MAJOR = false;

  static int pickRows(int, int64_t left) { return left >= 4 ? 4 : left >= 2 ? 2 : 1; }

  // One loop over the lanes, kept a loop (no unrolling), so that the compiler vectorises it.
  static inline void addPair(const int16_t* __restrict w, int16_t x0, int16_t x1, uint32_t* __restrict acc) {
#pragma GCC unroll 1
    for (int n = 0; n < LANES; n++)
      acc[n] += static_cast<uint32_t>(x0 * w[n]) + static_cast<uint32_t>(x1 * w[LANES + n]);
  }

  // Not inlined: its sums need every register.
  template <int R, int V>
  __attribute__((noinline)) static void tileOf(const Tile& t) {
    // Partial sums may wrap: unsigned.
    uint32_t acc[R][V * LANES];
    for (int r = 0; r < R; r++)
      for (int n = 0; n < V * LANES; n++)
        acc[r][n] = static_cast<uint32_t>(t.init[n]) + static_cast<uint32_t>(t.rowInit ? t.rowInit[r] : 0);
    const int16_t* w = reinterpret_cast<const int16_t*>(t.weights);
    for (int64_t s = 0; s < t.segments; s++)
      for (int64_t g = 0; g < t.groups; g++, w += 2 * V * LANES)
#pragma GCC unroll 4
        for (int r = 0; r < R; r++) {
          int16_t x[2];
          memcpy(x, t.rows[r] + t.offsets[s] + g * 4, 4);
#pragma GCC unroll 2
          for (int v = 0; v < V; v++) addPair(w + v * 2 * LANES, x[0], x[1], acc[r] + v * LANES);
        }
    memcpy(t.acc, acc, sizeof acc);
  }

  static void tile(bool, int rows, int panels, const Tile& t) {
    if (panels == 2) return rows == 4 ? tileOf<4, 2>(t) : rows == 2 ? tileOf<2, 2>(t) : tileOf<1, 2>(t);
    return rows == 4 ? tileOf<4, 1>(t) : rows == 2 ? tileOf<2, 1>(t) : tileOf<1, 1>(t);
  }

  static bool fusedTile(bool, int, int, const Tile&, const TileOutput&) { return false; }
  static bool packFast(bool, const MatmulStep&, const uint8_t*, int64_t, int, int, int64_t, uint8_t*) { return false; }
  static void finishRows(const int32_t* acc, int width, const TileOutput& out) {
    for (int r = 0; r < out.rows; r++)
      finishColumns(*out.finish, acc + r * width, out.factor, out.columns, out.at + r * out.rowStride);
  }
};

}  // namespace

extern const DenseKernels denseScalar = tableOf<Scalar>();

}  // namespace aivm

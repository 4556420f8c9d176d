// Dense kernels for ARMv8.0 NEON: everything as i16, smlal of four channels by one element of x.
#include <arm_neon.h>

#include "denseMatmul.h"

namespace aivm {
namespace {

struct Neon : Portable {
  static constexpr int LANES = 8;
  static constexpr int MAX_PANELS = 2;
  static constexpr bool BYTES = false;
  static constexpr bool LANE_MAJOR = false;

  static int pickRows(int, int64_t left) { return left == 1 ? 1 : left <= 2 ? 2 : 4; }

  // Not inlined: its sums need every register.
  template <int R, int V>
  __attribute__((noinline)) static void tileOf(const Tile& t) {
    int32x4_t acc[R][2 * V];
    for (int r = 0; r < R; r++)
      for (int v = 0; v < 2 * V; v++)
        acc[r][v] = vaddq_s32(vld1q_s32(t.init + v * 4), vdupq_n_s32(t.rowInit ? t.rowInit[r] : 0));
    const int16_t* w = reinterpret_cast<const int16_t*>(t.weights);
    for (int64_t s = 0; s < t.segments; s++)
      for (int64_t g = 0; g < t.groups; g++, w += 2 * V * LANES)
#pragma GCC unroll 4
        for (int r = 0; r < R; r++) {
          int32_t pair;
          memcpy(&pair, t.rows[r] + t.offsets[s] + g * 4, 4);
          const int16x4_t x = vreinterpret_s16_s32(vdup_n_s32(pair));
#pragma GCC unroll 2
          for (int v = 0; v < V; v++) {
            const int16x8_t first = vld1q_s16(w + v * 16), second = vld1q_s16(w + v * 16 + 8);
            acc[r][2 * v] = vmlal_lane_s16(acc[r][2 * v], vget_low_s16(first), x, 0);
            acc[r][2 * v + 1] = vmlal_lane_s16(acc[r][2 * v + 1], vget_high_s16(first), x, 0);
            acc[r][2 * v] = vmlal_lane_s16(acc[r][2 * v], vget_low_s16(second), x, 1);
            acc[r][2 * v + 1] = vmlal_lane_s16(acc[r][2 * v + 1], vget_high_s16(second), x, 1);
          }
        }
    for (int r = 0; r < R; r++)
      for (int v = 0; v < 2 * V; v++) vst1q_s32(t.acc + r * V * LANES + v * 4, acc[r][v]);
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

extern const DenseKernels denseNeon = tableOf<Neon>();

}  // namespace aivm

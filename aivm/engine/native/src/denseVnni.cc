// Dense kernels for AVX-512 F, BW, VL, DQ and VNNI.
#include "denseMatmul.h"
#include "denseVnniPack.h"
#include "denseVnniTile.h"
#include "denseVnniWords.h"

namespace aivm {
namespace {

struct Vnni {
  static void divideRow(const Finish& f, const int32_t* acc, double factor, int32_t divisor, int n, int64_t at) {
    divideRowVnni(f, acc, factor, divisor, n, at);
  }
  static constexpr int LANES = 16;
  static constexpr int MAX_PANELS = 4;
  static constexpr bool BYTES = true;
  static constexpr bool LANE_MAJOR = true;

  static int pickRows(int panels, int64_t left) { return pickRowsVnni(panels, left); }
  static void tile(bool bytes, int rows, int panels, const Tile& t) { tileVnni(bytes, rows, panels, t, SumSink{t.acc}); }
  static bool fusedTile(bool bytes, int rows, int panels, const Tile& t, const TileOutput& out) {
    return fusedTileVnni(bytes, rows, panels, t, out);
  }
  static bool packFast(bool bytes, const MatmulStep& m, const uint8_t* b, int64_t from, int columns, int panels,
                       int64_t groups, uint8_t* out) {
    return packVnni(bytes, m, b, from, columns, panels, groups, out);
  }
  static void finishRows(const int32_t* acc, int width, const TileOutput& out) { finishRowsVnni(acc, width, out); }

  static int64_t depthwiseWeightBytes(const ConvStep& c, bool bytes) {
    return (bytes ? tapGroups(c) : tapPairs(c)) * roundUp(c.C, 64) * 4;
  }
  static int64_t depthwiseColumn(int64_t channels, int64_t channel, bool bytes) {
    const Piece piece = pieceOf(channels, channel);
    return bytes ? piece.first + columnInPiece(piece.channels, channel - piece.first) : channel;
  }
  static void packDepthwise(const ConvStep& c, const WeightReader& w, bool bytes, uint8_t* out) {
    if (bytes) packDepthwiseBytes(c, w, out);
    else packDepthwiseWords(c, w, out);
  }
  static bool depthwiseLines(const ConvPlan& p, const ConvStep& c, const uint8_t* x, const uint8_t* pad,
                             const uint8_t* packed, const Finish& f, int64_t from, int64_t to) {
    if (!p.bytes || !isThreeByThree(c)) return false;
    depthwiseThree(p, c, x, pad, packed, f, from, to);
    return true;
  }
  static void depthwise(const ConvStep& c, const DepthwisePixel& d) {
    if (d.plan->bytes) runPieces(*d.plan, c, d.packed, *d.finish, d);
    else if (c.x.dtype == 0) depthwiseWords<true>(d);
    else depthwiseWords<false>(d);
  }
};

}  // namespace

extern const DenseKernels denseVnni = tableOf<Vnni>();

}  // namespace aivm

// Tiles: R rows of activations times V panels of weights. An instruction set's own tile sums a run of groups in 32 bits;
// here it is called so that no sum leaves 32 bits, and the results go to the finish.
#pragma once
#include "densePlan.h"

namespace aivm {
namespace {

constexpr int TILE_SUMS = 12 * 64;  // most accumulators of a tile: rows x columns
constexpr int TILE_ROWS = 16;       // most rows of a tile

// One call of a tile. acc[r][n] = init[n] + rowInit[r] + sum over segments s and groups g of row r at
// offsets[s] + 4 x g, times weights [s][g][panels][lanes][unit].
struct Tile {
  const uint8_t* const* rows;
  const int64_t* offsets;
  int64_t segments, groups;
  const uint8_t* weights;
  const int32_t* init;
  const int32_t* rowInit;  // or nullptr
  int32_t* acc;
};

// Where the sums of a tile go.
struct TileOutput {
  const Finish* finish;
  const double* factor;  // of the tile's columns
  const float* factorF;
  int64_t at, rowStride;  // element of y of the first row and column; from a row to the next
  int columns, rows;      // how many of them are wanted
};

inline void addSums(int64_t* sums, const int32_t* acc, int n) {
  for (int i = 0; i < n; i++) sums[i] += acc[i];
}

// The sums of a tile in 64 bits, at most blockGroups groups at a time in 32. t.init is not used.
template <class Isa>
void sumBlocks(bool bytes, int rows, int panels, const Tile& t, int64_t blockGroups, int64_t* sums) {
  alignas(64) static constexpr int32_t zeros[FINISH_COLUMNS] = {};
  const int64_t groupBytes = panels * Isa::LANES * 4;
  const int64_t segmentsAtOnce = most<int64_t>(1, blockGroups / t.groups), step = least(blockGroups, t.groups);
  for (int64_t s = 0; s < t.segments; s += segmentsAtOnce) {
    for (int64_t g = 0; g < t.groups; g += step) {
      int64_t offsets[TILE_SUMS];
      const int64_t segments = least(least(segmentsAtOnce, t.segments - s), static_cast<int64_t>(TILE_SUMS));
      for (int64_t i = 0; i < segments; i++) offsets[i] = t.offsets[s + i] + g * 4;
      Tile part = t;
      part.offsets = offsets, part.segments = segments, part.groups = least(step, t.groups - g);
      part.weights = t.weights + (s * t.groups + g) * groupBytes;
      part.init = zeros, part.rowInit = nullptr;
      Isa::tile(bytes, rows, panels, part);
      addSums(sums, t.acc, rows * panels * Isa::LANES);
    }
  }
}

// Runs one tile of `rows` rows (a number that Isa::pickRows gave) and finishes out.rows of them.
template <class Isa>
inline void runTile(bool bytes, int rows, int panels, Tile t, const TileOutput& out) {
  alignas(64) int32_t acc[TILE_SUMS];
  t.acc = acc;
  if (Isa::fusedTile(bytes, rows, panels, t, out)) return;
  Isa::tile(bytes, rows, panels, t);
  const int width = panels * Isa::LANES;
  Isa::finishRows(acc, width, out);
}


}  // namespace
}  // namespace aivm

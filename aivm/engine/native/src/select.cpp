// gather, scatter and rank: bound by memory and comparisons, compiled once for the baseline.
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "nest.h"

namespace aivm {
namespace {

// Words of gather: y, x, indices, outer axisSize inner count.
constexpr int kGatherX = kHeaderWords + kRefWords;
constexpr int kGatherIndices = kGatherX + kRefWords;
constexpr int kGatherSizes = kGatherIndices + kRefWords;

// Words of rank: y, x, outer size inner count largest.
constexpr int kRankX = kHeaderWords + kRefWords;
constexpr int kRankSizes = kRankX + kRefWords;

// Words of scatter: y, x, positions, updates, sizes, strides of y, positions, updates, axisSize axisStride elements
// reduction multiplier shift lo hi.
constexpr int kScatterX = kHeaderWords + kRefWords;
constexpr int kScatterPositions = kScatterX + kRefWords;
constexpr int kScatterUpdates = kScatterPositions + kRefWords;
constexpr int kScatterSizes = kScatterUpdates + kRefWords;
constexpr int kScatterStrides = kScatterSizes + kRank;
constexpr int kScatterAxis = kScatterStrides + 3 * kRank;
enum Reduction { kNone, kAdd, kMul, kMax, kMin };

// Up to this many places, keeping the best ones in order costs less than sorting the whole axis.
constexpr int64_t kFew = 16;

int32_t clampTo(int64_t value, int64_t lo, int64_t hi) {
  return static_cast<int32_t>(value < lo ? lo : value > hi ? hi : value);
}

// The `count` smallest of `size` keys, in order, at the front.
void smallestFirst(int64_t* keys, int64_t size, int64_t count) {
  if (count > kFew) return std::sort(keys, keys + size);
  int64_t best[kFew];
  int64_t kept = 0;
  for (int64_t i = 0; i < size; i++) {
    const int64_t key = keys[i];
    if (kept == count && key >= best[kept - 1]) continue;
    int64_t at = kept < count ? kept++ : kept - 1;
    for (; at > 0 && best[at - 1] > key; at--) best[at] = best[at - 1];
    best[at] = key;
  }
  memcpy(keys, best, static_cast<size_t>(count) * sizeof *keys);
}

struct Scatter {
  uint8_t* y;
  int dtype;
  int reduction;
  int32_t lo, hi;
  Requant requant;
  int64_t* sums;  // for add, one for each element
};

void applyUpdate(const Scatter& to, int64_t at, int32_t update) {
  if (to.reduction == kAdd) {
    to.sums[at] += update;
    return;
  }
  const int32_t old = loadElement(to.y, to.dtype, at);
  int32_t value = update;
  if (to.reduction == kMul)
    value = static_cast<int32_t>(requantize(static_cast<double>(old) * update, to.requant));
  else if (to.reduction == kMax) value = std::max(old, update);
  else if (to.reduction == kMin) value = std::min(old, update);
  storeElement(to.y, to.dtype, at, value);
}

void startFrom(const Scatter& to, const uint8_t* x, int dtype, int64_t elements) {
  if (to.reduction == kAdd) {
    for (int64_t i = 0; i < elements; i++) to.sums[i] = loadElement(x, dtype, i);
  } else if (to.reduction == kMul) {
    for (int64_t i = 0; i < elements; i++)
      storeElement(to.y, to.dtype, i, clampTo(loadElement(x, dtype, i), to.lo, to.hi));
  } else {
    memcpy(to.y, x, static_cast<size_t>(elements) << dtype);
  }
}

}  // namespace

void gatherKernel(const int32_t* step, const Context& context, int thread, int threads) {
  uint8_t* y = refAddress(step, kHeaderWords, context);
  const uint8_t* x = refAddress(step, kGatherX, context);
  const uint8_t* indices = refAddress(step, kGatherIndices, context);
  const int dtype = refDtype(step, kHeaderWords), indexDtype = refDtype(step, kGatherIndices);
  const int64_t outer = step[kGatherSizes], axisSize = step[kGatherSizes + 1], inner = step[kGatherSizes + 2];
  const int64_t count = step[kGatherSizes + 3];
  const size_t bytes = static_cast<size_t>(inner) << dtype;
  const int64_t end = shareStart(outer * count, thread + 1, threads);
  for (int64_t row = shareStart(outer * count, thread, threads); row < end; row++) {
    const int64_t at = clampTo(loadElement(indices, indexDtype, row % count), 0, axisSize - 1);
    const int64_t from = (row / count * axisSize + at) * inner;
    if (inner == 1) storeElement(y, dtype, row, loadElement(x, dtype, from));
    else memcpy(y + static_cast<size_t>(row) * bytes, x + (from << dtype), bytes);
  }
}

void rankKernel(const int32_t* step, const Context& context, int thread, int threads) {
  int32_t* y = reinterpret_cast<int32_t*>(refAddress(step, kHeaderWords, context));
  const uint8_t* x = refAddress(step, kRankX, context);
  const int dtype = refDtype(step, kRankX);
  const int32_t* sizes = step + kRankSizes;
  const int64_t outer = sizes[0], size = sizes[1], inner = sizes[2], count = sizes[3];
  const int64_t sign = sizes[4] == 1 ? -1 : 1;
  int64_t* keys = reinterpret_cast<int64_t*>(context.scratch);
  const int64_t end = shareStart(outer * inner, thread + 1, threads);
  for (int64_t lane = shareStart(outer * inner, thread, threads); lane < end; lane++) {
    const int64_t row = lane / inner, column = lane % inner;
    const int64_t from = row * size * inner + column;
    // Value and index in one key: no ties.
    for (int64_t i = 0; i < size; i++)
      keys[i] = sign * loadElement(x, dtype, from + i * inner) * (int64_t{1} << 31) + i;
    smallestFirst(keys, size, count);
    for (int64_t place = 0; place < count; place++)
      y[(row * count + place) * inner + column] = static_cast<int32_t>(keys[place] & 0x7fffffff);
  }
}

void scatterKernel(const int32_t* step, const Context& context, int thread, int) {
  if (thread != 0) return;
  const uint8_t* x = refAddress(step, kScatterX, context);
  const uint8_t* positions = refAddress(step, kScatterPositions, context);
  const uint8_t* updates = refAddress(step, kScatterUpdates, context);
  const int positionDtype = refDtype(step, kScatterPositions), updateDtype = refDtype(step, kScatterUpdates);
  const int32_t* words = step + kScatterAxis;
  const int64_t axisSize = words[0], axisStride = words[1], elements = words[2];
  const Scatter to = {refAddress(step, kHeaderWords, context), refDtype(step, kHeaderWords), words[3], words[6],
                      words[7], requantOf(words[4], words[5], 0, words[6], words[7]),
                      reinterpret_cast<int64_t*>(context.scratch)};
  startFrom(to, x, refDtype(step, kScatterX), elements);
  const Nest nest = nestAt(step, kScatterSizes, kScatterStrides, 3);
  const int last = nest.rank - 1;
  eachRow<3>(nest, 0, 1, [&](const int64_t* at, int64_t from, int64_t end) {
    for (int64_t i = from; i < end; i++) {
      const int64_t position = loadElement(positions, positionDtype, at[1] + i * nest.strides[1][last]);
      if (position < 0 || position >= axisSize) continue;
      const int64_t element = at[0] + i * nest.strides[0][last] + position * axisStride;
      applyUpdate(to, element, loadElement(updates, updateDtype, at[2] + i * nest.strides[2][last]));
    }
  });
  for (int64_t i = 0; i < elements && to.reduction == kAdd; i++)
    storeElement(to.y, to.dtype, i, clampTo(to.sums[i], to.lo, to.hi));
}

size_t plainScratchBytes(const int32_t* step) {
  if (step[0] == kRanking) return static_cast<size_t>(step[kRankSizes + 1]) * sizeof(int64_t);
  if (step[0] == kScatter && step[kScatterAxis + 3] == kAdd)
    return static_cast<size_t>(step[kScatterAxis + 2]) * sizeof(int64_t);
  return 0;
}

}  // namespace aivm

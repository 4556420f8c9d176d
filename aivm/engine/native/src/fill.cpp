// fill: one value along a nest. random: Philox-4x32-10, four elements from each block. And the level's table of kernels.
#include "kernels.h"
#include "level.h"
#include "nest.h"

namespace aivm {
namespace AIVM_LEVEL {
namespace {

// Words of fill: y, sizes, strides of y, value.
constexpr int kSizes = kHeaderWords + kRefWords;
constexpr int kStrides = kSizes + kRank;
constexpr int kValue = kStrides + kRank;

template <typename T>
void fillNest(const Nest& nest, T* y, T value, int thread, int threads) {
  const int64_t stride = nest.strides[0][nest.rank - 1];
  eachRow<1>(nest, thread, threads, [&](const int64_t* at, int64_t from, int64_t to) {
    T* row = y + at[0];
    if (stride == 1) {
      for (int64_t i = from; i < to; i++) row[i] = value;
    } else {
      for (int64_t i = from; i < to; i++) row[i * stride] = value;
    }
  });
}

// Words of random: y, seed, count, stream.
constexpr int kSeed = kHeaderWords + kRefWords;
constexpr int kCount = kSeed + kRefWords;
constexpr int kLanes = 16;
constexpr uint32_t kMultiplier0 = 0xd2511f53u, kMultiplier1 = 0xcd9e8d57u;
constexpr uint32_t kWeyl0 = 0x9e3779b9u, kWeyl1 = 0xbb67ae85u;

// kLanes blocks from block `first` on: words[w][lane] is word w of block first + lane.
void philox(uint32_t first, uint32_t stream, const uint32_t* seed, uint32_t words[4][kLanes]) {
  for (int lane = 0; lane < kLanes; lane++) {
    words[0][lane] = first + static_cast<uint32_t>(lane);
    words[1][lane] = stream;
    words[2][lane] = seed[2];
    words[3][lane] = seed[3];
  }
  uint32_t key0 = seed[0], key1 = seed[1];
  for (int round = 0; round < 10; round++, key0 += kWeyl0, key1 += kWeyl1) {
    for (int lane = 0; lane < kLanes; lane++) {
      const uint64_t left = static_cast<uint64_t>(kMultiplier0) * words[0][lane];
      const uint64_t right = static_cast<uint64_t>(kMultiplier1) * words[2][lane];
      words[0][lane] = static_cast<uint32_t>(right >> 32) ^ words[1][lane] ^ key0;
      words[1][lane] = static_cast<uint32_t>(right);
      words[2][lane] = static_cast<uint32_t>(left >> 32) ^ words[3][lane] ^ key1;
      words[3][lane] = static_cast<uint32_t>(left);
    }
  }
}

}  // namespace

void fillKernel(const int32_t* step, const Context& context, int thread, int threads) {
  const Nest nest = nestAt(step, kSizes, kStrides, 1);
  uint8_t* y = refAddress(step, kHeaderWords, context);
  const int dtype = refDtype(step, kHeaderWords);
  const int32_t value = step[kValue];
  if (dtype == kI8) fillNest(nest, reinterpret_cast<int8_t*>(y), static_cast<int8_t>(value), thread, threads);
  else if (dtype == kI16) fillNest(nest, reinterpret_cast<int16_t*>(y), static_cast<int16_t>(value), thread, threads);
  else fillNest(nest, reinterpret_cast<int32_t*>(y), value, thread, threads);
}

void randomKernel(const int32_t* step, const Context& context, int thread, int threads) {
  uint8_t* y = refAddress(step, kHeaderWords, context);
  const int dtype = refDtype(step, kHeaderWords);
  const uint32_t* seed = reinterpret_cast<const uint32_t*>(refAddress(step, kSeed, context));
  const int64_t count = step[kCount];
  const uint32_t stream = static_cast<uint32_t>(step[kCount + 1]);
  const int down = dtype == kI16 ? 16 : 0;
  const int64_t groups = (count + 4 * kLanes - 1) / (4 * kLanes);
  const int64_t end = shareStart(groups, thread + 1, threads);
  alignas(64) uint32_t words[4][kLanes];
  for (int64_t group = shareStart(groups, thread, threads); group < end; group++) {
    philox(static_cast<uint32_t>(group * kLanes), stream, seed, words);
    const int64_t first = group * 4 * kLanes;
    for (int i = 0; i < 4 * kLanes && first + i < count; i++)
      storeElement(y, dtype, first + i, static_cast<int32_t>(words[i & 3][i >> 2]) >> down);
  }
}

extern const PlainKernels plainKernels = {mapKernel, fillKernel, reduceKernel, poolKernel, randomKernel};

}  // namespace AIVM_LEVEL
}  // namespace aivm
